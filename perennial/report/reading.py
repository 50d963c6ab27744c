"""The published file as the sections of one report read it."""

import calendar
import datetime
from dataclasses import dataclass
from typing import Any

import duckdb

from perennial.report.definition import LAST_COMPLETE_MONTH, Strict, Written
from perennial.report.words import month_name, one_line
from perennial.warehouse import Build

Row = dict[str, Any]
MOST_VALUES_SHOWN = 20


@dataclass(frozen=True)
class Reading:
    """One build, one month, and the month before it."""

    connection: duckdb.DuckDBPyConnection
    build: Build
    month: datetime.date
    written: Written

    @property
    def before(self) -> datetime.date:
        """The month before the report's."""
        return (self.month - datetime.timedelta(days=1)).replace(day=1)

    @property
    def as_of(self) -> datetime.date:
        """The day at whose end the build sees everything."""
        return self.build.as_of_date

    @property
    def month_in_words(self) -> str:
        """The month, and that it is not over where it is not."""
        name = month_name(self.month)
        return name if _last_day(self.month) <= self.as_of else f"{name} (running)"

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """The rows of a query on the marts."""
        result = self.connection.execute(sql, values)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def row(self, sql: str, **values: Any) -> Row:
        """The one row of a query that has one."""
        (found,) = self.rows(sql, **values)
        return found

    def by_month(self, sql: str, **values: Any) -> tuple[Row, Row]:
        """The rows of the month and of the one before; empty where there is none.

        Args:
            sql: with a column `month`, limited to $month and $before.
            **values: further values of the query.
        """
        found = {
            row["month"]: row
            for row in self.rows(sql, month=self.month, before=self.before, **values)
        }
        return found.get(self.month, {}), found.get(self.before, {})

    def check(
        self, index: int, choice: Strict, name: str, mart: str, column: str
    ) -> list[str]:
        """The values of a filter, each of which the mart must know.

        Raises:
            DefinitionError: it does not; the message lists those that it knows.
        """
        given = getattr(choice, name)
        values = [given] if isinstance(given, str) else list(given or ())
        if not values:
            return []
        known = [
            str(row["value"])
            for row in self.rows(
                f"select distinct {column} as value from marts.{mart}"
                f" where {column} is not null order by value"
            )
        ]
        for value in values:
            if value not in known:
                raise self.written.error(
                    ("sections", index, name),
                    f"there is no {name} {one_line(value)!r} in marts.{mart}; "
                    f"{_listed(known)}",
                )
        return values


def find_month(written: Written, build: Build) -> datetime.date:
    """The month that a report is of.

    Raises:
        DefinitionError: it is after the day that the build sees.
    """
    period, as_of = written.definition.period, build.as_of_date
    if period == LAST_COMPLETE_MONTH:
        day = as_of.replace(day=1)
        if _last_day(day) > as_of:
            day = (day - datetime.timedelta(days=1)).replace(day=1)
        return day
    month = datetime.date.fromisoformat(f"{period}-01")
    if month > as_of:
        raise written.error(
            ("period",), f"period {period} is after {as_of}, the day of the build"
        )
    return month


def _last_day(month: datetime.date) -> datetime.date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _listed(known: list[str]) -> str:
    if not known:
        return "it has none"
    shown = ", ".join(one_line(value) for value in known[:MOST_VALUES_SHOWN])
    more = len(known) - MOST_VALUES_SHOWN
    return f"there are {shown}" + (f" and {more} more" if more > 0 else "")
