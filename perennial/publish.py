"""Publish a whole build: copy its marts, let the copy take the file's place.

Nothing that readers see is touched before the copy is complete, checked and on
the disk; then one rename puts it there. Stopped at any point, the published
file is one whole build, and the next publish needs no help.
"""

import datetime
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from perennial import durable, kept
from perennial.audits import (
    ONE_SECOND,
    Accepted,
    Audit,
    Words,
    find_incomplete,
)
from perennial.causes import cause_of
from perennial.places import Places
from perennial.publishing import (
    Say,
    UnfitError,
    audit_aloud,
    check_tables,
    moment_of_publishing,
    not_published,
    note_of_kept,
    say_published,
)
from perennial.sides import FileSide
from perennial.warehouse import (
    Build,
    WarehouseError,
    attach,
    columns_of,
    drop_log,
    engine,
    find_table,
    first_line,
    identifier,
    is_damaged,
    quoted,
)

# Older clients than the one that writes can read it.
STORAGE_VERSION = "v1.4.0"


def publish_build(
    places: Places,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None = None,
    before_replace: Callable[[], None] = lambda: None,
) -> Build:
    """Publish the build of the work file; the lock is held.

    Args:
        places: the files.
        tables: the marts that are public.
        accepted: the audits that are overruled.
        say: told what a person should know.
        since: the build must have begun by then.
        before_replace: called once, before the published file is replaced.

    Returns:
        The build that is published now.

    Raises:
        PublishError: it was not published; the published file is as it was.
    """
    try:
        with _plain_errors(places):
            prepared = _prepare(places, tables, accepted, say, since)
            before_replace()
            if prepared.is_new:
                durable.replace(places.new, places.published)
    finally:
        durable.remove_quietly(places.new, durable.wal_of(places.new))
        shutil.rmtree(places.spill, ignore_errors=True)
    _finish(places, prepared, say)
    return prepared.build


@dataclass(frozen=True)
class _Prepared:
    """The build to publish; unless it is new, it is published already."""

    build: Build
    is_new: bool
    is_history_apart: bool


def _prepare(
    places: Places,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None,
) -> _Prepared:
    """Have the new file on the disk, and beside it what is kept."""
    durable.remove(places.new)
    durable.remove(durable.wal_of(places.new))
    durable.remove(durable.temporary_of(places.new))
    shutil.rmtree(places.spill, ignore_errors=True)
    with engine(places.spill) as connection:
        attached = _attach(connection, places, since)
        work, published = attached.work.build, attached.published
        is_apart = attached.is_history_apart
        if published and published.build_id == work.build_id:
            return _Prepared(published, False, is_apart)
        for note in attached.notes:
            say(f"note: {note}")
        found = _audit(connection, places, attached, accepted, say)
        with durable.private():
            _write_copy(connection, places.new, tables, say)
            _mark(connection, attached.compared and attached.compared.build, found)
            _close(connection, places)
        if is_apart:
            connection.execute("detach history")
            kept.copy_history(connection, places, work)
    if is_apart:
        copy = places.kept / f"{kept.name_of(work)}{kept.HISTORY}.duckdb"
        _explain(places.new, copy, work)
    if published:
        kept.keep_present(places, published)
    return _Prepared(work, True, is_apart)


def _finish(places: Places, prepared: _Prepared, say: Say) -> None:
    """Do what follows the replace: nothing of it can undo it, so it only warns.

    The reason of a restatement goes into the history here and not before: a
    publish that fails must not leave it there for a build that nobody sees.
    Publishing the same build again writes it where this did not come to it.
    """
    build = prepared.build
    warnings = []
    try:
        durable.sync(places.published.parent)
    except OSError as error:
        warnings.append(
            f"the disk may not keep it if the power fails now: {error.strerror}; "
            "publish again"
        )
    if prepared.is_history_apart:
        try:
            _explain(places.published, places.history, build)
        except (OSError, duckdb.Error, WarehouseError) as error:
            warnings.append(
                f"the reason is not in the history: {first_line(error)}; publish again"
            )
    if prepared.is_new:
        try:
            warnings += kept.prune(places, build, int(build.number("keep_builds")))
        except (OSError, WarehouseError) as error:
            warnings.append(f"no older build was deleted: {first_line(error)}")
    say_published(build, prepared.is_new, f" in {places.shown}", warnings, say)


