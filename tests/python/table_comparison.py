"""Two readings of the public tables, compared cell by cell.

Texts, dates and counts are equal or they differ. Money is a decimal and may
differ by less than a cent; how much of it is equal to the last decimal is told.
Everything else that is computed is a double and is equal to a billionth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from comparison import KEYS as REFERENCE_KEYS

CENT = 0.01
BILLIONTH = 1e-9
SHOWN = 8
# The reference may leave out what makes a key a key only over several files.
KEYS = REFERENCE_KEYS | {
    "build_info": ("input_name",),
    "fct_rejected_rows": ("table_name", "file_name", "line_number"),
    "rpt_restatements": ("restated_month", "metric_name", "build_id"),
}
# Builds have names and times of their own; which of them it was is compared.
INSTEAD = {
    ("rpt_restatements", "build_id"): "dense_rank() over (order by restated_at)",
}
# What cannot be the same, and why. All else is compared.
NOT_COMPARED = {
    ("build_info", "build_id"): "each build has a name of its own",
    ("build_info", "started_at"): "each build has a time of its own",
    ("build_info", "history_since"): "the time of the first build",
    ("build_info", "versions"): "names the engine",
    ("build_info", "input_origin"): "a folder here, a schema there",
    ("build_info", "policies"): "hold input_path here, input_schema there",
    ("build_info", "input_fingerprint"): "a hash of the engine's own, bytes of files",
    ("rpt_restatements", "restated_at"): "each build has a time of its own",
}


@dataclass
class Outcome:
    """What the comparison of one table found."""

    table: str
    rows: int = 0
    cells: int = 0
    # Cells that differ, rows that one side lacks, columns that are not alike.
    differences: int = 0
    # Of a decimal as it is, of a double as a share of it.
    largest: float = 0.0
    decimals: int = 0
    decimals_equal: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, *differences: str, count: int | None = None) -> None:
        """Differences to show; `count` where there are more of them."""
        self.differences += len(differences) if count is None else count
        self.shown += differences


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, and how two of its cells are compared."""

    name: str
    data_type: str
    first: str
    other: str

    @property
    def distance(self) -> str:
        """How far two cells are apart, 0 where they are the same."""
        apart = f"abs(cast({self.first} as double) - cast({self.other} as double))"
        if self.data_type.startswith("DECIMAL"):
            apart = f"cast(abs({self.first} - {self.other}) as double)"
        elif self.data_type == "DOUBLE":
            apart += f" / greatest(1, abs({self.first}))"
        else:
            apart = "cast('infinity' as double)"
        return (
            f"case when {self.first} is not distinct from {self.other} then 0"
            # One of them is null, or no number.
            f" else coalesce(nullif({apart}, cast('nan' as double)), 'infinity') end"
        )

    @property
    def differs(self) -> str:
        """Whether two cells count as different."""
        if self.data_type.startswith("DECIMAL"):
            return f"{self.distance} >= {CENT}"
        return f"{self.distance} > {BILLIONTH}"


def compare(first: Path, other: Path, tables: set[str] | None = None) -> list[Outcome]:
    """Compare the tables of the schema marts of two DuckDB files."""
    with duckdb.connect() as connection:
        for alias, file in (("first", first), ("other", other)):
            connection.execute(f"attach '{file}' as {alias} (read_only)")
        names = {alias: table_names(connection, alias) for alias in ("first", "other")}
        outcomes = []
        for table in sorted(tables or names["first"] | names["other"]):
            lacking = [side for side, known in names.items() if table not in known]
            if lacking:
                outcomes.append(Outcome(table))
                outcomes[-1].add(f"{table}: is not in the {lacking[0]} one")
            else:
                outcomes.append(compare_table(connection, table))
    return outcomes


def table_names(connection: duckdb.DuckDBPyConnection, alias: str) -> set[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables()"
        " where database_name = ? and schema_name = 'marts'",
        [alias],
    ).fetchall()
    return {name for (name,) in rows}


def compare_table(connection: duckdb.DuckDBPyConnection, table: str) -> Outcome:
    """Columns first, then every row and cell by the key of the table."""
    outcome = Outcome(table)
    types = [column_types(connection, side, table) for side in ("first", "other")]
    if list(types[0]) != list(types[1]):
        only = set(types[0]) ^ set(types[1])
        what = f"columns {sorted(only)} on one side" if only else "order of columns"
        outcome.add(f"{table}: {what}")
    shared = [name for name in types[0] if name in types[1]]
    for name in shared:
        pair = (types[0][name], types[1][name])
        if pair[0] != pair[1]:
            outcome.add(f"{table}.{name}: type {pair[0]}, other {pair[1]}")
    key = list(KEYS[table])
    columns = [
        Column(
            name,
            types[0][name],
            f'f."{name}"',
            f'cast(o."{name}" as {types[0][name]})',
        )
        for name in shared
        if (table, name) not in NOT_COMPARED and name not in key
    ]
    join_rows(connection, table, key, shared)
    count_differences(connection, outcome, columns, len(key))
    show_differences(connection, outcome, columns, key)
    return outcome


