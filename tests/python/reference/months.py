"""Calendar arithmetic: months are counted, days are clamped to the month's end."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def month_of(day: date) -> date:
    """The first day of the month that holds the day."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month that holds the day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or that month's last day where it is shorter."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(years, month + 1)[1]
    return date(years, month + 1, min(day.day, last))


def whole_months(start: date, end: date) -> int:
    """How many whole months fit between two days."""
    months = 0
    while add_months(start, months + 1) <= end:
        months += 1
    return months


def months_from(first: date, last: date) -> list[date]:
    """Every month from the one of `first` to the one of `last`."""
    months = [month_of(first)]
    while months[-1] < month_of(last):
        months.append(add_months(months[-1], 1))
    return months


def last_known_day(month: date, as_of: date) -> date:
    """The day at whose end the month is seen: its last one, or the as-of day."""
    return min(month_end(month), as_of)


def is_complete(month: date, as_of: date) -> bool:
    return month_end(month) <= as_of