@dataclass(frozen=True)
class _Attached:
    """The builds of the attached files, and what is to be said of these."""

    work: FileSide
    published: Build | None
    # What is published, or the newest kept build where nothing is.
    compared: FileSide | None
    is_history_apart: bool
    notes: list[str]


def _attach(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    since: datetime.datetime | None,
) -> _Attached:
    """Attach all files: `work`, `published` or a kept one as that, `history`."""
    attach(
        connection,
        places.work,
        "work",
        what="the work file",
        remedy="run dbt build, or set PERENNIAL_WORK_FILE to where it is",
    )
    work = FileSide(connection, "work", "the work file")
    incomplete = find_incomplete(work, since)
    if incomplete or work.build is None:
        raise UnfitError(incomplete)
    notes: list[str] = []
    published = compared = None
    if places.published.exists():
        compared = _attach_published(connection, places)
        published = compared.build
    else:
        compared = _attach_newest_kept(connection, places, work.build, notes)
    has_history = places.history.exists()
    if has_history:
        attach(
            connection,
            places.history,
            "history",
            what="the history file",
            remedy=f"{_remedy_of_lost_history(places)}, and build again",
        )
    elif find_table(connection, "work", "snap_builds"):
        notes.append(
            "the history stands in the work file: no copy of it is kept, and no "
            "reason of a restatement is written to it"
        )
    return _Attached(work, published, compared, has_history, notes)


def _attach_newest_kept(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    work: Build,
    notes: list[str],
) -> FileSide | None:
    """Attach as `published` the newest kept build of the input, if there is one.

    A published file that was moved away must not make the audits silent.
    """
    for one in kept.list_kept(places).builds:
        if one.build.input_name == work.input_name:
            attach(
                connection,
                one.path,
                "published",
                what="the kept file",
                remedy="move it",
            )
            notes.append(note_of_kept(one.build, "published file"))
            return FileSide(connection, "published", "the published file")
    return None


def _attach_published(
    connection: duckdb.DuckDBPyConnection, places: Places
) -> FileSide:
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
    published = FileSide(connection, "published", "the published file")
    if published.build is None:
        raise UnfitError(
            f"the published file {places.published} holds no marts.build_info; {remedy}"
        )
    return published


