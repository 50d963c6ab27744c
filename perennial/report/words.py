"""Numbers, months and texts of the data as a report shows them."""

import datetime
from decimal import Decimal

NONE = "none"
# Longer texts of the data would break the page.
LONGEST = 60

Number = Decimal | float | int | None


def amount(value: Number) -> str:
    """Money, or nothing to show it of."""
    return NONE if value is None else f"{value:,.2f}"


def count(value: Number) -> str:
    """A whole number of things."""
    return NONE if value is None else f"{value:,.0f}"


def rate(value: Number) -> str:
    """A share of one in percent."""
    return NONE if value is None else f"{float(value) * 100:.1f} %"


def change(now: Number, before: Number) -> str:
    """By how much a number moved, in percent of what it was."""
    if now is None or not before:
        return ""
    return _signed((float(now) - float(before)) / abs(float(before)) * 100, "%")


def change_of_rate(now: Number, before: Number) -> str:
    """By how much a rate moved, in points: its percent of a percent misleads."""
    if now is None or before is None:
        return ""
    return _signed((float(now) - float(before)) * 100, "points")


def _signed(value: float, unit: str) -> str:
    text = f"{value:+.1f}"
    return f"{'0.0' if float(text) == 0 else text} {unit}"


def month_name(month: datetime.date) -> str:
    """A month in full."""
    return f"{month:%B %Y}"


def short_month(month: datetime.date) -> str:
    """A month where there is little room."""
    return f"{month:%b %Y}"


def many(number: int, thing: str) -> str:
    """A number of things, the thing in its right form."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def one_line(text: object) -> str:
    """A text of the data on one line: no text may look like another line."""
    shown = " ".join(
        "".join(sign if sign.isprintable() else " " for sign in str(text)).split()
    )
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
