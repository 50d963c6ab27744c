"""The tables of a warehouse without their rows: what dbt docs needs to see.

So dbt opens no file that a build writes, nothing that it writes about the
tables can hold a value of them, and the size of the warehouse does not matter.
"""

from pathlib import Path

import duckdb

from perennial.warehouse import attach, engine, identifier, in_words, quoted

REMEDY = "run perennial build, or set PERENNIAL_{}_FILE to where it is"


def copy_shapes(file: Path, target: Path, *, kind: str) -> int:
    """Write a DuckDB file with the tables of another one, all of them empty.

    Args:
        file: the work file or the history file; opened read-only.
        target: the file to write.
        kind: "work" or "history".

    Returns:
        How many tables there are.

    Raises:
        WarehouseError: `file` is missing, in use or damaged.
    """
    what, remedy = f"the {kind} file", REMEDY.format(kind.upper())
    with engine(target.parent) as connection:
        attach(connection, file, "filled", what=what, remedy=remedy)
        connection.execute(f"attach {quoted(str(target))} as empty")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = 'filled'"
        ).fetchall()
        try:
            for schema, table in tables:
                place = f"{identifier(schema)}.{identifier(table)}"
                connection.execute(
                    f"create schema if not exists empty.{identifier(schema)}"
                )
                connection.execute(
                    f"create table empty.{place} as from filled.{place} limit 0"
                )
        except duckdb.Error as error:
            raise in_words(error, file, what, remedy) from error
        connection.execute("detach empty")
    return len(tables)
