"""Publish a whole build: copy its marts, let the copy take the file's place.

Nothing that readers see is touched before the copy is complete, checked and on
the disk; then one rename puts it there. Stopped at any point, the published
file is one whole build, and the next publish needs no help.
"""

import datetime
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from perennial import durable, kept
from perennial.audits import (
    ONE_SECOND,
    Accepted,
    Audit,
    audit,
    find_incomplete,
    in_words,
)
from perennial.causes import cause_of
from perennial.places import Places
from perennial.warehouse import (
    Build,
    WarehouseError,
    attach,
    drop_log,
    engine,
    find_table,
    first_line,
    identifier,
    quoted,
    read_build,
)

# Older clients than the one that writes can read it.
STORAGE_VERSION = "v1.4.0"
Say = Callable[[str], None]


class PublishError(Exception):
    """Why nothing was published, in words that say what to do."""


def public_tables(project: Path) -> list[str]:
    """The marts of the project: the models below models/marts.

    Raises:
        PublishError: there are none, so this is not the project's folder.
    """
    folders = (project, project / "dbt_packages" / "perennial")
    tables = {
        path.stem
        for folder in folders
        for path in (folder / "models" / "marts").rglob("*")
        if path.suffix in (".sql", ".py")
    }
    if not tables:
        raise PublishError(
            f"there is no models/marts in {project.resolve()}, and it says what is "
            "public; go to the folder of the project"
        )
    return sorted(tables)


def publish_build(
    places: Places,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None = None,
) -> Build:
    """Publish the build of the work file; the lock is held.

    Args:
        places: the files.
        tables: the marts that are public.
        accepted: the audits that are overruled.
        say: told what a person should know.
        since: the build must have begun by then.

    Returns:
        The build that is published now.

    Raises:
        PublishError: it was not published; the published file is as it was.
    """
    try:
        with _plain_errors(places):
            return _publish(places, tables, accepted, say, since)
    finally:
        durable.remove_quietly(places.new, durable.wal_of(places.new))
        shutil.rmtree(places.spill, ignore_errors=True)


def _publish(
    places: Places,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None,
) -> Build:
    durable.remove(places.new)
    durable.remove(durable.wal_of(places.new))
    durable.remove(durable.temporary_of(places.new))
    shutil.rmtree(places.spill, ignore_errors=True)
    with engine(places.spill) as connection:
        work, published, is_history_apart = _attach(connection, places, since)
        if published and published.build_id == work.build_id:
            durable.sync(places.published.parent)
            say(f"already published: {_named(work, places)}")
            return published
        found = _audit(connection, places, work, published, accepted, is_history_apart)
        for note in found.notes:
            say(f"note: {note}")
        if found.stopping:
            raise PublishError(
                f"not published, and {_as_it_was(places)}:\n{in_words(found.stopping)}"
            )
        for finding in found.findings:
            say(f"accepted: {finding.summary}")
        _write_copy(connection, places.new, tables, say)
        _mark(connection, work, published, found, accepted)
        _close(connection, places)
        if is_history_apart:
            connection.execute("detach history")
            _explain(places, work, published, accepted)
            kept.copy_history(connection, places, work)
    if published:
        kept.keep_present(places, published)
    durable.take_place(places.new, places.published)
    say(f"published: {_named(work, places)}")
    for failure in kept.prune(places, work, int(work.number("keep_builds"))):
        say(f"warning: {failure}")
    return work


def _attach(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    since: datetime.datetime | None,
) -> tuple[Build, Build | None, bool]:
    """Attach all files; the builds, and whether the history has its own file."""
    attach(
        connection,
        places.work,
        "work",
        what="the work file",
        remedy="run dbt build, or set PERENNIAL_WORK_FILE to where it is",
    )
    work = read_build(connection, "work")
    incomplete = find_incomplete(connection, work, since)
    if incomplete or work is None:
        raise PublishError(f"not published, and {_as_it_was(places)}: {incomplete}")
    published = None
    if places.published.exists():
        published = _attach_published(connection, places)
    has_history = places.history.exists()
    if has_history:
        attach(
            connection,
            places.history,
            "history",
            what="the history file",
            remedy=f"{_remedy_of_lost_history(places)}, and build again",
        )
    return work, published, has_history


def _attach_published(connection: duckdb.DuckDBPyConnection, places: Places) -> Build:
    remedy = (
        "it is not what perennial has published: move it away, or name another "
        "with PERENNIAL_PUBLISHED_FILE"
    )
    drop_log(places.published, "the published file", remedy)
    attach(
        connection,
        places.published,
        "published",
        what="the published file",
        remedy=remedy,
    )
    build = read_build(connection, "published")
    if build is None:
        raise PublishError(
            f"the published file {places.published} holds no marts.build_info; {remedy}"
        )
    return build


def _audit(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    work: Build,
    published: Build | None,
    accepted: Accepted,
    is_history_apart: bool,
) -> Audit:
    return audit(
        connection,
        work,
        published,
        accepted,
        history="history" if is_history_apart else "work",
        remedy_of_lost_history=_remedy_of_lost_history(places),
    )


