"""The one input of which every engine has to say the same.

The demo, random worlds with their dirt, and texts, dates and amounts that
engines are known to read or sort in ways of their own. Their customers are
disjoint, so one build of all of it stands for a build of each.
"""

from __future__ import annotations

import csv
from pathlib import Path

import awkward_rows
import later_day
from reference.contract import CONTRACTS
from worlds import AS_OF, write_story, write_worlds

PROJECT = Path(__file__).parents[2]
DEMO = PROJECT / "data/demo"
# There are sixteen kinds of dirt, and every second world has one of them.
WORLDS = 32
FIRST_DAY, NEXT_DAY = AS_OF, later_day.NEXT_DAY

Row = dict[str, str]
Tables = dict[str, list[Row]]


def write_days(folder: Path, worlds: int = WORLDS, demo: bool = True) -> list[Path]:
    """The input as it lay there on the first day, and on the next one."""
    first_day = merged(
        *([read_tables(DEMO)] if demo else []),
        read_tables(write_worlds(folder / "worlds", worlds)),
        awkward_rows.tables(),
    )
    return [
        write_story(folder / "first_day", **first_day),
        write_story(folder / "next_day", **later_day.of(first_day)),
    ]


def read_tables(folder: Path) -> Tables:
    """The rows of each table, as text."""
    tables = {}
    for table in CONTRACTS:
        with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            tables[table] = list(csv.DictReader(file))
    return tables


def merged(*parts: Tables) -> Tables:
    """All rows of all parts, but of one key those of the first part with it.

    Two rates of one day, or two counts of sessions, would make each other
    useless; what contradicts itself within a part stays so.
    """
    tables: Tables = {}
    for table, contract in CONTRACTS.items():
        kept: list[Row] = []
        for part in parts:
            taken = {key_of(row, contract.key) for row in kept} - {()}
            kept += [r for r in part[table] if key_of(r, contract.key) not in taken]
        tables[table] = kept
    return tables


def key_of(row: Row, key: tuple[str, ...]) -> tuple[str, ...]:
    """What names a row, near enough: blanks and case are nothing of it."""
    return tuple((row.get(column) or "").strip().casefold() for column in key)
