"""Publish a whole build on PostgreSQL: copy its marts, swap them in, or nothing.

All of it is one transaction. Stopped at any point, nothing of it has happened:
there is nothing to clean up, and what is published is one whole build.
"""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from perennial.audits import (
    ONE_SECOND,
    Accepted,
    Audit,
    find_incomplete,
)
from perennial.engines import EngineError
from perennial.postgres.connection import connected, said
from perennial.postgres.kept import left_behind, list_kept, prune
from perennial.postgres.rights import check_reader
from perennial.postgres.sides import Schemas, SchemaSide
from perennial.postgres.swap import swap
from perennial.publishing import (
    PUBLISHED,
    WORDS_OF_SERVERS,
    PublishError,
    Say,
    UnfitError,
    audit_aloud,
    check_tables,
    moment_of_publishing,
    not_published,
    note_of_kept,
    say_published,
)
from perennial.warehouse import Build, WarehouseError, identifier

# A run of dbt that begins now writes its first row after the publish.
WAIT_FOR_DBT = "10s"
TIMEOUTS = ("idle_session_timeout", "statement_timeout", "transaction_timeout")


@contextmanager
def locked(schemas: Schemas) -> Iterator[Any]:
    """A connection that holds the lock of what is published.

    Raises:
        EngineError: another process holds it; PostgreSQL cannot be reached, or
            could not do what it was asked.
    """
    with connected(schemas.target) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "select pg_try_advisory_lock(hashtextextended(%s, 0))",
                [_lock_name(schemas)],
            )
            if not cursor.fetchone()[0]:
                raise EngineError(
                    "another perennial is building or publishing "
                    f"{_shown(schemas)}; wait until it is done, or stop it"
                )
            # The lock is of the session, and idle while dbt builds.
            cursor.execute(
                "select set_config(name, '0', false) from pg_settings"
                " where name = any(%s)",
                [list(TIMEOUTS)],
            )
        yield connection


def publish_build(
    connection: Any,
    schemas: Schemas,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None = None,
    before_swap: Callable[[], None] = lambda: None,
) -> Build:
    """Publish the build that dbt left.

    Args:
        connection: of `locked`.
        schemas: where everything stands.
        tables: the marts that are public.
        accepted: the audits that are overruled.
        say: told what a person should know.
        since: the build must have begun by then.
        before_swap: called once, before what is published is replaced.

    Returns:
        The build that is published now.

    Raises:
        PublishError: it was not published; what is published is as it was.
    """
    with _plain_errors(), _interruptible():
        _check_runs(connection, schemas)
        connection.set_session(isolation_level="REPEATABLE READ")
        with connection.cursor() as cursor:
            _hold_off_dbt(cursor, schemas)
            build, is_new = _prepare(cursor, schemas, tables, accepted, say, since)
            before_swap()
        _commit(connection, build)
    warnings = _finish(connection, schemas, build)
    say_published(build, is_new, f" in {_shown(schemas)}", warnings, say)
    return build


def _check_runs(connection: Any, schemas: Schemas) -> None:
    """Stop where dbt has never built: there is no table to hold."""
    with connection, connection.cursor() as cursor:
        if reason := find_incomplete(_work(cursor, schemas)):
            raise UnfitError(reason)


def _work(cursor: Any, schemas: Schemas) -> SchemaSide:
    target = schemas.target
    name = f"the target {target.name}"
    return SchemaSide(cursor, name, target.schema_of("marts"), target)


def _hold_off_dbt(cursor: Any, schemas: Schemas) -> None:
    """Let no run of dbt begin while tables are copied: it begins with its row.

    The lock comes first: what is read afterwards is from after it.
    """
    from psycopg2.errors import LockNotAvailable

    schema = identifier(schemas.target.schema_of("utilities"))
    cursor.execute("set local lock_timeout = %s", [WAIT_FOR_DBT])
    try:
        cursor.execute(f"lock table {schema}.dbt_runs in share row exclusive mode")
    except LockNotAvailable as error:
        raise EngineError(
            f"another process holds {schema}.dbt_runs; wait until it is done"
        ) from error
    cursor.execute("set local lock_timeout = 0")


def _prepare(
    cursor: Any,
    schemas: Schemas,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None,
) -> tuple[Build, bool]:
    """Have the build published but for the commit; whether it is a new one."""
    work = _work(cursor, schemas)
    if incomplete := find_incomplete(work, since):
        raise UnfitError(incomplete)
    published = _find_published(cursor, schemas)
    check_reader(cursor, schemas, work.schema_of_inputs)
    if published and published.build.build_id == work.build.build_id:
        return published.build, False
    compared = published or _find_newest_kept(cursor, schemas, work, say)
    found = audit_aloud(work, compared, work, accepted, WORDS_OF_SERVERS, say)
    _write_copy(cursor, work, schemas, tables, say)
    _mark(cursor, schemas, compared and compared.build, found)
    _explain(cursor, work, schemas)
    swap(cursor, schemas, published and published.build, schemas.new)
    return work.build, True


def _find_published(cursor: Any, schemas: Schemas) -> SchemaSide | None:
    cursor.execute("select to_regnamespace(%s)", [identifier(schemas.public)])
    if not cursor.fetchone()[0]:
        return None
    published = SchemaSide(cursor, PUBLISHED, schemas.public)
    if published.build is None:
        raise EngineError(
            f"the schema {schemas.public} holds no build_info: it is not what "
            "perennial has published; rename it, or name another with "
            "PERENNIAL_PUBLIC_SCHEMA"
        )
    return published