def _audit(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    attached: _Attached,
    accepted: Accepted,
    say: Say,
) -> Audit:
    history = attached.work
    if attached.is_history_apart:
        history = FileSide(connection, "history", "the history file")
    remedy = f"{_remedy_of_lost_history(places)} and build again"
    words = Words(remedy_of_lost_history=remedy)
    return audit_aloud(
        *(attached.work, attached.compared, history, accepted, words), say
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
    check_tables(built, tables, "the work file", say)
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
            raise UnfitError(
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
    connection: duckdb.DuckDBPyConnection, compared: Build | None, found: Audit
) -> None:
    """Say in the new file when it was published and what was accepted."""
    connection.execute(
        "update new.marts.build_info set published_at = ?, accepted_audits = ?",
        [moment_of_publishing(), found.accepted],
    )
    if found.reason and compared:
        connection.execute(
            """
            update new.marts.rpt_restatements
            set reason = ?
            where reason is null and restated_at >= ?
            """,
            [found.reason, compared.started_at + ONE_SECOND],
        )


def _close(connection: duckdb.DuckDBPyConnection, places: Places) -> None:
    """Have the new file complete, without a log, and on the disk."""
    connection.execute("checkpoint new")
    connection.execute("detach new")
    if durable.wal_of(places.new).exists():
        raise UnfitError(
            f"{places.new} was not closed to its end; make room and publish again"
        )
    mode = 0o644
    if places.published.exists():
        # Who has narrowed down its readers meant it.
        mode = places.published.stat().st_mode & 0o777
    places.new.chmod(mode)
    durable.sync(places.new)


def _explain(source: Path, history: Path, build: Build) -> None:
    """Write the reasons of a file's restatements to a history, or its copy.

    Later builds tell of them from there. A history that knows them is not
    touched.
    """
    with engine(source.parent) as connection:
        for path, alias, what in (
            (source, "published", "the published file"),
            (history, "history", "the history file"),
        ):
            attach(connection, path, alias, what=what, remedy="publish again")
        if not (table := find_table(connection, "history", "snap_closed_months")):
            return
        needed = {"restated_month", "metric_name", "restated_at", "reason"}
        if not needed <= columns_of(connection, "published", "rpt_restatements"):
            return
        unexplained = f"""
            from published.marts.rpt_restatements as restated
            where
                restated.reason is not null
                and restated.restated_month = told.told_month
                and restated.metric_name = told.metric_name
                and restated.restated_at = told.told_at
                and told.reason = ''
                and told.input_name = {quoted(build.input_name or "")}
                and told.policy_key = {quoted(build.policy_key or "")}
            """
        count = connection.execute(
            f"select count(*) from {table} as told"
            f" where exists (select 1 {unexplained})"
        ).fetchone()
        if not count or not count[0]:
            return
        connection.execute("detach history")
        attach(
            connection,
            history,
            "history",
            what="the history file",
            remedy="publish again",
            options="read_write",
        )
        connection.execute(
            f"update {table} as told set reason = restated.reason {unexplained}"
        )
        connection.execute("checkpoint history")


@contextmanager
def _plain_errors(places: Places) -> Iterator[None]:
    """Say what stopped a publish in words, and that nothing is lost.

    Only what comes before the replace, and the replace itself, belongs here.
    """
    try:
        yield
    except (UnfitError, WarehouseError, kept.KeptError) as error:
        raise not_published(_as_it_was(places), error) from error
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        why = (
            f"{error.strerror}{where}; let {places.published.parent} be written, and "
            "make room there"
        )
        raise not_published(_as_it_was(places), why) from error
    except duckdb.Error as error:
        why = (
            cause_of(error, places.published.parent)
            or _find_damage(error, places)
            or f"{first_line(error)}; {_remedy(error, places)}"
        )
        raise not_published(_as_it_was(places), why) from error


def _find_damage(error: duckdb.Error, places: Places) -> str | None:
    """Which file is damaged, where DuckDB says only that one of them is."""
    if "checksum" not in str(error).lower():
        return None
    for path, what, remedy in (
        (places.work, "the work file", "delete it and run dbt build"),
        (
            places.published,
            "the published file",
            "move it away; then publish again, or go back with perennial rollback",
        ),
        (places.history, "the history file", _remedy_of_lost_history(places)),
    ):
        if path.exists() and is_damaged(path):
            return f"{what} {path} is damaged: a block is not as written; {remedy}"
    return None


def _remedy(error: duckdb.Error, places: Places) -> str:
    # A full disk may show at a commit only, as an error of the transaction.
    if "could not write" in str(error).lower() or isinstance(error, duckdb.IOException):
        return f"make room in {places.published.parent} and let it be written"
    return "run dbt build again"


def _as_it_was(places: Places) -> str:
    if places.published.exists():
        return "the published file is as it was"
    return "there is no published file yet"


def _remedy_of_lost_history(places: Places) -> str:
    copy = kept.newest_history_copy(places)
    if copy is None:
        return f"bring back {places.history} from a backup"
    return f"copy {copy} to {places.history}"
