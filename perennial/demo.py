"""Write the demo's input files: the same bytes for the same seed everywhere.

A table is one entry of COLUMNS and one of the dictionary that `make_tables`
returns: the rows of the named customers first, then the generated ones, then
the dirty ones.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from perennial import demo_stories as stories
from perennial.demo_shop import Row, make_customers, make_orders
from perennial.demo_subscriptions import make_subscriptions

DEFAULT_SEED = 20230101

COLUMNS = {
    "customers": (
        "customer_id",
        "created_at",
        "email",
        "acquisition_channel",
        "platform",
        "country",
        "gender",
        "birth_date",
        "income_band",
        "interests",
    ),
    "orders": (
        "order_id",
        "customer_id",
        "ordered_at",
        "gross_amount",
        "currency",
        "status",
        "discount_amount",
        "refunded_amount",
        "refunded_at",
        "tax_amount",
        "shipping_amount",
        "cost_amount",
        "platform",
        "subscription_id",
    ),
    "subscriptions": (
        "subscription_id",
        "customer_id",
        "started_at",
        "unit_amount",
        "billing_interval",
        "billing_interval_count",
        "quantity",
        "currency",
        "discount_amount",
        "discount_is_recurring",
        "plan_id",
        "status",
        "trial_ends_at",
        "ended_at",
        "cancel_requested_at",
        "cancel_reason",
        "is_involuntary",
    ),
    "subscription_changes": (
        "subscription_id",
        "changed_at",
        "plan_id",
        "unit_amount",
        "quantity",
        "discount_amount",
        "discount_is_recurring",
        "billing_interval",
        "billing_interval_count",
        "status",
    ),
}


def write_demo(folder: Path, seed: int = DEFAULT_SEED) -> dict[str, int]:
    """Write every table of the demo as CSV; the number of rows of each."""
    tables = make_tables(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        content = to_csv(COLUMNS[name], rows)
        (folder / f"{name}.csv").write_bytes(content.encode("utf-8"))
    return {name: len(rows) for name, rows in tables.items()}


def make_tables(seed: int) -> dict[str, list[Row]]:
    """The rows of every table of the demo."""
    customers = make_customers(seed)
    orders = make_orders(seed, customers)
    subscriptions, changes = make_subscriptions(seed, customers)
    return {
        "customers": [
            *(story.customer for story in stories.STORIES),
            *(customer.row for customer in customers),
        ],
        "orders": [*_told("orders"), *orders, *stories.DIRTY_ORDERS],
        "subscriptions": [
            *_told("subscriptions"),
            *subscriptions,
            *stories.DIRTY_SUBSCRIPTIONS,
        ],
        "subscription_changes": [
            *(change for story in stories.STORIES for change in story.changes),
            *changes,
            *stories.DIRTY_CHANGES,
        ],
    }


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as CSV; a column that a row does not name is empty in it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _told(table: str) -> list[Row]:
    """The stories' rows of a table, each with its story's customer."""
    return [
        {"customer_id": story.customer["customer_id"], **row}
        for story in stories.STORIES
        for row in getattr(story, table)
    ]
