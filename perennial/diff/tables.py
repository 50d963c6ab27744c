"""Two builds of the same marts, compared in SQL: schema, rows by key, cells, sums.

Each mart is read once: a full join of both on the primary key goes to a temporary
table, and everything that is said of its rows is asked of that.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from perennial.warehouse import (
    WarehouseError,
    attach,
    engine,
    first_line,
    identifier,
    quoted,
)

# Two sums of the same floats in another order differ by some last digits.
TOLERANCE = 1e-9
EXAMPLES = 3
EXAMPLE_KEYS = 5
# Whose rows are of one build by their nature; columns are compared all the same.
OF_ONE_BUILD = ("build_info", "rpt_restatements")
FLOATS = ("DOUBLE", "FLOAT")
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
# Where a sum says nothing.
AVERAGED = (
    *("_rate", "_ratio", "_share", "_index", "_score", "_decile", "_number"),
    "arpa",
)
# Keys that say what a row's number is: there is nothing to say of all rows.
OF_MANY_KINDS = {"metric_name", "item_name", "parameter_name"}

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Example:
    """One cell that differs."""

    key: Key
    old: Any
    new: Any


@dataclass(frozen=True)
class ColumnChange:
    """What became of the values of a column that both builds have."""

    name: str
    changed_rows: int
    # "sum" or "mean" of all rows; empty where the column is no number.
    measure: str
    old: Any
    new: Any
    examples: tuple[Example, ...]


@dataclass
class MartChange:
    """What became of one mart."""

    name: str
    old_rows: int | None = None
    new_rows: int | None = None
    key: tuple[str, ...] = ()
    # Why rows are not compared one by one; empty where they are.
    not_by_row: str = ""
    added_rows: int = 0
    removed_rows: int = 0
    changed_rows: int = 0
    added_keys: list[Key] = field(default_factory=list)
    removed_keys: list[Key] = field(default_factory=list)
    columns: list[ColumnChange] = field(default_factory=list)
    added_columns: dict[str, str] = field(default_factory=dict)
    removed_columns: dict[str, str] = field(default_factory=dict)
    renamed_columns: dict[str, str] = field(default_factory=dict)
    retyped_columns: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        """Whether a reader of the mart could see a difference."""
        return bool(
            self.old_rows is None
            or self.new_rows is None
            or self.added_rows
            or self.removed_rows
            or self.changed_rows
            or self.columns
            or self.added_columns
            or self.removed_columns
            or self.renamed_columns
            or self.retyped_columns
            or (self.not_by_row and self.old_rows != self.new_rows)
        )


@dataclass(frozen=True)
class _Pair:
    """A column of the old and one of the new mart."""

    old: str
    new: str
    old_type: str
    new_type: str

    @property
    def is_number(self) -> bool:
        return _is_number(self.old_type) and _is_number(self.new_type)

    @property
    def differs(self) -> str:
        """A condition on a row of the join."""
        old, new = _old(self.old), _new(self.new)
        if self.is_number and {self.old_type, self.new_type} & set(FLOATS):
            old, new = (f"cast({name} as double)" for name in (old, new))
            is_near = (
                f"isfinite({old}) and isfinite({new}) and abs({new} - {old})"
                f" <= {TOLERANCE} * greatest(1, abs({old}), abs({new}))"
            )
            return f"({old} is distinct from {new} and not coalesce({is_near}, false))"
        if self.old_type != self.new_type and not self.is_number:
            old, new = (f"cast({name} as varchar)" for name in (old, new))
        return f"({old} is distinct from {new})"

    @property
    def farthest_first(self) -> list[str]:
        """The order of differences; none where they are no numbers."""
        if not self.is_number:
            return []
        old, new = (
            f"coalesce(cast({name} as double), 0)"
            for name in (_old(self.old), _new(self.new))
        )
        return [f"abs({new} - {old}) desc"]


def compare_marts(
    old_file: Path,
    new_file: Path,
    old_keys: dict[str, tuple[str, ...]],
    new_keys: dict[str, tuple[str, ...]],
) -> list[MartChange]:
    """What became of each mart that one of two builds has, by name.

    Args:
        old_file: the work or published file of the base.
        new_file: that of the head.
        old_keys: the marts of the base with their primary keys.
        new_keys: those of the head.

    Raises:
        WarehouseError: a file cannot be read; its disk or memory ran out.
    """
    with engine(new_file.parent) as connection:
        for path, alias in ((old_file, "old"), (new_file, "new")):
            attach(connection, path, alias, what="the build", remedy="build it again")
        try:
            return [
                _compare(connection, name, old_keys.get(name), new_keys.get(name))
                for name in sorted(old_keys.keys() | new_keys.keys())
            ]
        except duckdb.Error as error:
            raise WarehouseError(
                f"the two builds cannot be compared ({first_line(error)})"
            ) from error


def read_settings(file: Path) -> dict[str, str]:
    """Every variable of a build with its value in effect."""
    with engine(file.parent) as connection:
        attach(connection, file, "opened", what="the build", remedy="build it again")
        rows = connection.execute(
            """
            select name, policies ->> ('$.' || name)
            from opened.marts.build_info, unnest(json_keys(policies)) as names (name)
            """
        ).fetchall()
    return dict(rows)


def _compare(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    old_key: tuple[str, ...] | None,
    new_key: tuple[str, ...] | None,
) -> MartChange:
    change = MartChange(name)
    types = {alias: _types(connection, alias, name) for alias in ("old", "new")}
    if old_key is not None:
        change.old_rows = _count(connection, "old", name)
    if new_key is not None:
        change.new_rows = _count(connection, "new", name)
    if old_key is None or new_key is None:
        change.added_columns = types["new"] if old_key is None else {}
        return change
    old, new = types["old"], types["new"]
    change.added_columns = {n: t for n, t in new.items() if n not in old}
    change.removed_columns = {n: t for n, t in old.items() if n not in new}
    change.retyped_columns = {
        n: (old[n], new[n]) for n in new if n in old and old[n] != new[n]
    }
    change.key = new_key
    change.not_by_row = _why_not_by_row(connection, change, old, new)
    if change.not_by_row:
        return change
    _join(connection, change, old, new)
    _compare_rows(connection, change)
    _compare_cells(connection, change, old, new)
    _find_renamed(connection, change)
    return change


def _why_not_by_row(
    connection: duckdb.DuckDBPyConnection,
    change: MartChange,
    old: dict[str, str],
    new: dict[str, str],
) -> str:
    if change.name in OF_ONE_BUILD:
        return "its rows are of one build by their nature"
    if not change.key:
        return "no test says what its primary key is"
    key = ", ".join(change.key)
    for column in change.key:
        if column not in old or column not in new:
            return f"its key ({key}) is not in both"
    for alias, which in (("old", "base"), ("new", "head")):
        names = ", ".join(map(identifier, change.key))
        repeated = connection.execute(
            f"select 1 from {alias}.marts.{identifier(change.name)}"
            f" group by {names} having count(*) > 1 limit 1"
        ).fetchone()
        if repeated:
            return f"its key ({key}) repeats in the {which}"
    return ""


def _join(
    connection: duckdb.DuckDBPyConnection,
    change: MartChange,
    old: dict[str, str],
    new: dict[str, str],
) -> None:
    """Have all rows of both in a temporary table, side by side."""
    table = identifier(change.name)
    key = [identifier(column) for column in change.key]
    both = " and ".join(f"o.{column} is not distinct from n.{column}" for column in key)
    columns = [
        *(f"coalesce(o.{c}, n.{c}) as {_key(i)}" for i, c in enumerate(key)),
        *(f"o.{identifier(column)} as {_old(column)}" for column in old),
        *(f"n.{identifier(column)} as {_new(column)}" for column in new),
    ]
    connection.execute(
        f"""
        create or replace temporary table joined as
        select
            o.is_there is not null as is_in_old,
            n.is_there is not null as is_in_new,
            {", ".join(columns)}
        from (select true as is_there, * from old.marts.{table}) as o
        full join (select true as is_there, * from new.marts.{table}) as n
            on {both}
        """
    )


def _compare_rows(connection: duckdb.DuckDBPyConnection, change: MartChange) -> None:
    keys = ", ".join(_key(i) for i in range(len(change.key)))
    for alone, names in (
        ("is_in_new and not is_in_old", "added"),
        ("is_in_old and not is_in_new", "removed"),
    ):
        ((count,),) = connection.execute(
            f"select count(*) from joined where {alone}"
        ).fetchall()
        found = connection.execute(
            f"select {keys} from joined where {alone} order by all limit {EXAMPLE_KEYS}"
        ).fetchall()
        setattr(change, f"{names}_rows", count)
        setattr(change, f"{names}_keys", found)


def _compare_cells(
    connection: duckdb.DuckDBPyConnection,
    change: MartChange,
    old: dict[str, str],
    new: dict[str, str],
) -> None:
    """Count what differs in all columns at once; then the examples of those."""
    pairs = [
        _Pair(column, column, old[column], new[column])
        for column in new
        if column in old and column not in change.key
    ]
    if not pairs:
        return
    in_both = "is_in_old and is_in_new"
    any_of_them = " or ".join(pair.differs for pair in pairs)
    asked = [f"count(*) filter ({in_both} and ({any_of_them}))"]
    measures = [
        "" if OF_MANY_KINDS & set(change.key) else _measure(pair) for pair in pairs
    ]
    for pair, measure in zip(pairs, measures, strict=True):
        asked.append(f"count(*) filter ({in_both} and {pair.differs})")
        total = {"sum": "sum", "mean": "avg"}.get(measure)
        sides = (_old(pair.old), _new(pair.new))
        asked += [f"{total}({side})" if total else "null" for side in sides]
    row = connection.execute(f"select {', '.join(asked)} from joined").fetchone()
    answers: Iterator[Any] = iter(row or ())
    change.changed_rows = next(answers)
    for pair, measure in zip(pairs, measures, strict=True):
        count, old_total, new_total = (next(answers) for _ in range(3))
        if count or not _is_near(old_total, new_total):
            change.columns.append(
                ColumnChange(
                    name=pair.new,
                    changed_rows=count,
                    measure=measure,
                    old=old_total,
                    new=new_total,
                    examples=_examples(connection, change, pair) if count else (),
                )
            )


def _examples(
    connection: duckdb.DuckDBPyConnection, change: MartChange, pair: _Pair
) -> tuple[Example, ...]:
    """The cells that moved farthest; of texts, the first."""
    keys = [_key(i) for i in range(len(change.key))]
    rows = connection.execute(
        f"""
        select {", ".join(keys)}, {_old(pair.old)}, {_new(pair.new)}
        from joined
        where is_in_old and is_in_new and {pair.differs}
        order by {", ".join([*pair.farthest_first, *keys])}
        limit {EXAMPLES}
        """
    ).fetchall()
    return tuple(Example(tuple(row[:-2]), row[-2], row[-1]) for row in rows)


def _find_renamed(connection: duckdb.DuckDBPyConnection, change: MartChange) -> None:
    """Take a new column for an old one where all their values are the same."""
    for old, old_type in list(change.removed_columns.items()):
        for new, new_type in list(change.added_columns.items()):
            if old_type != new_type:
                continue
            pair = _Pair(old, new, old_type, new_type)
            same, known = connection.execute(
                f"select not bool_or({pair.differs}), count({_old(old)})"
                " from joined where is_in_old and is_in_new"
            ).fetchone() or (False, 0)
            if same and known:
                change.renamed_columns[old] = new
                del change.removed_columns[old], change.added_columns[new]
                break


def _types(
    connection: duckdb.DuckDBPyConnection, alias: str, name: str
) -> dict[str, str]:
    rows = connection.execute(
        f"""
        select column_name, data_type
        from duckdb_columns()
        where
            database_name = {quoted(alias)}
            and schema_name = 'marts'
            and table_name = {quoted(name)}
        order by column_index
        """
    ).fetchall()
    return dict(rows)


def _count(connection: duckdb.DuckDBPyConnection, alias: str, name: str) -> int:
    ((count,),) = connection.execute(
        f"select count(*) from {alias}.marts.{identifier(name)}"
    ).fetchall()
    return count


def _measure(pair: _Pair) -> str:
    if not pair.is_number:
        return ""
    is_mean = (
        {pair.old_type, pair.new_type} & set(FLOATS)
        or pair.new.endswith(AVERAGED)
        or pair.new.startswith("average_")
    )
    return "mean" if is_mean else "sum"


def _is_near(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        is_nan = math.isnan(old) and math.isnan(new)
        return is_nan or math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(old == new)


def _is_number(type_name: str) -> bool:
    return type_name in FLOATS + WHOLE or type_name.startswith("DECIMAL")


def _key(index: int) -> str:
    return identifier(f"key {index}")


def _old(column: str) -> str:
    return identifier(f"old {column}")


def _new(column: str) -> str:
    return identifier(f"new {column}")