def column_types(
    connection: duckdb.DuckDBPyConnection, side: str, table: str
) -> dict[str, str]:
    rows = connection.execute(f"describe {side}.marts.{table}").fetchall()
    return {row[0]: row[1] for row in rows}


def join_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: list[str],
    names: list[str],
) -> None:
    """Both sides by key; of one key the first with the first, and so on."""
    numbered = []
    for side in ("first", "other"):
        keys = ", ".join(
            f'{INSTEAD.get((table, name), chr(34) + name + chr(34))} as "key_{at}"'
            for at, name in enumerate(key)
        )
        cells = ", ".join(f'"{name}"' for name in names)
        partition = ", ".join(f"key_{at}" for at in range(len(key)))
        numbered.append(
            f"(select *, row_number() over (partition by {partition} order by {cells})"
            f" as repeat from (select {cells}, {keys} from {side}.marts.{table}))"
        )
    on = " and ".join(
        f"f.{name} is not distinct from o.{name}"
        for name in (*(f"key_{at}" for at in range(len(key))), "repeat")
    )
    connection.execute(
        "create or replace temporary table joined as select f, o"
        f" from {numbered[0]} as f full join {numbered[1]} as o on {on}"
    )


def count_differences(
    connection: duckdb.DuckDBPyConnection,
    outcome: Outcome,
    columns: list[Column],
    keys: int,
) -> None:
    sums = ["count(*)", "count(*) filter (where f.repeat is null or o.repeat is null)"]
    both = "filter (where f.repeat is not null and o.repeat is not null)"
    for column in columns:
        sums += [
            f"count(*) {both[:-1]} and {column.differs})",
            f"coalesce(max({column.distance}) {both}, 0)",
            f"count(*) {both[:-1]} and {column.distance} = 0)",
        ]
    rows, unpaired, *counts = connection.execute(
        f"select {', '.join(sums)} from joined"
    ).fetchone()
    paired = rows - unpaired
    outcome.rows = rows
    outcome.cells = paired * (keys + len(columns))
    outcome.add(count=unpaired)
    for at, column in enumerate(columns):
        differing, distance, equal = counts[3 * at : 3 * at + 3]
        outcome.add(count=differing)
        outcome.largest = max(outcome.largest, distance)
        if column.data_type.startswith("DECIMAL"):
            outcome.decimals += paired
            outcome.decimals_equal += equal


def show_differences(
    connection: duckdb.DuckDBPyConnection,
    outcome: Outcome,
    columns: list[Column],
    key: list[str],
) -> None:
    """The first few of them, each with its key and both values."""
    where = " or ".join(
        ["f.repeat is null", "o.repeat is null", *(c.differs for c in columns)]
    )
    keys = ", ".join(
        f"coalesce(cast(f.key_{at} as varchar), cast(o.key_{at} as varchar))"
        for at in range(len(key))
    )
    cells = ", ".join(
        f"case when {column.differs} then [cast({column.first} as varchar),"
        f" cast({column.other} as varchar)] end"
        for column in columns
    )
    rows = connection.execute(
        f"select f.repeat is null, o.repeat is null, [{keys}], [{cells}] from joined"
        f" where {where} order by 3 limit {SHOWN}"
    ).fetchall()
    for no_first, no_other, key_values, pairs in rows:
        named = f"{outcome.table} {dict(zip(key, key_values, strict=True))}"
        if no_first or no_other:
            side = "other" if no_first else "first"
            outcome.shown.append(f"{named}: a row of the {side} one only")
            continue
        for column, pair in zip(columns, pairs, strict=True):
            if pair:
                values = f"first {pair[0]!r}, other {pair[1]!r}"
                outcome.shown.append(f"{named}: {column.name}: {values}")


def as_table(outcomes: list[Outcome]) -> str:
    """One line per table, and one for all of them."""
    total = Outcome("all tables")
    for one in outcomes:
        total.rows += one.rows
        total.cells += one.cells
        total.decimals += one.decimals
        total.decimals_equal += one.decimals_equal
        total.largest = max(total.largest, one.largest)
        total.add(count=one.differences)
    lines = [
        f"{'table':<28}{'rows':>8}{'cells':>9}{'differences':>13}"
        f"{'largest':>10}{'decimals':>10}{'equal to the last':>19}"
    ]
    for one in (*outcomes, total):
        lines.append(
            f"{one.table:<28}{one.rows:>8}{one.cells:>9}{one.differences:>13}"
            f"{one.largest:>10.1e}{one.decimals:>10}{one.decimals_equal:>19}"
        )
    return "\n".join(lines)


def told(outcomes: list[Outcome]) -> str:
    """The first differences of each table."""
    return "\n".join(line for one in outcomes for line in one.shown[: 2 * SHOWN])
