"""The twelve tables: what each column may hold, and which must be there."""

from __future__ import annotations

from dataclasses import dataclass

IDS = {"id"}
DATES = {"date", "timestamp", "end_timestamp"}
AMOUNTS = {"amount"}
NUMBERS = {"number", "count", "rate", "score"}
BOOLEANS = {"boolean"}


@dataclass(frozen=True)
class Contract:
    """What one table may hold; `!` marks a column that must be given."""

    text: str
    key: tuple[str, ...] = ()
    dated_by: str = ""
    primary_amount: str = ""

    @property
    def kinds(self) -> dict[str, str]:
        """Column to kind, in the order of the contract."""
        words = (word.rstrip("!").split(":") for word in self.text.split())
        return {column: kind for column, kind in words}

    @property
    def required(self) -> set[str]:
        marked = (word for word in self.text.split() if word.endswith("!"))
        return {word.split(":")[0] for word in marked}

    def of(self, kinds: set[str]) -> list[str]:
        """The columns of some kinds."""
        return [column for column, kind in self.kinds.items() if kind in kinds]


DELETED = "deleted_at:timestamp"
CONTRACTS = {
    "customers": Contract(
        "customer_id:id! created_at:timestamp email:text acquisition_channel:text "
        "platform:text country:text gender:text birth_date:date income_band:text "
        "interests:text external_customer_ids:ids loaded_at:timestamp " + DELETED,
        key=("customer_id",),
    ),
    "orders": Contract(
        "order_id:id! customer_id:id! subscription_id:id ordered_at:timestamp! "
        "gross_amount:amount! currency:currency status:category "
        "discount_amount:amount refunded_amount:amount refunded_at:timestamp "
        "tax_amount:amount shipping_amount:amount cost_amount:amount platform:text "
        "loaded_at:timestamp " + DELETED,
        key=("order_id",),
        dated_by="ordered_at",
        primary_amount="gross_amount",
    ),
    "order_items": Contract(
        "order_item_id:id! order_id:id! product_id:id! quantity:number! "
        "unit_price:amount! list_price:amount unit_cost:amount "
        "discount_amount:amount loaded_at:timestamp " + DELETED,
        key=("order_item_id",),
        primary_amount="unit_price",
    ),
    "products": Contract(
        "product_id:id! product_name:text category:text list_price:amount "
        "unit_cost:amount loaded_at:timestamp " + DELETED,
        key=("product_id",),
    ),
    "subscriptions": Contract(
        "subscription_id:id! customer_id:id! plan_id:id started_at:timestamp! "
        "unit_amount:amount! billing_interval:interval! billing_interval_count:count "
        "quantity:number currency:currency discount_amount:amount "
        "discount_is_recurring:boolean status:status trial_ends_at:timestamp "
        "ended_at:end_timestamp cancel_requested_at:timestamp "
        "cancel_reason:category is_involuntary:boolean loaded_at:timestamp " + DELETED,
        key=("subscription_id",),
        dated_by="started_at",
        primary_amount="unit_amount",
    ),
    "subscription_changes": Contract(
        "subscription_id:id! changed_at:timestamp! plan_id:id unit_amount:amount "
        "quantity:number discount_amount:amount discount_is_recurring:boolean "
        "billing_interval:interval billing_interval_count:count status:status "
        "loaded_at:timestamp " + DELETED,
        key=("subscription_id", "changed_at"),
        dated_by="changed_at",
        primary_amount="unit_amount",
    ),
    "invoices": Contract(
        "invoice_id:id! subscription_id:id! period_start:timestamp! "
        "period_end:end_timestamp! amount_due:amount! amount_paid:amount "
        "tax_amount:amount amount_refunded:amount currency:currency "
        "paid_at:timestamp status:category loaded_at:timestamp " + DELETED,
        key=("invoice_id",),
        primary_amount="amount_due",
    ),
    "marketing_spend": Contract(
        "spend_date:date! channel:text! amount:amount! currency:currency "
        "loaded_at:timestamp " + DELETED,
        dated_by="spend_date",
        primary_amount="amount",
    ),
    "platform_sessions": Contract(
        "session_date:date! platform:text! sessions:number! loaded_at:timestamp "
        + DELETED,
        key=("session_date", "platform"),
        dated_by="session_date",
    ),
    "exchange_rates": Contract(
        "rate_date:date! currency:currency! rate:rate! loaded_at:timestamp " + DELETED,
        key=("rate_date", "currency"),
        dated_by="rate_date",
    ),
    "customer_events": Contract(
        "event_id:id! customer_id:id! occurred_at:timestamp! event_type:category! "
        "channel:text loaded_at:timestamp " + DELETED,
        key=("event_id",),
        dated_by="occurred_at",
    ),
    "customer_feedback": Contract(
        "feedback_id:id! customer_id:id! submitted_at:timestamp! score:score! "
        "loaded_at:timestamp " + DELETED,
        key=("feedback_id",),
        dated_by="submitted_at",
    ),
}
