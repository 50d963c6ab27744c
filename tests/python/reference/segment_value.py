"""What the customers of each segment, channel, country, ... are worth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from .inputs import Row
from .numbers import ZERO, ratio, rounded
from .policies import Policies
from .value import Periods, group_lifespan

# What an attribute is called, and the column of dim_customers that holds it.
COLUMNS = {
    "channel": "acquisition_channel",
    "platform": "platform",
    "country": "country",
    "age_band": "age_band",
    "gender": "gender",
    "income_band": "income_band",
    "plan": "current_plan_id",
}


@dataclass(frozen=True)
class Portfolio:
    """Everybody, and what is known of them."""

    customers: list[Row]
    segments: list[Row]
    values: list[Row]
    own_orders: list[Row]
    periods: Periods | None


def attributed(customer: Row, segment: Row) -> Row:
    """The customer's value of each attribute."""
    found = {name: customer[column] or "none" for name, column in COLUMNS.items()}
    return found | {
        "segment": segment["rfm_segment"],
        "feedback_band": segment["feedback_band"],
    }


def segment_value(everybody: Portfolio, policies: Policies) -> list[Row]:
    segments = {row["customer_key"]: row for row in everybody.segments}
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for customer in everybody.customers:
        key = customer["customer_key"]
        for name, value in attributed(customer, segments[key]).items():
            groups[name, value].add(key)
    return [
        {"attribute_name": name, "attribute_value": value}
        | worth(members, everybody, policies)
        for (name, value), members in groups.items()
    ]


def worth(members: set[str], everybody: Portfolio, policies: Policies) -> Row:
    payers = {
        row["customer_key"]
        for row in everybody.customers
        if row["first_paid_date"] is not None
    }
    money = {row["customer_key"]: row for row in everybody.values}
    segments = [r for r in everybody.segments if r["customer_key"] in members]
    buyers = [row for row in segments if row["frequency"] >= 1]
    average = average_worth(payers & members, money)
    average_of_all = average_worth(payers, money)
    revenue = total_revenue(members, money)
    is_known = average is not None and average_of_all
    own = [o for o in everybody.own_orders if o["customer_key"] in members]
    return {
        "customers": len(payers & members),
        "average_total_clv": average,
        "revenue": revenue,
        "revenue_share": ratio(revenue, total_revenue(set(money), money)),
        "repeat_rate": share_of(buyers, "is_repeat_customer"),
        "high_value_customer_share": share_of(buyers, "is_high_value"),
        "clv_index": average / average_of_all if is_known else None,
    } | levers(own, everybody.periods, policies)


def average_worth(customers: set[str], money: dict[str, Row]) -> Decimal | None:
    worths = (money[customer]["total_clv"] for customer in customers)
    return ratio(sum(worths, start=ZERO), len(customers))


def total_revenue(customers: set[str], money: dict[str, Row]) -> Decimal:
    return sum((money[c]["historical_revenue"] for c in customers), start=ZERO)


def share_of(rows: list[Row], flag: str) -> Decimal | None:
    return ratio(sum(row[flag] for row in rows), len(rows))


def levers(own: list[Row], shared: Periods | None, policies: Policies) -> Row:
    """Formula CLV of the group as a whole, and its three factors."""
    earned = sum((order["net_revenue"] for order in own), start=ZERO)
    average = rounded(earned / len(own)) if own else None
    frequency = group_frequency(own, shared)
    lifespan = None
    if shared:
        lifespan = group_lifespan(own, shared, policies.max_lifetime_months)
    is_known = None not in (average, frequency, lifespan)
    return {
        "average_order_value": average,
        "purchase_frequency": frequency,
        "lifespan_months": lifespan,
        "formula_clv": average * frequency * lifespan if is_known else None,
    }


def group_frequency(own: list[Row], shared: Periods | None) -> Decimal | None:
    """Orders in full periods, by the periods in which each customer bought."""
    if not shared:
        return None
    bought = [(o["customer_key"], shared.number(o["order_date"])) for o in own]
    bought = [one for one in bought if one[1] is not None]
    return ratio(len(bought), len(set(bought)) * shared.months)
