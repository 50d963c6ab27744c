"""Numbers of the dashboards, and the SQL that gives them from the marts.

A board's facts stand in `dashboard_facts_<board>.py` as a list `FACTS`; those of
all such files are tested.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb


@dataclass(frozen=True)
class Fact:
    """What one chart of a page must show.

    Args:
        page: the page without `.html`.
        chart: the key of the chart in its board.
        sql: against a published file; each row must be on the page.
        shown: how the values of a row are written, as `str.format` or a function;
            with a plain minus.
    """

    page: str
    chart: str
    sql: str
    shown: str | Callable[..., str]

    def expected(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """What must be read in the chart."""
        rows = connection.execute(self.sql).fetchall()
        write: Any = self.shown.format if isinstance(self.shown, str) else self.shown
        return [write(*row) for row in rows]


def money(value: Any) -> str:
    """Whole dollars, as the boards write them."""
    return f"{'-' if round(value) < 0 else ''}${abs(round(value)):,}"


def all_facts() -> list[Fact]:
    """The facts of all boards."""
    files = sorted(Path(__file__).parent.glob("dashboard_facts_*.py"))
    return [fact for file in files for fact in importlib.import_module(file.stem).FACTS]
