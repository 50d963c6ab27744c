"""A subscription's state, and what it pays per month, on any given day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .inputs import Inputs, Row, first_paying_day
from .numbers import ZERO, rounded
from .policies import Policies
from .rates import Rates

PAYING = {"active", "past_due"}
MONTHS_PER_INTERVAL = {
    "day": Fraction(12, 365),
    "week": Fraction(84, 365),
    "month": Fraction(1),
    "quarter": Fraction(3),
    "year": Fraction(12),
}
CHANGEABLE = (
    *("plan_id", "unit_amount", "quantity", "discount_amount"),
    *("discount_is_recurring", "billing_interval", "billing_interval_count"),
)
DEFAULTS = {
    "quantity": Decimal(1),
    "discount_amount": ZERO,
    "discount_is_recurring": True,
    "billing_interval_count": Decimal(1),
}


@dataclass(frozen=True)
class Change:
    """What a change names, from its day on."""

    day: date
    values: Row
    status: str | None


@dataclass
class Subscription:
    """The latest known row, and the changes on record."""

    subscription_id: str
    customer_key: str
    start: date
    end: date | None
    trial_end: date | None
    row_status: str | None
    row: Row
    cancel_reason: str | None
    is_involuntary: bool | None
    currency: str
    rates: Rates
    # None where each version has the rate of its own first day.
    fixed_rate: Decimal | None
    changes: list[Change] = field(default_factory=list)
    # Set by terms.row_status_day: from when past_due, unpaid or paused applies.
    row_status_from: date | None = None


def subscriptions(inputs: Inputs, policies: Policies) -> list[Subscription]:
    changes: dict[str, list[Row]] = defaultdict(list)
    for row in inputs.accepted("subscription_changes"):
        changes[row["subscription_id"]].append(row)
    return [
        subscription(row, changes[row["subscription_id"]], inputs.rates, policies)
        for row in inputs.accepted("subscriptions")
    ]


def subscription(
    row: Row, changes: list[Row], rates: Rates, policies: Policies
) -> Subscription:
    is_fixed = policies.fx_rate_policy == "subscription_start"
    first_rate = rates.on(row["currency"], first_paying_day(row))
    return Subscription(
        subscription_id=row["subscription_id"],
        customer_key=f"files:{row['customer_id']}",
        start=row["started_date"],
        end=row["ended_date"],
        trial_end=row["trial_ends_date"],
        row_status=row["status"],
        row=DEFAULTS | given(row) | {"plan_id": row["plan_id"]},
        cancel_reason=row["cancel_reason"],
        is_involuntary=row["is_involuntary"],
        currency=row["currency"],
        rates=rates,
        fixed_rate=first_rate if is_fixed else None,
        changes=[
            Change(change["changed_date"], given(change), change["status"])
            for change in sorted(changes, key=lambda change: change["changed_at"])
        ],
    )


def given(row: Row) -> Row:
    """The cells that say something: an empty one means unchanged."""
    return {c: row[c] for c in CHANGEABLE if row[c] is not None}


def exists_on(sub: Subscription, day: date) -> bool:
    return sub.start <= day and (sub.end is None or day < sub.end)


def values_on(sub: Subscription, day: date) -> Row:
    """Plan, price and interval at the end of the day."""
    values = dict(sub.row)
    for change in sub.changes:
        if change.day <= day:
            values |= change.values
    return values


def status_on(sub: Subscription, day: date) -> str:
    """The status at the end of the day."""
    if sub.row_status_from and day >= sub.row_status_from:
        return sub.row_status
    named = [c.status for c in sub.changes if c.day <= day and c.status]
    if named:
        return named[-1]
    if sub.row_status in ("incomplete", "incomplete_expired"):
        return sub.row_status
    if sub.row_status == "trialing" and sub.trial_end is None:
        return "trialing"
    is_trial = sub.trial_end is not None and day < sub.trial_end
    return "trialing" if is_trial else "active"


def rate_on(sub: Subscription, day: date) -> Decimal:
    """The exchange rate that the subscription has on the day."""
    if sub.fixed_rate is not None:
        return sub.fixed_rate
    return sub.rates.on(sub.currency, version_start(sub, day))


def billed_on(sub: Subscription, day: date) -> Decimal:
    """The price of a billing period that starts on the day, as reported."""
    return rounded(price_of(values_on(sub, day)) * Fraction(rate_on(sub, day)))


def mrr_on(sub: Subscription, day: date) -> Decimal:
    """What the subscription pays per month at the end of the day."""
    if not exists_on(sub, day) or status_on(sub, day) not in PAYING:
        return ZERO
    values = values_on(sub, day)
    interval = MONTHS_PER_INTERVAL[values["billing_interval"]]
    months = interval * int(values["billing_interval_count"])
    return max(ZERO, rounded(Fraction(billed_on(sub, day)) / months))


def price_of(values: Row) -> Fraction:
    """The price of one billing period, before a discount that does not recur."""
    price = Fraction(values["quantity"]) * Fraction(values["unit_amount"])
    if values["discount_is_recurring"]:
        price -= Fraction(values["discount_amount"])
    return price


def change_days(sub: Subscription, as_of: date) -> list[date]:
    """Every day up to as-of on which the state may differ from the day before."""
    days = {sub.start, sub.end, sub.trial_end, sub.row_status_from}
    days |= {change.day for change in sub.changes}
    return sorted(day for day in days if day and sub.start <= day <= as_of)


def version_start(sub: Subscription, day: date) -> date:
    """The first day of the version that holds the day."""
    days = {sub.start} | {change.day for change in sub.changes}
    named = [change.day for change in sub.changes if change.status]
    # Once a change has named a status, the trial's end changes nothing.
    if sub.trial_end and not any(n <= sub.trial_end for n in named):
        days.add(sub.trial_end)
    return max(d for d in days if sub.start <= d <= day)


def total_mrr(subs: list[Subscription], day: date) -> Decimal:
    return sum((mrr_on(sub, day) for sub in subs), start=ZERO)


def leading(subs: list[Subscription], day: date) -> Subscription | None:
    """The subscription that pays most on the day."""
    paying = [sub for sub in subs if mrr_on(sub, day) > 0]
    by_size = sorted(paying, key=lambda s: (-mrr_on(s, day), s.subscription_id))
    return by_size[0] if by_size else None