def _write_copy(
    connection: duckdb.DuckDBPyConnection, new: Path, tables: list[str], say: Say
) -> None:
    """Write the public tables with their comments, and count their rows again."""
    built = {
        name
        for (name,) in connection.execute(
            """
            select table_name
            from information_schema.tables
            where table_catalog = 'work' and table_schema = 'marts'
            """
        ).fetchall()
    }
    if missing := sorted(set(tables) - built):
        raise PublishError(
            f"the work file lacks {_names(missing)}: it was built by another version "
            "of the project; run dbt build"
        )
    if leftover := sorted(built - set(tables)):
        say(f"note: left out, since no model is called so: {_names(leftover)}")
    connection.execute(
        f"attach {quoted(str(new))} as new (storage_version '{STORAGE_VERSION}')"
    )
    connection.execute("create schema new.marts")
    for table in tables:
        name = f"marts.{identifier(table)}"
        connection.execute(f"create table new.{name} as select * from work.{name}")
        _copy_comments(connection, table)
        counts = connection.execute(
            f"""
            select
                (select count(*) from work.{name}),
                (select count(*) from new.{name})
            """
        ).fetchone()
        if counts is None or counts[0] != counts[1]:
            raise PublishError(
                f"marts.{table} has {counts} rows in the work file and its copy; "
                "run dbt build again"
            )


def _copy_comments(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    for (comment,) in connection.execute(
        """
        select comment
        from duckdb_tables()
        where database_name = 'work' and schema_name = 'marts' and table_name = ?
        """,
        [table],
    ).fetchall():
        if comment:
            connection.execute(
                f"comment on table new.marts.{identifier(table)} is {quoted(comment)}"
            )
    for column, comment in connection.execute(
        """
        select column_name, comment
        from duckdb_columns()
        where database_name = 'work' and schema_name = 'marts' and table_name = ?
        """,
        [table],
    ).fetchall():
        if comment:
            connection.execute(
                f"comment on column new.marts.{identifier(table)}"
                f".{identifier(column)} is {quoted(comment)}"
            )


def _mark(
    connection: duckdb.DuckDBPyConnection,
    work: Build,
    published: Build | None,
    found: Audit,
    accepted: Accepted,
) -> None:
    """Say in the new file when it was published and what was accepted."""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
    connection.execute(
        "update new.marts.build_info set published_at = ?, accepted_audits = ?",
        [now, found.accepted],
    )
    if accepted.restatement and published:
        connection.execute(
            """
            update new.marts.rpt_restatements
            set reason = ?
            where reason is null and restated_at >= ?
            """,
            [accepted.restatement, published.started_at + ONE_SECOND],
        )


def _close(connection: duckdb.DuckDBPyConnection, places: Places) -> None:
    """Have the new file complete, without a log, and on the disk."""
    connection.execute("checkpoint new")
    connection.execute("detach new")
    if durable.wal_of(places.new).exists():
        raise PublishError(
            f"{places.new} was not closed to its end; make room and publish again"
        )
    mode = 0o644
    if places.published.exists():
        # Who has narrowed down its readers meant it.
        mode = places.published.stat().st_mode & 0o777
    places.new.chmod(mode)
    durable.sync(places.new)


def _explain(
    places: Places, work: Build, published: Build | None, accepted: Accepted
) -> None:
    """Write the reason of a restatement to the history, for later builds."""
    if not (accepted.restatement and published):
        return
    with engine(places.history.parent) as connection:
        attach(
            connection,
            places.history,
            "history",
            what="the history file",
            remedy=_remedy_of_lost_history(places),
            options="read_write",
        )
        table = find_table(connection, "history", "snap_closed_months")
        if table:
            connection.execute(
                f"""
                update {table}
                set reason = ?
                where
                    reason = ''
                    and input_name = ?
                    and policy_key = ?
                    and told_at >= ?
                """,
                [
                    accepted.restatement,
                    work.input_name,
                    work.policy_key,
                    published.started_at + ONE_SECOND,
                ],
            )
        connection.execute("checkpoint history")


@contextmanager
def _plain_errors(places: Places) -> Iterator[None]:
    """Say what stopped a publish in words, and that nothing is lost."""
    try:
        yield
    except (WarehouseError, kept.KeptError) as error:
        raise PublishError(
            f"not published, and {_as_it_was(places)}: {error}"
        ) from error
    except OSError as error:
        raise PublishError(
            f"not published, and {_as_it_was(places)}: {error.strerror}: "
            f"{error.filename}; let {places.published.parent} be written, and make "
            "room there"
        ) from error
    except duckdb.Error as error:
        why = cause_of(error, places.published.parent)
        raise PublishError(
            f"not published, and {_as_it_was(places)}: "
            f"{why or f'{first_line(error)}; {_remedy(error, places)}'}"
        ) from error


def _remedy(error: duckdb.Error, places: Places) -> str:
    # A full disk may show at a commit only, as an error of the transaction.
    if "could not write" in str(error).lower() or isinstance(error, duckdb.IOException):
        return f"make room in {places.published.parent} and let it be written"
    return "run dbt build again"


def _as_it_was(places: Places) -> str:
    if places.published.exists():
        return "the published file is as it was"
    return "there is no published file yet"


def _named(build: Build, places: Places) -> str:
    return f"build {build.build_id[:8]} of {build.as_of_date} in {places.shown}"


def _remedy_of_lost_history(places: Places) -> str:
    copy = kept.newest_history_copy(places)
    if copy is None:
        return f"bring back {places.history} from a backup"
    return f"copy {copy} to {places.history}"


def _names(tables: list[str]) -> str:
    return ", ".join(f"marts.{table}" for table in tables)
