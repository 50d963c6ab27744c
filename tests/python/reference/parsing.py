"""What a cell may say, and what it then means; None where it says nothing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .numbers import rounded

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(?:(Z)|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
BARE_DATE_LENGTH = len("2024-02-29")
NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d+)?|\.\d+)", re.ASCII)
BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
BOOLEANS |= {"false": False, "f": False, "no": False, "n": False, "0": False}
SAME_STATUS = {
    "canceled": "cancelled",
    "pastdue": "past_due",
    "trial": "trialing",
    "in_trial": "trialing",
    "ended": "expired",
}
STATUSES = {
    *("active", "past_due", "trialing", "paused", "incomplete"),
    *("incomplete_expired", "unpaid", "cancelled", "expired"),
}
INTERVALS = {
    **dict.fromkeys(("day", "daily", "days"), "day"),
    **dict.fromkeys(("week", "weekly", "weeks"), "week"),
    **dict.fromkeys(("month", "monthly", "months"), "month"),
    **dict.fromkeys(("quarter", "quarterly", "quarters"), "quarter"),
    **dict.fromkeys(("year", "yearly", "annual", "annually", "years"), "year"),
}
UTC_ZONE = ZoneInfo("UTC")


def parse_moment(text: str, zone: ZoneInfo = UTC_ZONE) -> datetime | None:
    """The instant in UTC; what has no offset is a wall clock of the zone."""
    match = MOMENT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(x or 0) for x in match.groups()[:6])
    micros = int((match[7] or "").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, micros)
    except ValueError:
        return None
    if not (match[8] or match[9]):
        return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
    return moment + offset if match[9] == "-" else moment - offset


def parse_end(text: str, zone: ZoneInfo, is_inclusive: bool) -> datetime | None:
    """An end; a bare date may name the last day that still has service."""
    if is_inclusive and len(text) == BARE_DATE_LENGTH and parse_moment(text):
        text = (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    return parse_moment(text, zone)


def day_in(moment: datetime, zone: ZoneInfo) -> date:
    """The day that holds an instant of UTC, as the zone's calendar has it."""
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def parse_number(text: str) -> Decimal | None:
    return rounded(Decimal(text)) if NUMBER.fullmatch(text) else None


def parse_count(text: str) -> int | None:
    return parse_whole(text, 1, 1000)


def parse_score(text: str) -> int | None:
    return parse_whole(text, 0, 10)


def parse_whole(text: str, least: int, most: int) -> int | None:
    number = parse_number(text)
    is_whole = number is not None and number == int(number)
    return int(number) if is_whole and least <= number <= most else None


def parse_rate(text: str) -> Decimal | None:
    """All its decimals: a rouble or a rupiah is a small part of a dollar."""
    is_number = NUMBER.fullmatch(text) and not text.startswith("-")
    return Decimal(text) if is_number else None


def parse_boolean(text: str) -> bool | None:
    return BOOLEANS.get(text.lower())


def folded(text: str) -> str:
    return text.lower().replace(" ", "_").replace("-", "_")


def folded_status(text: str) -> str:
    return SAME_STATUS.get(folded(text), folded(text))
