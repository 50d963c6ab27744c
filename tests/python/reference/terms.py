"""Terms: the billing periods of each paying spell, and how each of them ended."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .inputs import Row
from .months import add_months, day_before, is_complete, month_of
from .numbers import ZERO, ratio
from .subscriptions import (
    Subscription,
    change_days,
    mrr_on,
    values_on,
    version_start,
)

Interval = tuple[str, int]
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass
class Spell:
    """Consecutive paying days with one billing interval."""

    start: date
    end: date | None
    interval: Interval


@dataclass(frozen=True)
class Term:
    """One billing period; `boundary` is where it would end if nothing cut it."""

    start: date
    boundary: date
    end: date
    interval: str


def paid_interval(sub: Subscription, day: date) -> Interval | None:
    if mrr_on(sub, day) <= 0:
        return None
    values = values_on(sub, day)
    return values["billing_interval"], int(values["billing_interval_count"])


def spells(sub: Subscription, as_of: date) -> list[Spell]:
    found: list[Spell] = []
    running: Interval | None = None
    for day in change_days(sub, as_of):
        interval = paid_interval(sub, day)
        if interval == running:
            continue
        if running:
            found[-1].end = day
        if interval:
            found.append(Spell(day, None, interval))
        running = interval
    if running:
        # The end that is planned already; None where there is none.
        found[-1].end = sub.end
    return found


def boundary(anchor: date, interval: Interval, number: int) -> date:
    """Always counted from the anchor: 31 Jan, 29 Feb, 31 Mar."""
    name, count = interval
    if name in DAYS:
        return anchor + timedelta(days=DAYS[name] * count * number)
    return add_months(anchor, MONTHS[name] * count * number)


def terms(sub: Subscription, as_of: date) -> list[Term]:
    found = []
    for spell in spells(sub, as_of):
        number = 0
        start = spell.start
        while start <= as_of and (spell.end is None or start < spell.end):
            number += 1
            following = boundary(spell.start, spell.interval, number)
            end = min(following, spell.end or following)
            found.append(Term(start, following, end, spell.interval[0]))
            start = following
    return found


def row_status_day(sub: Subscription, as_of: date) -> date | None:
    """From when the row's past_due, unpaid or paused applies; None for never."""
    named = [change for change in sub.changes if change.status]
    if sub.row_status not in ("past_due", "unpaid", "paused"):
        return None
    if named and named[-1].status == sub.row_status:
        return None
    if sub.end and sub.end <= as_of:
        return None
    holding = [t.start for t in terms(sub, as_of) if t.start <= as_of < t.end]
    if not holding:
        return version_start(sub, as_of)
    return max([*holding, *(change.day for change in named)])


def subscription_terms(subs: list[Subscription], as_of: date) -> list[Row]:
    return [row for sub in subs for row in term_rows(sub, as_of)]


def term_rows(sub: Subscription, as_of: date) -> list[Row]:
    all_terms = terms(sub, as_of)
    starts = {term.start for term in all_terms}
    rows = []
    for number, term in enumerate(all_terms, start=1):
        status = renewal_status(term, starts, as_of)
        last_day = as_of if status == "open" else day_before(term.end)
        due = mrr_on(sub, last_day)
        row = {
            "subscription_id": sub.subscription_id,
            "customer_key": sub.customer_key,
            "term_number": number,
            "billing_interval": term.interval,
            "term_start_date": term.start,
            "term_end_date": term.end,
            "mrr_due": due,
            "renewal_status": status,
            "mrr_renewed": mrr_renewed(status, due, mrr_on(sub, term.end)),
        }
        rows.append(row)
    return rows


def renewal_status(term: Term, starts: set[date], as_of: date) -> str:
    if term.end > as_of:
        return "open"
    if term.end not in starts:
        return "lost"
    # Cut short and followed at once: only another interval can do that.
    return "replaced" if term.end < term.boundary else "renewed"


def mrr_renewed(status: str, due: Decimal, following: Decimal) -> Decimal | None:
    if status in ("open", "replaced"):
        return None
    return min(due, following) if status == "renewed" else ZERO


def renewals_monthly(term_rows: list[Row], as_of: date) -> list[Row]:
    groups: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in term_rows:
        if row["renewal_status"] in ("renewed", "late", "lost"):
            month = month_of(row["term_end_date"])
            groups[month, row["billing_interval"]].append(row)
            groups[month, "all"].append(row)
    return [
        renewal_row(month, interval, rows, as_of)
        for (month, interval), rows in groups.items()
    ]


def renewal_row(month: date, interval: str, rows: list[Row], as_of: date) -> Row:
    renewed = sum(row["renewal_status"] != "lost" for row in rows)
    due = sum((row["mrr_due"] for row in rows), start=ZERO)
    kept = sum((row["mrr_renewed"] for row in rows), start=ZERO)
    return {
        "renewal_month": month,
        "billing_interval": interval,
        "terms_due": len(rows),
        "terms_renewed": renewed,
        "renewal_rate": ratio(renewed, len(rows)),
        "mrr_due": due,
        "mrr_renewed": kept,
        "value_renewal_rate": ratio(kept, due),
        "is_complete_month": is_complete(month, as_of),
    }
