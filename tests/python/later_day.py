"""An input a day later: rows that came late, changed, moved or went.

Source systems overwrite. Of every table some rows have other values than the
day before, some are gone, and some are new but tell of months that were closed.
"""

from __future__ import annotations

import random
from datetime import timedelta

from worlds import AS_OF

NEXT_DAY = AS_OF + timedelta(days=1)
ARRIVED = f"{NEXT_DAY.isoformat()}T04:30:00Z"
SEED = 81
# Of a hundred rows of a table.
DELETED, CHANGED, LATE = 2, 4, 2

Row = dict[str, str]
Tables = dict[str, list[Row]]


def of(tables: Tables) -> Tables:
    """The same tables after a day of the shop."""
    rng = random.Random(SEED)
    later = {}
    for table, rows in tables.items():
        kept = [row for row in rows if rng.randrange(100) >= DELETED]
        later[table] = [
            changed(table, row, kept, rng) if rng.randrange(100) < CHANGED else row
            for row in kept
        ]
        if table in LATE_KEYS:
            later[table] += [
                late(table, number, rng.choice(kept), rng)
                for number in range(1 + len(kept) * LATE // 100)
            ]
    return later


def changed(table: str, row: Row, others: list[Row], rng: random.Random) -> Row:
    """The row with one thing another way; half of them say when they arrived."""
    change = rng.choice(CHANGES.get(table, ((),)))
    values = {name: rng.choice(texts) for name, texts in change}
    if "customer_id" in values:
        values["customer_id"] = rng.choice(others)["customer_id"]
    return row | values | {"loaded_at": rng.choice((row.get("loaded_at", ""), ARRIVED))}


def late(table: str, number: int, like: Row, rng: random.Random) -> Row:
    """A row of a day long past that was not there the day before."""
    key, day = LATE_KEYS[table]
    values = {day: (AS_OF - timedelta(days=rng.randint(0, 500))).isoformat()}
    if key:
        values[key] = f"late-{table}-{number}"
    return like | values | {"loaded_at": rng.choice(("", ARRIVED))}


# Column and the texts of which it gets one; customer_id becomes another one.
CHANGES: dict[str, tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]] = {
    "customers": (
        (("acquisition_channel", ("ads", "")),),
        (("email", ("moved-in@awkward.example", "", "ada@example.com")),),
        (("country", ("FR", "")), ("platform", ("app", ""))),
    ),
    "orders": (
        (("gross_amount", ("1.23", "99.999999", "0", "x")),),
        (("customer_id", ("",)),),
        (("status", ("cancelled", "paid", "refunded")),),
        (("refunded_amount", ("1", "7.77")), ("refunded_at", ("", "2024-11-16"))),
        (("ordered_at", ("2023-10-31T23:59:59Z", "2024-11-18T00:00:00Z")),),
    ),
    "order_items": ((("quantity", ("3", "0", "-1")),), (("unit_price", ("4.44",)),)),
    "products": ((("category", ("other", "")),), (("unit_cost", ("1.11", "")),)),
    "subscriptions": (
        (("unit_amount", ("11.11", "0", "-1")),),
        (("ended_at", ("2024-11-10", "2024-11-18", "")), ("status", ("",))),
        (("plan_id", ("pro", "team")), ("quantity", ("2", "5"))),
        (("status", ("paused", "past_due", "active")),),
        (("customer_id", ("",)),),
    ),
    "subscription_changes": (
        (("unit_amount", ("12.12",)),),
        (("quantity", ("4",)),),
        (("status", ("paused", "active")),),
    ),
    "invoices": ((("amount_paid", ("0", "5.55")),), (("status", ("void", "paid")),)),
    "marketing_spend": ((("amount", ("77.7", "x")),),),
    "platform_sessions": ((("sessions", ("12", "")),),),
    "exchange_rates": ((("rate", ("1.5", "0")),),),
    "customer_events": ((("event_type", ("login",)),), (("customer_id", ("",)),)),
    "customer_feedback": ((("score", ("0", "11")),),),
}
# What a late row has of its own: its id, and its day.
LATE_KEYS = {
    "orders": ("order_id", "ordered_at"),
    "subscriptions": ("subscription_id", "started_at"),
    "subscription_changes": ("", "changed_at"),
    "invoices": ("invoice_id", "paid_at"),
    "marketing_spend": ("", "spend_date"),
    "customer_events": ("event_id", "occurred_at"),
    "customer_feedback": ("feedback_id", "submitted_at"),
}
