"""What a customer cost by channel, and when it had earned that back."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from .inputs import Inputs, Row
from .months import month_end, month_of, months_from
from .numbers import ZERO, ratio, rounded
from .revenue import Payment


def spending(inputs: Inputs) -> list[tuple[date, str, Decimal]]:
    """Each spend as its day, channel and amount in the reporting currency."""
    return [
        (
            row["spend_date"],
            row["channel"],
            rounded(
                row["amount"] * inputs.rates.on(row["currency"], row["spend_date"])
            ),
        )
        for row in inputs.accepted("marketing_spend")
    ]


def cac_monthly(
    spends: list[tuple[date, str, Decimal]],
    customers: list[Row],
    values: list[Row],
    payments: list[Payment],
    as_of: date,
) -> list[Row]:
    if not spends:
        return []
    spent: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for day, channel, amount in spends:
        spent[month_of(day), channel] += amount
    days = [day for day, *_ in spends]
    covered = months_from(min(days), max(days))
    cohorts: dict[tuple[date, str], set[str]] = defaultdict(set)
    for row in customers:
        if row["acquired_month"] in covered:
            group = (row["acquired_month"], row["acquisition_channel"])
            cohorts[group].add(row["customer_key"])
    worths = {row["customer_key"]: row["total_clv"] for row in values}
    return [
        cac_month(group, spent.get(group, ZERO), cohorts.get(group, set()), worths)
        | {
            "cac_payback_months": payback_months(
                group[0],
                spent.get(group, ZERO),
                [p for p in payments if p.customer_key in cohorts.get(group, set())],
                as_of,
            )
        }
        for group in sorted(spent.keys() | cohorts.keys())
    ]


def cac_month(
    group: tuple[date, str],
    spend: Decimal,
    cohort: set[str],
    worths: dict[str, Decimal],
) -> Row:
    cac = ratio(spend, len(cohort))
    worth = ratio(sum((worths[c] for c in cohort), start=ZERO), len(cohort))
    return {
        "spend_month": group[0],
        "channel": group[1],
        "spend": spend,
        "new_customers": len(cohort),
        "cac": cac,
        "average_clv": worth,
        "clv_to_cac_ratio": worth / cac if cac else None,
    }


def payback_months(
    acquired: date, spend: Decimal, payments: list[Payment], as_of: date
) -> int | None:
    """In which month of its life the cohort had earned what it cost."""
    if not spend or not payments:
        return None
    for number, month in enumerate(months_from(acquired, as_of), start=1):
        earned = (p.margin for p in payments if p.day <= month_end(month))
        if sum(earned, start=ZERO) >= spend:
            return number
    return None
