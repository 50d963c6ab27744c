"""Which column of the contract a foreign column name most likely means.

Three ways, the surest first: a name that is commonly used for the column, the
same words (basket_id and order_id), nearly the same letters (costumer_id).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from perennial.contract import DATE_KINDS, Table

# Common names of a contract column, the likeliest first.
COLUMN_NAMES: Mapping[str, Sequence[str]] = {
    "acquisition_channel": ("channel", "source", "utm_source", "referrer"),
    "amount": ("spend", "cost", "ad_spend", "budget"),
    "amount_due": ("amount", "total", "invoice_total"),
    "amount_paid": ("paid", "paid_amount"),
    "amount_refunded": ("refunded", "refund", "refund_amount", "refunded_amount"),
    "billing_interval": ("interval", "billing_period", "billing_cycle", "frequency"),
    "birth_date": ("dob", "date_of_birth", "birthday", "birthdate"),
    "cancel_reason": ("cancellation_reason", "churn_reason", "reason"),
    "cancel_requested_at": ("cancellation_date", "cancelled_at", "cancelled_on"),
    "category": ("product_category", "product_type", "department"),
    "channel": ("source", "medium", "campaign", "utm_source"),
    "cost_amount": ("cost", "cogs", "cost_of_goods"),
    "country": ("country_code", "billing_country", "shipping_country"),
    "created_at": ("signup_date", "signed_up_at", "registered_at", "joined_at"),
    "currency": ("currency_code", "ccy"),
    "customer_id": ("customer", "client", "user", "buyer", "contact_id"),
    "deleted_at": ("_deleted_at", "removed_at", "_ab_cdc_deleted_at"),
    "discount_amount": ("discount", "discounts", "total_discounts"),
    "email": ("email_address", "e_mail", "mail"),
    "ended_at": ("end", "expires_at", "expired_at", "cancelled_at", "churned_at"),
    "event_type": ("event", "event_name", "type", "action"),
    "gender": ("sex",),
    "gross_amount": ("subtotal", "subtotal_price", "gross_sales", "net_sales"),
    "income_band": ("income", "income_range", "income_group"),
    "list_price": ("msrp", "rrp", "regular_price", "compare_at_price"),
    "loaded_at": ("_loaded_at", "ingested_at", "_fivetran_synced", "synced_at"),
    "order_id": ("order", "order_name", "receipt_id", "invoice_id", "invoice_no"),
    "ordered_at": ("order_date", "purchased_at", "processed_at", "invoice_date"),
    "order_item_id": ("item_id", "line_id", "line_item_id", "order_line_id"),
    "paid_at": ("payment_date", "paid_on", "settled_at"),
    "period_end": ("end", "end_date", "service_end"),
    "period_start": ("start", "start_date", "service_start"),
    "plan_id": ("plan", "plan_name", "price_id", "tier"),
    "platform": ("device", "sales_channel", "device_type"),
    "product_id": ("sku", "product", "item_id", "variant_id", "upc", "asin"),
    "product_name": ("name", "title", "product", "description"),
    "quantity": ("qty", "units", "seats", "item_count", "licenses"),
    "rate": ("exchange_rate", "fx_rate", "conversion_rate"),
    "refunded_amount": ("refund", "refunds", "refunded", "amount_refunded"),
    "score": ("rating", "nps", "nps_score", "stars"),
    "session_date": ("day", "date"),
    "sessions": ("visits", "session_count", "traffic"),
    "shipping_amount": ("shipping", "freight", "shipping_cost", "total_shipping"),
    "started_at": ("start", "activated_at", "subscribed_at"),
    "status": ("state", "order_status", "financial_status", "payment_status"),
    "subscription_id": ("subscription", "contract_id"),
    "tax_amount": ("tax", "taxes", "vat", "sales_tax"),
    "unit_amount": ("price", "amount", "unit_price", "plan_amount", "mrr"),
    "unit_cost": ("cost", "cogs", "cost_price", "cost_per_item"),
    "unit_price": ("price", "amount", "item_price", "sale_price"),
}
# Names that mean a column by the part that it plays in its table.
KEY_NAMES = ("id", "uuid", "number", "key")
DATE_NAMES = (
    *("created_at", "date", "created", "timestamp", "datetime", "processed_at"),
    *("time", "day", "at"),
)
AMOUNT_NAMES = (
    *("sales", "revenue", "amount", "total", "price", "value", "total_price"),
    *("grand_total", "total_amount", "net_amount"),
)
# Words that mean the same in a name of several words.
SAME_WORDS = {
    **dict.fromkeys(
        ("client", "user", "buyer", "account", "member", "household", "shopper"),
        "customer",
    ),
    **dict.fromkeys(("basket", "transaction", "purchase", "ordered"), "order"),
    **dict.fromkeys(("date", "datetime", "timestamp", "time", "on"), "at"),
    **dict.fromkeys(("number", "no", "num", "key", "uuid", "guid"), "id"),
    **dict.fromkeys(("value", "total", "amt"), "amount"),
    **dict.fromkeys(("sales", "subtotal"), "gross"),
    **dict.fromkeys(("started", "starts"), "start"),
    **dict.fromkeys(("ended", "ends"), "end"),
    "changed": "change",
    "created": "create",
    "submitted": "submit",
    "occurred": "occur",
    "refunded": "refund",
    "paid": "pay",
    "payment": "pay",
}
LEAST_LIKENESS = 0.8


def find_lookalikes(
    table: Table, missing: Iterable[str], unused: Iterable[str]
) -> dict[str, list[str]]:
    """Missing column -> the unused names that look like it, the likeliest first.

    A name stands first for one column only; behind it stand other names that
    could be meant as well, unless they are taken themselves.
    """
    scored = sorted(
        (
            (_likeness(table, column, name), column in table.required, column, name)
            for column in missing
            for name in unused
        ),
        key=lambda pair: (-pair[0], not pair[1], *pair[2:]),
    )
    scored = [pair for pair in scored if pair[0] > 0]
    chosen: dict[str, str] = {}
    for _, _, column, name in scored:
        if column not in chosen and name not in chosen.values():
            chosen[column] = name
    others = {
        column: [
            name
            for _, _, other, name in scored
            if other == column and name not in chosen.values()
        ]
        for column in chosen
    }
    return {
        column: [chosen[column], *others[column]]
        for column in table.columns
        if column in chosen
    }


def fold(name: str) -> str:
    """A name in lower case with underscores: orderDate and "Order Date" are one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    folded = re.sub(r"[^0-9a-z]+", "_", parted.lower()).strip("_")
    return folded.replace("canceled", "cancelled")


def _likeness(table: Table, column: str, name: str) -> float:
    """From 1, surely meant, to 0, not alike."""
    folded = fold(name)
    if folded == column:
        return 1.0
    common = [*COLUMN_NAMES.get(column, ()), *_names_by_part(table, column)]
    if folded in common:
        return 0.99 - 0.01 * common.index(folded)
    if _words(folded) == _words(column):
        return 0.95
    ratio = SequenceMatcher(None, folded, column).ratio()
    return 0.8 * ratio if ratio >= LEAST_LIKENESS else 0.0


def _names_by_part(table: Table, column: str) -> tuple[str, ...]:
    if table.key == (column,):
        return KEY_NAMES
    if column == table.dated_by and table.columns[column] in DATE_KINDS:
        return DATE_NAMES
    return AMOUNT_NAMES if column == table.amount else ()


def _words(name: str) -> set[str]:
    return {SAME_WORDS.get(word, word) for word in name.split("_")}
