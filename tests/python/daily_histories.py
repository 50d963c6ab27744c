"""Two hundred random histories over some days: what lay in the folder on each.

Every day the sources of some worlds of `worlds.py` have something to say: rows
are late, updated, moved to another customer of the world, deleted (by absence or
by deleted_at), or sent again as they are. The others only see the time go by.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import later_day
from parity_input import read_tables
from worlds import write_story, write_worlds

SEED = 4
# Of a hundred worlds, on each day.
SPEAKING = 30
# Within one month, so that each of them may be a daily run. On the second of
# two runs on one day everything that came on the first one comes again.
DAYS = [date(2024, 11, day) for day in (10, 11, 14, 14, 18)]
GLOBAL_TABLES = ("exchange_rates", "marketing_spend", "platform_sessions")

Row = dict[str, str]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Day:
    """A run: as of when, what the folder holds, and which worlds have spoken."""

    as_of: date
    folder: Path
    speaking: frozenset[str]


def write_histories(
    folder: Path, dates: list[date], worlds: int = 200, *, as_exports: bool = False
) -> list[Day]:
    """The folder of each day; the same seed gives the same bytes.

    As exports, a folder holds what lay there on each day until then, one day
    beside the other, all rows of a day with one loaded_at.
    """
    tables = read_tables(write_worlds(folder / "worlds", worlds))
    exported: Tables = {}

    def write(number: int) -> Path:
        lying = tables
        if as_exports:
            for table, rows in tables.items():
                arrived = [row | {"loaded_at": at(dates[number])} for row in rows]
                exported.setdefault(table, []).extend(arrived)
            lying = exported
        return write_story(folder / f"day{number}", **lying)

    days = [Day(dates[0], write(0), frozenset())]
    sent: Tables = {}
    for number, as_of in enumerate(dates[1:], start=1):
        rng = random.Random(f"{SEED}-{number}")
        speaking = {world_of(row) for row in tables["customers"]} - {""}
        speaking = {w for w in sorted(speaking) if rng.randrange(100) < SPEAKING}
        if as_of == dates[number - 1]:
            speaking = set()
            tables = {t: rows + sent.get(t, []) for t, rows in tables.items()}
        else:
            tables, sent = spoken(tables, speaking, as_of, rng)
        days.append(Day(as_of, write(number), frozenset(speaking)))
    return days


def spoken(
    tables: Tables, speaking: set[str], as_of: date, rng: random.Random
) -> tuple[Tables, Tables]:
    """The tables after a day, and the rows of them that are new."""
    after: Tables = {}
    sent: Tables = {}
    for table, rows in tables.items():
        if table in GLOBAL_TABLES:
            after[table] = rows
            continue
        kept, new = [], []
        of_world: dict[str, list[Row]] = {}
        for row in rows:
            of_world.setdefault(world_of(row), []).append(row)
        for row in rows:
            world = world_of(row)
            event = rng.randrange(12) if world in speaking else 12
            if event == 0:
                continue
            kept.append(row)
            others = of_world[world]
            if event == 1 and row.get("loaded_at"):
                new.append(row | {"deleted_at": f"{as_of}", "loaded_at": at(as_of)})
            elif event in (2, 3):
                kept[-1] = later_day.changed(table, row, others, rng)
            elif event == 4 and row.get("loaded_at"):
                changed = later_day.changed(table, row, others, rng)
                new.append(changed | {"loaded_at": at(as_of)})
            elif event == 5 and table in later_day.LATE_KEYS:
                late = later_day.late(table, len(new), row, rng)
                key = later_day.LATE_KEYS[table][0]
                mark = {key: f"{world}-{as_of:%d}-{table}-{len(new)}"} if key else {}
                new.append(late | mark)
            elif event == 6:
                new.append(row)
        after[table] = kept + new
        sent[table] = new
    return after, sent


def at(day: date) -> str:
    """When the rows of a day arrived."""
    return f"{day.isoformat()}T22:00:00Z"


def world_of(row: Row) -> str:
    """The world that a row tells of; empty when it tells of none."""
    for column in ("customer_id", "subscription_id", "order_id", "product_id"):
        name = (row.get(column) or "").strip()[:4]
        if name[:1] == "w" and name[1:].isdigit():
            return name
    return ""
