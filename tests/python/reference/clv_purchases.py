"""Own orders as purchases by day, and what each customer's purchases show."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .inputs import Row
from .numbers import ZERO
from .policies import Policies

# What a backtest needs: so many days to learn from, and so many to be held to.
LEAST_HISTORY_DAYS = 90
LEAST_HELD_OUT_DAYS = 30
DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True)
class Cut:
    """A day at which customers are looked at, and how far ahead."""

    name: str
    day: date
    horizon_days: float
    skip_reason: str | None = None


@dataclass(frozen=True)
class Purchase:
    """All own orders of a customer on one day."""

    day: date
    spend: Decimal
    margin: Decimal


@dataclass(frozen=True)
class Summary:
    """A customer's purchases up to a cut; spans in days.

    A purchase that brought nothing counts in the frequency, not in the value.
    """

    customer_key: str
    frequency: int
    recency: int
    age: int
    paid_frequency: int
    mean_value: float | None
    first_spend: Decimal
    paid_purchases: int
    paid_revenue: Decimal
    paid_margin: Decimal


Purchases = dict[str, list[Purchase]]


def purchases(own_orders: list[Row]) -> Purchases:
    """By customer, in order of days."""
    spend: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    margin: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for row in own_orders:
        one = (row["customer_key"], row["order_date"])
        spend[one] += row["net_revenue"]
        margin[one] += row["gross_margin"]
    found: Purchases = defaultdict(list)
    for customer, day in sorted(spend):
        one = (customer, day)
        found[customer].append(Purchase(day, spend[one], margin[one]))
    return dict(found)


def cuts(
    bought: Purchases, term_starts: list[date], as_of: date, policies: Policies
) -> list[Cut]:
    """The as-of day, and the day that the backtest pretends is today."""
    now = Cut("as_of", as_of, policies.clv_horizon_months * DAYS_PER_MONTH)
    days = [one.day for own in bought.values() for one in own] or term_starts
    if not days:
        return [now]
    first, share = min(days), float(policies.backtest_share)
    # Halves away from zero.
    seen = math.floor((as_of - first).days * (1 - share) + 0.5)
    day = first + timedelta(days=seen)
    held_out = (as_of - day).days
    reason = None
    if share == 0:
        reason = "no share of the history is held out"
    elif seen < LEAST_HISTORY_DAYS:
        reason = "too little history before the cut"
    elif held_out < LEAST_HELD_OUT_DAYS:
        reason = "too little time after the cut"
    return [now, Cut("backtest", day, held_out, reason)]


def summaries(bought: Purchases, day: date) -> list[Summary]:
    found = []
    for customer, all_purchases in sorted(bought.items()):
        own = [one for one in all_purchases if one.day <= day]
        if own:
            found.append(summary(customer, own, day))
    return found


def summary(customer: str, own: list[Purchase], day: date) -> Summary:
    first, *repeats = own
    paid = [one for one in own if one.spend > 0]
    values = [one.spend for one in repeats if one.spend > 0]
    return Summary(
        customer_key=customer,
        frequency=len(repeats),
        recency=(own[-1].day - first.day).days,
        age=(day - first.day).days,
        paid_frequency=len(values),
        mean_value=float(sum(values) / len(values)) if values else None,
        first_spend=first.spend,
        paid_purchases=len(paid),
        paid_revenue=sum((one.spend for one in paid), start=ZERO),
        paid_margin=sum((one.margin for one in paid), start=ZERO),
    )


def margin_rates(everybody: list[Summary]) -> dict[str, float]:
    """Margin by revenue, drawn to that of all by one average purchase."""
    count = sum(one.paid_purchases for one in everybody)
    if not count:
        return {one.customer_key: 0.0 for one in everybody}
    usual_revenue = float(sum(one.paid_revenue for one in everybody)) / count
    usual_margin = float(sum(one.paid_margin for one in everybody)) / count
    return {
        one.customer_key: max(
            0.0,
            (float(one.paid_margin) + usual_margin)
            / (float(one.paid_revenue) + usual_revenue),
        )
        for one in everybody
    }
