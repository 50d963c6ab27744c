"""The demo's dirty rows: for each input, some that cannot be used, and why.

They are too few to stop a build of the demo (`max_rejected_share`).
"""

from perennial.demo_catalogue import make_products
from perennial.demo_stories import ADA, BEN, Row, row

_ORDERS = [
    # The same row once more: duplicate_row. The first one stays.
    {"customer_id": "ada-one-order", **ADA.orders[0]},
    # Nobody ordered it: missing_id:customer_id.
    row(
        order_id="dirty-no-customer",
        ordered_at="2024-03-08T12:00:00Z",
        gross_amount="25.00",
        status="completed",
    ),
    # A decimal comma: invalid_amount:gross_amount.
    row(
        order_id="dirty-decimal-comma",
        customer_id="c0012",
        ordered_at="2024-05-19T12:00:00Z",
        gross_amount="12,50",
        status="completed",
    ),
    # A day that does not exist: invalid_date:ordered_at.
    row(
        order_id="dirty-30-february",
        customer_id="c0034",
        ordered_at="2024-02-30",
        gross_amount="31.00",
        status="completed",
    ),
    # A negative price: negative_amount:gross_amount.
    row(
        order_id="dirty-negative",
        customer_id="c0056",
        ordered_at="2025-01-22T12:00:00Z",
        gross_amount="-19.00",
        status="completed",
    ),
]

_SUBSCRIPTIONS = [
    # Over, but nobody knows since when: ended_without_date.
    row(
        subscription_id="dirty-no-end",
        customer_id="c0078",
        started_at="2024-06-01",
        unit_amount="12.00",
        billing_interval="month",
        plan_id="basic",
        status="cancelled",
    ),
    # An interval that is not in the contract: unknown_billing_interval.
    row(
        subscription_id="dirty-fortnight",
        customer_id="c0090",
        started_at="2024-06-15",
        unit_amount="6.00",
        billing_interval="fortnight",
        plan_id="basic",
        status="active",
    ),
]

_SUBSCRIPTION_CHANGES = [
    # A change of nothing that is here: unknown_subscription.
    row(
        subscription_id="dirty-no-such-plan",
        changed_at="2024-09-01",
        quantity="2",
    ),
]

_ORDER_ITEMS = [
    # An item of an order that is not there: unknown_order.
    row(
        order_item_id="dirty-no-order-1",
        order_id="dirty-no-such-order",
        product_id="p09",
        quantity="1",
        unit_price="4.50",
    ),
    # A number in words: invalid_number:quantity.
    row(
        order_item_id="dirty-in-words-1",
        order_id="quinn-2",
        product_id="p32",
        quantity="two",
        unit_price="6.90",
    ),
]

_PRODUCTS = [
    # The same product once more: duplicate_row.
    make_products()[0],
]

_INVOICES = [
    # For a subscription that is not there: unknown_subscription.
    row(
        invoice_id="dirty-no-plan",
        subscription_id="dirty-no-such-plan",
        period_start="2024-09-01",
        period_end="2025-09-01",
        amount_due="140.00",
        status="open",
    ),
    # Over before it begins: end_before_start.
    row(
        invoice_id="dirty-backwards",
        subscription_id="carla-plan",
        period_start="2025-06-01",
        period_end="2024-06-01",
        amount_due="120.00",
        status="open",
    ),
]

_MARKETING_SPEND = [
    # A comma between the thousands: invalid_amount:amount.
    row(spend_date="2024-11-25", channel="social", amount="1,200.00"),
    # Nobody knows what for: missing_value:channel.
    row(spend_date="2025-03-10", amount="80.00", currency="USD"),
]

_PLATFORM_SESSIONS = [
    # No count, for a platform that has none: invalid_number:sessions.
    row(session_date="2024-02-12", platform="store", sessions="n/a"),
]

_EXCHANGE_RATES = [
    # A currency that is worth nothing: rate_not_positive.
    row(rate_date="2024-03-06", currency="EUR", rate="0"),
]

_CUSTOMER_EVENTS = [
    # It happened to nobody: missing_id:customer_id.
    row(
        event_id="dirty-nobody",
        occurred_at="2024-10-02T08:00:00Z",
        event_type="support_contact",
        channel="phone",
    ),
    # Month and day are a guess: invalid_date:occurred_at.
    row(
        event_id="dirty-date",
        customer_id="c0100",
        occurred_at="03/02/2025",
        event_type="login",
        channel="web",
    ),
]

_CUSTOMER_FEEDBACK = [
    # Off the scale: invalid_number:score.
    row(
        feedback_id="dirty-eleven",
        customer_id="c0110",
        submitted_at="2025-05-05T10:00:00Z",
        score="11",
    ),
    # The same answer once more: duplicate_row.
    {"customer_id": "ben-loyal-buyer", **BEN.feedback[0]},
]

DIRTY_ROWS: dict[str, list[Row]] = {
    "orders": _ORDERS,
    "subscriptions": _SUBSCRIPTIONS,
    "subscription_changes": _SUBSCRIPTION_CHANGES,
    "order_items": _ORDER_ITEMS,
    "products": _PRODUCTS,
    "invoices": _INVOICES,
    "marketing_spend": _MARKETING_SPEND,
    "platform_sessions": _PLATFORM_SESSIONS,
    "exchange_rates": _EXCHANGE_RATES,
    "customer_events": _CUSTOMER_EVENTS,
    "customer_feedback": _CUSTOMER_FEEDBACK,
}