def _find_newest_kept(
    cursor: Any, schemas: Schemas, work: SchemaSide, say: Say
) -> SchemaSide | None:
    """Where the public schema was dropped, the audits must not be silent."""
    for one in list_kept(cursor, schemas).builds:
        if one.build.input_name == work.build.input_name:
            say(f"note: {note_of_kept(one.build, 'published build')}")
            return SchemaSide(cursor, PUBLISHED, one.schema)
    return None


def _write_copy(
    cursor: Any, work: SchemaSide, schemas: Schemas, tables: list[str], say: Say
) -> None:
    """Write the public tables with their comments, and count their rows again."""
    source = schemas.target.schema_of("marts")
    cursor.execute(
        "select relname from pg_class"
        " where relnamespace = to_regnamespace(%s) and relkind in ('r', 'v', 'm', 'p')",
        [identifier(source)],
    )
    built = {name for (name,) in cursor.fetchall()}
    check_tables(built, tables, work.name, say)
    cursor.execute(f"create schema {identifier(schemas.new)}")
    for table in tables:
        old, new = (
            f"{identifier(schema)}.{identifier(table)}"
            for schema in (source, schemas.new)
        )
        cursor.execute(f"create table {new} as select * from {old}")
        _copy_comments(cursor, old, new)
        # Nobody has gathered what a plan for the first readers rests on.
        cursor.execute(f"analyze {new}")
        cursor.execute(
            f"select (select count(*) from {old}), (select count(*) from {new})"
        )
        counts = cursor.fetchone()
        if counts[0] != counts[1]:
            raise UnfitError(
                f"{old} has {counts[0]:,} rows and its copy {counts[1]:,}; "
                "run dbt build again"
            )


def _copy_comments(cursor: Any, old: str, new: str) -> None:
    cursor.execute("select obj_description(to_regclass(%s), 'pg_class')", [old])
    if comment := cursor.fetchone()[0]:
        cursor.execute(f"comment on table {new} is %s", [comment])
    cursor.execute(
        """
        select attname, col_description(attrelid, attnum)
        from pg_attribute
        where
            attrelid = to_regclass(%s)
            and attnum > 0
            and col_description(attrelid, attnum) is not null
        """,
        [old],
    )
    for column, comment in cursor.fetchall():
        cursor.execute(f"comment on column {new}.{identifier(column)} is %s", [comment])


def _mark(cursor: Any, schemas: Schemas, compared: Build | None, found: Audit) -> None:
    """Say in the new schema when it was published and what was accepted."""
    new = identifier(schemas.new)
    cursor.execute(
        f"update {new}.build_info set published_at = %s, accepted_audits = %s",
        [moment_of_publishing(), found.accepted],
    )
    if found.reason and compared:
        cursor.execute(
            f"""
            update {new}.rpt_restatements
            set reason = %s
            where reason is null and restated_at >= %s
            """,
            [found.reason, compared.started_at + ONE_SECOND],
        )


def _explain(cursor: Any, work: SchemaSide, schemas: Schemas) -> None:
    """Write the reasons of the restatements to the history, for later builds."""
    table = work.find_snapshot("snap_closed_months")
    needed = {"restated_month", "metric_name", "restated_at", "reason"}
    if not table or not needed <= work.columns_of("rpt_restatements"):
        return
    cursor.execute(
        f"""
        update {table} as told
        set reason = restated.reason
        from {identifier(schemas.new)}.rpt_restatements as restated
        where
            restated.reason is not null
            and restated.restated_month = told.told_month
            and restated.metric_name = told.metric_name
            and restated.restated_at = told.told_at
            and told.reason = ''
            and told.input_name = %s
            and told.policy_key = %s
        """,
        [work.build.input_name, work.build.policy_key],
    )


def _commit(connection: Any, build: Build) -> None:
    import psycopg2

    try:
        connection.commit()
    except psycopg2.OperationalError as error:
        raise PublishError(
            "the connection was lost at the last step, and build "
            f"{build.build_id[:8]} is published or is not, as a whole; perennial "
            "publish says which"
        ) from error


def _finish(connection: Any, schemas: Schemas, build: Build) -> Iterator[str]:
    """Delete what is kept no longer: nothing of it can undo the publish."""
    import psycopg2

    try:
        yield from left_behind(connection, schemas)
        yield from prune(connection, schemas, build)
    except (psycopg2.Error, WarehouseError) as error:
        yield f"no older build was deleted: {said(error)}"


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say what stopped a publish in words, and that nothing is lost."""
    import psycopg2

    try:
        yield
    except (UnfitError, EngineError, WarehouseError) as error:
        raise not_published(f"{PUBLISHED} is as it was", error) from error
    except psycopg2.Error as error:
        why = f"PostgreSQL says: {said(error)}"
        raise not_published(f"{PUBLISHED} is as it was", why) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a signal be heard while PostgreSQL works; without it, only afterwards."""
    from psycopg2.extensions import set_wait_callback
    from psycopg2.extras import wait_select

    set_wait_callback(wait_select)
    try:
        yield
    finally:
        set_wait_callback(None)


def _lock_name(schemas: Schemas) -> str:
    return f"perennial publishes {schemas.public}"


def _shown(schemas: Schemas) -> str:
    database = schemas.target.credentials.database
    return f"the schema {schemas.public} of the database {database}"
