"""Copy staged tables into PostgreSQL: all of them in one transaction, or none.

Each table is filled under another name first, so that the old ones are readable
until the last moment; they are dropped and replaced when all is there.
"""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from perennial.engines import EngineError, Target
from perennial.loading.problem import LoadError
from perennial.loading.staging import NUMBERS, PLACES, Staged, StagedTable, find_nul
from perennial.postgres.connection import connected, said
from perennial.warehouse import identifier

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

LOCK_PATIENCE = "30s"
# Rows that are in Python at one time.
BATCH = 2000
# Bytes that are sent at one time.
PIECE = 1 << 20
# What COPY writes with a backslash, which itself comes first.
ESCAPED = {92: r"\\", 9: r"\t", 10: r"\n", 13: r"\r"}
# SQLSTATE of what a person can mend.
IN_USE, DEPENDED_ON = "55P03", "2BP01"


def check_postgres(target: Target, schema: str, names: list[str]) -> None:
    """Stop where a load of these tables would be refused, before it is prepared.

    Raises:
        EngineError: the server cannot be reached, or refuses the login.
        LoadError: its encoding does not hold every text, the user may not fill
            the schema, or something in it was not loaded and bears the name of a
            table.
    """
    with connected(target) as connection, connection.cursor() as cursor:
        cursor.execute("show server_encoding")
        (encoding,) = cursor.fetchone() or ("",)
        if encoding != "UTF8":
            raise LoadError(
                f"the database {target.credentials.database} holds text in {encoding}, "
                "which has no sign for every letter; make one with encoding UTF8"
            )
        _check_rights(cursor, target, schema)
        _check_tables(cursor, schema, names)


def load_postgres(
    target: Target, schema: str, staged: Staged, before_commit: Callable[[], None]
) -> None:
    """Replace the tables of a schema.

    Args:
        target: where.
        schema: made if it is not there.
        staged: the tables, and which ones the folder does not have.
        before_commit: called when all that is left is to make it so.

    Raises:
        EngineError: the server cannot be reached, or stops.
        LoadError: it may not be done, in words on what is in the way.
    """
    with connected(target) as connection:
        try:
            with connection.cursor() as cursor:
                _replace_tables(cursor, schema, staged)
            before_commit()
            connection.commit()
        except connection.Error as error:
            raise _in_words(error, schema) from error


def _replace_tables(cursor: "Cursor", schema: str, staged: Staged) -> None:
    _lock(cursor, schema)
    _make_schema(cursor, schema)
    names = [*(table.name for table in staged.tables), *staged.absent]
    _check_tables(cursor, schema, names)
    for table in staged.tables:
        _fill_table(cursor, schema, staged, table)
    for name in names:
        cursor.execute(f"drop table if exists {_name(schema, name)}")
    for table in staged.tables:
        cursor.execute(
            f"alter table {_name(schema, _new(table.name))} rename to "
            f"{identifier(table.name)}"
        )


def _lock(cursor: "Cursor", schema: str) -> None:
    """Until the end of the transaction; a session that dies loses it."""
    cursor.execute(
        "select pg_try_advisory_xact_lock(hashtext('perennial load'), hashtext(%s))",
        [schema],
    )
    if cursor.fetchone() != (True,):
        raise LoadError(
            f"another perennial load is filling the schema {schema}; wait until it is "
            "done, or stop it"
        )
    cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_PATIENCE])


def _check_rights(cursor: "Cursor", target: Target, schema: str) -> None:
    cursor.execute(
        """
        select
            current_user,
            count(nspname) > 0,
            case
                when count(nspname) > 0
                    then bool_and(
                        has_schema_privilege(oid, 'usage')
                        and has_schema_privilege(oid, 'create')
                    )
                else has_database_privilege(current_database(), 'create')
            end
        from pg_namespace
        where nspname = %s
        """,
        [schema],
    )
    user, is_there, is_allowed = cursor.fetchone() or ("", False, False)
    if not is_allowed:
        right = (
            f"usage, create on schema {schema}"
            if is_there
            else f"create on database {target.credentials.database}"
        )
        what = "fill" if is_there else "make"
        raise LoadError(
            f"{user} may not {what} the schema {schema}; have its owner "
            f"grant {right} to {user}"
        )


