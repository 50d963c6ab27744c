"""One schema takes the place of another, and no reader sees two builds.

A statement looks a table up by name, and so a transaction may find the tables of
two builds, one before and one after. Who reads marts.build_info first holds it
until the transaction ends; the swap waits for that, and those who come meanwhile
wait for the swap, a second at most.
"""

import time
from typing import Any

from perennial.engines import EngineError
from perennial.postgres.rights import close_to_reader, open_to_reader
from perennial.postgres.sides import Schemas
from perennial.warehouse import Build, identifier

# For how long readers that begin wait for those that have begun.
LOCK_TIMEOUT = "1s"
SECONDS_BETWEEN = 1.0
SECONDS_TO_WAIT = 300.0


def swap(
    cursor: Any,
    schemas: Schemas,
    present: Build | None,
    schema: str,
) -> None:
    """Let a schema be the public one, and the public one be a kept one.

    Readers see it when the transaction is committed.

    Args:
        cursor: of the transaction.
        schemas: where everything stands.
        present: the build that is published; None when nothing is.
        schema: what takes its place.

    Raises:
        EngineError: readers do not come to an end.
    """
    open_to_reader(cursor, schema, schemas.reader)
    if present:
        _wait_for_readers(cursor, schemas)
        kept = schemas.kept(present)
        _rename(cursor, schemas.public, kept)
        close_to_reader(cursor, kept, schemas.reader)
    _rename(cursor, schema, schemas.public)


def _rename(cursor: Any, old: str, new: str) -> None:
    cursor.execute(f"alter schema {identifier(old)} rename to {identifier(new)}")


def _wait_for_readers(cursor: Any, schemas: Schemas) -> None:
    """Hold the first table of every page, once nobody reads it."""
    from psycopg2.errors import LockNotAvailable

    table = f"{identifier(schemas.public)}.build_info"
    deadline = time.monotonic() + SECONDS_TO_WAIT
    cursor.execute("set local lock_timeout = %s", [LOCK_TIMEOUT])
    while True:
        cursor.execute("savepoint before_readers")
        try:
            cursor.execute(f"lock table {table} in access exclusive mode")
            break
        except LockNotAvailable:
            cursor.execute("rollback to savepoint before_readers")
        if time.monotonic() > deadline:
            raise EngineError(
                f"for {SECONDS_TO_WAIT:.0f} s there was a transaction that had read "
                f"{table}: {_readers(cursor, table)}; let it end, or end it with "
                "select pg_terminate_backend(process)"
            )
        time.sleep(SECONDS_BETWEEN)
    cursor.execute("set local lock_timeout = 0")


def _readers(cursor: Any, table: str) -> str:
    """Who holds a table, as an administrator would look for them."""
    cursor.execute(
        """
        select distinct pid, usename, application_name, xact_start
        from pg_locks
        inner join pg_stat_activity using (pid)
        where
            relation = to_regclass(%s)
            and granted
            and pid <> pg_backend_pid()
        order by pid
        """,
        [table],
    )
    return "; ".join(
        f"process {pid} of {user}"
        + (f" ({program})" if program else "")
        + (f", since {since:%F %T}" if since else "")
        for pid, user, program, since in cursor.fetchall()
    )
