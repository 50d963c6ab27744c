"""Ready work files: many builds for the price of one.

Each is a copy of a real build's work file with another build id, a later start,
and a mark in every mart, so that a mixed file cannot pass for a whole one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb

from faults.contents import Contents, names_of_marts, read_contents

# What the audits compare stays as it is; build_info carries the build's id.
UNMARKED = {
    "build_info",
    "rpt_closed_months",
    "rpt_input_reconciliation",
    "rpt_restatements",
}
TEXT, NUMBERS = {"VARCHAR"}, ("DECIMAL", "DOUBLE", "BIGINT", "INTEGER")


def write_version(number: int, of: Path, to: Path) -> Contents:
    """Write the work file of version `number`; returns what is in its marts."""
    shutil.copyfile(of, to)
    with duckdb.connect(to) as connection:
        for mart in names_of_marts(connection):
            if mart not in UNMARKED:
                mark(connection, mart, number)
        identify(connection, number)
    return read_contents(to)


def mark(connection: duckdb.DuckDBPyConnection, mart: str, number: int) -> None:
    """Make one row of the mart say which version it is of."""
    columns = connection.execute(f"describe marts.{mart}").fetchall()
    texts = [name for name, kind, *_ in columns if kind in TEXT]
    numbers = [name for name, kind, *_ in columns if kind.startswith(NUMBERS)]
    name = (texts or numbers)[0]
    value = f"coalesce({name}, '') || ' v{number}'" if texts else str(number)
    connection.execute(
        f"""
        update marts.{mart}
        set {name} = {value}
        where rowid = (select min(rowid) from marts.{mart})
        """
    )


def identify(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Give the build an id and a start of its own, wherever they stand."""
    build_id = f"{number:08d}-0000-4000-8000-000000000000"
    (old,) = connection.execute("select build_id from marts.build_info").fetchone()
    later = f"started_at + interval {number} minute"
    connection.execute(
        f"update marts.build_info set build_id = ?, started_at = {later}", [build_id]
    )
    for schema in schemas_of(connection, "dbt_runs"):
        connection.execute(
            f"""
            update {schema}.dbt_runs
            set invocation_id = ?, started_at = {later}
            where invocation_id = ?
            """,
            [build_id, old],
        )


def schemas_of(connection: duckdb.DuckDBPyConnection, table: str) -> Iterable[str]:
    """Where a table of that name stands."""
    rows = connection.execute(
        "select schema_name from duckdb_tables() where table_name = ?", [table]
    ).fetchall()
    return [f'"{schema}"' for (schema,) in rows]
