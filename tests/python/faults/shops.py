"""Two inputs, A and B, that differ in nearly every mart.

A is the demo. B is A with more of everything in the month that is running on
`AS_OF`: months that are over are told alike, so no audit stands between the two,
whichever comes first. What B adds stands for a day's new rows.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

DEMO = Path(__file__).parents[3] / "data/demo"
AS_OF = date(2025, 12, 17)
FIRST_DAY = date(2025, 12, 1)
# The same in both: nothing that is over has changed.
ALIKE = {"rpt_closed_months", "rpt_restatements"}

Row = dict[str, object]


def write_shops(folder: Path) -> dict[str, Path]:
    """Write both inputs below `folder`: name to folder."""
    shops = {"A": folder / "a", "B": folder / "b"}
    for shop in shops.values():
        shutil.copytree(DEMO, shop)
    for table, rows in additions().items():
        append(shops["B"] / f"{table}.csv", rows)
    return shops


def append(file: Path, rows: Iterable[Row]) -> None:
    """Write rows at the end of a file, by its own header."""
    with file.open(encoding="utf-8", newline="") as written:
        columns = next(csv.reader(written))
    with file.open("a", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
        writer.writerows(rows)


def additions() -> dict[str, list[Row]]:
    """What B has more than A, by table."""
    customers = [f"new-{number:02d}" for number in range(40)]
    orders = [
        order(customer, number, day)
        for number, customer in enumerate(customers)
        for day in (number % 9, number % 9 + 3, number % 9 + 6)
    ]
    # Known customers too: what the backtest did not see of them has grown.
    orders += [order(f"c{number:04d}", number, 12) for number in range(20, 80)]
    unusable = order("c0021", 0, 13) | {"order_id": "new-bad", "gross_amount": "-1"}
    return {
        "customers": [customer(name, n) for n, name in enumerate(customers)],
        "products": [
            {
                "product_id": "new-tray",
                "product_name": "Tray",
                "category": "kitchen",
                "list_price": "30.00",
                "unit_cost": "11.00",
            }
        ],
        "orders": [*orders, unusable],
        "order_items": [item(row) for row in orders],
        **subscriptions(customers),
        "marketing_spend": [
            {"spend_date": day(9), "channel": "email", "amount": "250.00"}
        ],
        "platform_sessions": [
            {"session_date": day(n), "platform": "kiosk", "sessions": 30 + n}
            for n in range(10)
        ],
        "customer_events": [
            {
                "event_id": f"{name}-login",
                "customer_id": name,
                "occurred_at": f"{day(14)}T10:00:00Z",
                "event_type": "login",
                "channel": "web",
            }
            for name in customers
        ],
        "customer_feedback": [
            {
                "feedback_id": f"{name}-score",
                "customer_id": name,
                "submitted_at": f"{day(14)}T10:00:00Z",
                "score": number % 11,
            }
            for number, name in enumerate(customers)
        ],
    }


def day(number: int) -> str:
    """A day of the running month, counted from 0."""
    return (FIRST_DAY + timedelta(days=number)).isoformat()


def customer(name: str, number: int) -> Row:
    return {
        "customer_id": name,
        "created_at": f"{day(0)}T08:00:00Z",
        "email": f"{name}@example.com",
        "acquisition_channel": ("email", "organic", "paid_search")[number % 3],
        "platform": "kiosk",
        "country": ("GB", "US", "CA")[number % 3],
        "gender": ("female", "male")[number % 2],
        "birth_date": f"{1960 + number}-05-17",
        "income_band": "30k_to_60k",
    }


def order(customer_id: str, number: int, on: int) -> Row:
    return {
        "order_id": f"new-{customer_id}-{on}",
        "customer_id": customer_id,
        "ordered_at": f"{day(on)}T12:00:00Z",
        "gross_amount": f"{60 + number}.00",
        "status": "completed",
        "cost_amount": "25.00",
        "platform": "kiosk",
    }


def item(of: Row) -> Row:
    return {
        "order_item_id": f"{of['order_id']}-1",
        "order_id": of["order_id"],
        "product_id": "new-tray",
        "quantity": 2,
        "unit_price": "30.00",
    }


def subscriptions(customers: list[str]) -> dict[str, list[Row]]:
    """Renewed weekly, grown, cancelled, and tried before it was bought."""
    weekly, grown, cancelled, tried = customers[:4]
    plans = [
        plan(weekly, billing_interval="week", unit_amount="5.00"),
        plan(grown, unit_amount="30.00"),
        plan(
            cancelled,
            status="canceled",
            ended_at=day(9),
            cancel_reason="too expensive",
        ),
        plan(tried, trial_ends_at=day(7)),
    ]
    grows: Row = {
        "subscription_id": f"{grown}-plan",
        "changed_at": day(8),
        "unit_amount": "30.00",
    }
    starts: Row = {
        "subscription_id": f"{grown}-plan",
        "changed_at": day(0),
        "unit_amount": "20.00",
    }
    paid: Row = {
        "invoice_id": f"{grown}-1",
        "subscription_id": f"{grown}-plan",
        "period_start": day(0),
        "period_end": "2026-01-01",
        "amount_due": "20.00",
        "amount_paid": "20.00",
        "paid_at": f"{day(0)}T10:00:00Z",
        "status": "paid",
    }
    return {
        "subscriptions": plans,
        "subscription_changes": [starts, grows],
        "invoices": [paid],
    }


def plan(customer_id: str, **more: str) -> Row:
    return {
        "subscription_id": f"{customer_id}-plan",
        "customer_id": customer_id,
        "started_at": day(0),
        "unit_amount": "20.00",
        "billing_interval": "month",
        "plan_id": "basic",
        "status": "active",
    } | more
