"""Orders as they count: what was earned, and which of them are a billing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .inputs import Inputs, Row
from .numbers import ZERO

NOT_COUNTED = {"cancelled", "failed", "draft", "test"}


def orders(inputs: Inputs, as_of: date) -> list[Row]:
    rows = [
        order_row(raw, as_of)
        for raw in inputs.accepted("orders")
        if raw["status"] not in NOT_COUNTED
    ]
    first = first_order_ids(rows)
    for row in rows:
        row["is_first_order"] = row["order_id"] in first
    return rows


def order_row(raw: Row, as_of: date) -> Row:
    discount = raw["discount_amount"] or ZERO
    refunded = refunded_so_far(raw, as_of)
    net = raw["gross_amount"] - discount - refunded
    cost = raw["cost_amount"]
    return {
        "order_id": raw["order_id"],
        "customer_key": f"files:{raw['customer_id']}",
        "ordered_at": raw["ordered_at"],
        "order_date": raw["ordered_at"].date(),
        "order_status": raw["status"],
        "platform": raw["platform"],
        "subscription_id": raw["subscription_id"],
        "is_subscription_billing": raw["subscription_id"] is not None,
        "gross_amount": raw["gross_amount"],
        "discount_amount": discount,
        "refunded_amount": refunded,
        "net_revenue": net,
        "gross_margin": net if cost is None else net - cost,
        "margin_is_estimated": cost is None,
        "is_full_price": discount == 0,
    }


def refunded_so_far(raw: Row, as_of: date) -> Decimal:
    if raw["refunded_at"] and raw["refunded_at"].date() > as_of:
        return ZERO
    return raw["refunded_amount"] or ZERO


def first_order_ids(rows: list[Row]) -> set[str]:
    """Each customer's first order that is not the billing of a subscription."""
    first: dict[str, Row] = {}
    for row in sorted(own_orders(rows), key=lambda r: (r["ordered_at"], r["order_id"])):
        first.setdefault(row["customer_key"], row)
    return {row["order_id"] for row in first.values()}


def own_orders(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row["is_subscription_billing"]]