def _make_schema(cursor: "Cursor", schema: str) -> None:
    """Only where it is not there: who may fill one may not make others."""
    cursor.execute("select 1 from pg_namespace where nspname = %s", [schema])
    if not cursor.fetchone():
        cursor.execute(f"create schema {identifier(schema)}")


def _check_tables(cursor: "Cursor", schema: str, names: list[str]) -> None:
    """Replace nothing that is not a load's own."""
    cursor.execute(
        """
        select
            pg_class.relname,
            pg_class.relkind in ('v', 'm'),
            pg_class.relkind = 'r'
            and count(*) filter (where pg_attribute.attname = any(%s)) = %s,
            pg_has_role(pg_class.relowner, 'usage')
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        left join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where pg_namespace.nspname = %s and pg_class.relname = any(%s)
        group by pg_class.relname, pg_class.relkind, pg_class.relowner
        order by pg_class.relname
        """,
        [list(PLACES), len(PLACES), schema, names],
    )
    for name, is_view, is_loaded, is_owned in cursor.fetchall():
        if not is_loaded:
            what = "a view" if is_view else "no table that perennial load made"
            raise LoadError(
                f"{schema}.{name} is {what}, and is not replaced; load into another "
                "schema with --schema, or drop it"
            )
        if not is_owned:
            raise LoadError(
                f"{schema}.{name} belongs to another user, who has to load or to "
                "drop it; or load into another schema with --schema"
            )


def _fill_table(
    cursor: "Cursor", schema: str, staged: Staged, table: StagedTable
) -> None:
    name = _name(schema, _new(table.name))
    columns = ", ".join(
        f"{identifier(column)} {'bigint' if column in NUMBERS else 'text'}"
        for column in table.columns
    )
    cursor.execute(f"create table {name} ({columns})")
    rows = _Stream(_lines(staged, table))
    try:
        # Its text format: tabs and backslashes are written \t and \\.
        cursor.copy_expert(f"copy {name} from stdin", rows, size=PIECE)
    except cursor.connection.Error:
        # What happens while rows are read comes back as words of PostgreSQL.
        if rows.problem:
            raise rows.problem from None
        raise


def _lines(staged: Staged, table: StagedTable) -> Iterator[bytes]:
    """The rows as COPY reads them, some at a time."""
    cells = ", chr(9), ".join(map(_cell, table.columns))
    rows = staged.connection.execute(f"select concat({cells}) from {table.relation}")
    while batch := rows.fetchmany(BATCH):
        text = "".join(f"{line}\n" for (line,) in batch)
        if "\0" in text:
            raise LoadError(
                f"{find_nul(staged, table)} holds a NUL character, which PostgreSQL "
                "cannot store; export the file again without it"
            )
        yield text.encode()


def _cell(column: str) -> str:
    r"""SQL of a value as COPY reads it; what is missing is \N."""
    if column in NUMBERS:
        return column
    escaped = column
    for sign, written in ESCAPED.items():
        escaped = f"replace({escaped}, chr({sign}), '{written}')"
    return f"coalesce({escaped}, '\\N')"


class _Stream(io.RawIOBase):
    """Pieces of bytes as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take the pieces, which are asked for when they are needed."""
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.problem: Exception | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:
        """Fill the buffer as far as one piece goes; 0 at the end."""
        try:
            self._rest = self._rest or memoryview(next(self._pieces, b""))
        except Exception as error:
            self.problem = error
            raise
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _in_words(error: Any, schema: str) -> LoadError | EngineError:
    code = error.pgcode
    if code == IN_USE:
        return LoadError(
            f"a table of the schema {schema} is in use by another session, such as a "
            f"build, for more than {LOCK_PATIENCE}; load again when it is done"
        )
    if code == DEPENDED_ON:
        detail = (error.diag.message_detail or said(error)).splitlines()[0]
        return LoadError(f"{detail}, and that table is replaced; drop what depends")
    return EngineError(f"PostgreSQL says: {said(error)}")


def _new(name: str) -> str:
    """The name of a table until all are there."""
    return f"{name}__loading"


def _name(schema: str, table: str) -> str:
    return f"{identifier(schema)}.{identifier(table)}"
