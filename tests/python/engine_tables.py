"""The public tables of an engine, read into a DuckDB file as they are.

Types are those of the engine: one that no mart may have is left a text, so
that the comparison names it.

Run as a command it reads a schema of Spark, with the settings of the target:

    python -m engine_tables <schema> <file>
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from perennial.engines import read_target
from perennial.spark.session import session_of

POSTGRES_TYPES = {
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
SPARK_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    # Spark has no other; the session is in UTC.
    "timestamp": "TIMESTAMP",
    "timestamp_ntz": "TIMESTAMP",
}


def read_duckdb(work_file: Path, target: Path) -> Path:
    """A copy of the marts of a work file."""
    with duckdb.connect(target) as connection:
        connection.execute(f"attach '{work_file}' as built (read_only)")
        connection.execute("create schema marts")
        names = connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'built' and schema_name = 'marts'"
        ).fetchall()
        for (name,) in names:
            connection.execute(f"create table marts.{name} as from built.marts.{name}")
    return target


def read_postgres(session: Any, schema: str, target: Path) -> Path:
    """The tables of a schema, through a psycopg2 connection."""
    with session.cursor() as cursor, duckdb.connect(target) as connection:
        connection.execute("create schema marts")
        cursor.execute("set datestyle = iso; set timezone = 'UTC'")
        cursor.execute(
            "select relname, attname, format_type(atttypid, atttypmod)"
            " from pg_attribute inner join pg_class on attrelid = pg_class.oid"
            " where relnamespace = %s::regnamespace and relkind = 'r'"
            " and attnum > 0 and not attisdropped order by relname, attnum",
            [schema],
        )
        for name, columns in grouped(cursor.fetchall(), POSTGRES_TYPES).items():
            rows = target.with_name(f"{target.stem}-{name}.csv")
            with rows.open("wb") as file:
                # A null is nothing, an empty text is "".
                cursor.copy_expert(
                    f'copy "{schema}"."{name}" to stdout (format csv, force_quote *)',
                    file,
                )
            connection.execute(
                f"create table marts.{name} as from read_csv(?, columns = {columns},"
                " header = false, auto_detect = false, delim = ',', quote = '\"',"
                " escape = '\"', nullstr = '', allow_quoted_nulls = false,"
                " max_line_size = 16777216, parallel = false)",
                [str(rows)],
            )
            rows.unlink()
    return target


def read_spark(session: Any, schema: str, target: Path) -> Path:
    """The tables of a schema, through a Spark session in UTC."""
    with duckdb.connect(target) as connection:
        connection.execute("create schema marts; set timezone = 'UTC'")
        for table in session.catalog.listTables(schema):
            frame = session.table(f"{schema}.{table.name}")
            types = [(table.name, *pair) for pair in frame.dtypes]
            columns = grouped(types, SPARK_TYPES)[table.name]
            folder = target.with_name(f"{target.stem}-{table.name}")
            frame.write.parquet(folder.as_uri())
            selected = ", ".join(
                f'cast("{name}" as {data_type}) as "{name}"'
                for name, data_type in columns.items()
            )
            connection.execute(
                f"create table marts.{table.name} as select {selected}"
                f" from read_parquet('{folder}/*.parquet')"
            )
    return target


def grouped(
    rows: Iterable[tuple[str, str, str]], types: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Table -> column -> type of DuckDB, in order."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, name in rows:
        decimal = re.fullmatch(r"(?:numeric|decimal)\((\d+),(\d+)\)", name)
        tables.setdefault(table, {})[column] = (
            f"DECIMAL({decimal[1]},{decimal[2]})"
            if decimal
            else types.get(name, "VARCHAR")
        )
    return tables


def main() -> None:
    """Read a schema of Spark."""
    schema, target = sys.argv[1:]
    with session_of(read_target("spark")) as session:
        session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        read_spark(session, schema, Path(target))


if __name__ == "__main__":
    main()
