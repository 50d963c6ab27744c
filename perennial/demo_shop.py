"""The demo's generated customers and their orders: a small, growing shop.

Customers buy as in BG/NBD: everyone at a rate of their own, and after each
order some leave for good. What they spend follows Gamma-Gamma.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from perennial.demo_draws import Draws

Row = dict[str, str]

FIRST_DAY = date(2023, 1, 1)
LAST_DAY = date(2025, 12, 31)
DAY_COUNT = (LAST_DAY - FIRST_DAY).days + 1
CUSTOMER_COUNT = 2000

# How many come by a channel, and how good they are: 1 is average.
CHANNEL_SHARES = {
    "organic": 0.30,
    "paid_search": 0.21,
    "social": 0.17,
    "referral": 0.12,
    "email": 0.08,
    "partner": 0.09,
    "": 0.03,
}
CHANNEL_QUALITY = {
    "organic": 1.0,
    "paid_search": 0.85,
    "social": 0.65,
    "referral": 1.4,
    "email": 1.2,
    "partner": 1.05,
    "": 0.9,
}
PLATFORM_SHARES = {"web": 0.50, "ios": 0.22, "android": 0.16, "store": 0.12}
COUNTRY_TAX_RATES = {
    "US": 0.07,
    "GB": 0.20,
    "DE": 0.19,
    "CA": 0.05,
    "FR": 0.20,
    "NL": 0.21,
}
COUNTRY_SHARES = {
    "US": 0.48,
    "GB": 0.16,
    "DE": 0.13,
    "CA": 0.10,
    "FR": 0.08,
    "NL": 0.05,
}
# Some of the customers abroad pay in their own currency, all else is in dollars.
COUNTRY_CURRENCIES = {"GB": "GBP", "DE": "EUR", "FR": "EUR", "NL": "EUR"}
OWN_CURRENCY_SHARE = 0.2
GENDER_SHARES = {"female": 0.50, "male": 0.42, "other": 0.02, "": 0.06}
INCOME_SHARES = {
    "under_30k": 0.18,
    "30k_to_60k": 0.32,
    "60k_to_100k": 0.22,
    "over_100k": 0.12,
    "": 0.16,
}
INCOME_SPEND = {"under_30k": 0.85, "60k_to_100k": 1.1, "over_100k": 1.3}
INTERESTS = ("garden", "kitchen", "outdoor", "travel", "books", "music", "sports")
# fmt: off
FIRST_NAMES = (
    "alice", "bruno", "clara", "david", "emma", "felix", "grace", "hugo",
    "irene", "jonas", "kate", "liam", "maria", "noah", "olivia", "paul",
    "rita", "simon", "tina", "victor", "wendy", "yara", "zoe",
)
LAST_NAMES = (
    "adams", "baker", "costa", "dubois", "evans", "fischer", "garcia",
    "hansen", "ivanov", "jones", "keller", "lopez", "meyer", "novak", "owens",
    "petit", "quist", "rossi", "smith", "tanaka", "ueda", "visser", "weber",
)
# fmt: on

# Orders in a month against the year's average; the last quarter sells most.
SEASON = (0.85, 0.85, 0.9, 0.95, 1.0, 0.95, 0.85, 0.85, 1.0, 1.05, 1.6, 1.8)
DISCOUNT_SHARES = (0.20, 0.20, 0.20, 0.20, 0.20, 0.20, 0.30, 0.20, 0.20, 0.20, 0.5, 0.4)
ORDERS_PER_YEAR = 12.0
STATUS_SHARES = {"completed": 0.980, "cancelled": 0.011, "failed": 0.007, "test": 0.002}


@dataclass(frozen=True)
class Customer:
    """Who a generated customer is, as far as the other tables need it."""

    customer_id: str
    created_at: datetime
    quality: float
    spend: float
    platform: str
    country: str
    currency: str
    has_orders: bool
    has_subscriptions: bool
    row: Row


def money(cents: int) -> str:
    """Cents as a decimal amount: 1250 is 12.50."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def instant(at: datetime) -> str:
    """A time as the demo's files write it: UTC, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_customers(seed: int) -> list[Customer]:
    """All generated customers, in the order in which they came."""
    draws = Draws(seed, "arrivals")
    arrivals = sorted(_draw_arrival(draws) for _ in range(CUSTOMER_COUNT))
    return [
        _make_customer(seed, number, created_at)
        for number, created_at in enumerate(arrivals, start=1)
    ]


def make_orders(seed: int, customers: list[Customer]) -> list[Row]:
    """The orders of all generated customers by time, numbered."""
    orders = [
        order
        for customer in customers
        if customer.has_orders
        for order in _make_customer_orders(seed, customer)
    ]
    orders.sort(key=lambda order: (order["ordered_at"], order["customer_id"]))
    return [
        {"order_id": f"o{number:05d}", **order}
        for number, order in enumerate(orders, start=1)
    ]


def at_day(days: float) -> datetime:
    """The time that many days after the shop opened."""
    opened = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    return opened + timedelta(seconds=int(days * 86400))


def _draw_arrival(draws: Draws) -> datetime:
    """A customer's first day: arrivals grow threefold over the three years."""
    while True:
        share = draws.uniform()
        if draws.chance((1 + 2 * share) / 3):
            return _in_opening_hours(draws, int(share * DAY_COUNT))


def _in_opening_hours(draws: Draws, day: int) -> datetime:
    """A time on that day when people are awake: 7 to 22 o'clock."""
    return at_day(day) + timedelta(seconds=draws.whole(7 * 3600, 22 * 3600))


def _make_customer(seed: int, number: int, created_at: datetime) -> Customer:
    customer_id = f"c{number:04d}"
    draws = Draws(seed, f"{customer_id}/customer")
    channel = draws.weighted(CHANNEL_SHARES)
    platform = draws.weighted(PLATFORM_SHARES)
    country = draws.weighted(COUNTRY_SHARES)
    income = draws.weighted(INCOME_SHARES)
    kind = draws.weighted({"orders": 0.50, "subscriptions": 0.33, "both": 0.17})
    row = {
        "customer_id": customer_id,
        "created_at": instant(created_at),
        "email": _make_email(draws, number),
        "acquisition_channel": channel,
        "platform": platform,
        "country": country,
        "gender": draws.weighted(GENDER_SHARES),
        "birth_date": _draw_birth_date(draws),
        "income_band": income,
        "interests": _draw_interests(draws),
    }
    return Customer(
        customer_id=customer_id,
        created_at=created_at,
        quality=CHANNEL_QUALITY[channel],
        spend=INCOME_SPEND.get(income, 1.0),
        platform=platform,
        country=country,
        currency=_draw_currency(seed, customer_id, country),
        has_orders=kind != "subscriptions",
        has_subscriptions=kind != "orders",
        row=row,
    )


def _draw_currency(seed: int, customer_id: str, country: str) -> str:
    """What all orders and subscriptions of the customer are priced in."""
    pays_in_own = Draws(seed, f"{customer_id}/currency").chance(OWN_CURRENCY_SHARE)
    return COUNTRY_CURRENCIES.get(country, "USD") if pays_in_own else "USD"


def _make_email(draws: Draws, number: int) -> str:
    """An address that no two customers share."""
    first, last = draws.one_of(FIRST_NAMES), draws.one_of(LAST_NAMES)
    domain = draws.one_of(("example.com", "example.org"))
    return f"{first}.{last}{number}@{domain}"


def _draw_birth_date(draws: Draws) -> str:
    """Mostly 20 to 70 years old; one in ten does not say."""
    days = draws.whole(0, 365 * 35) + draws.whole(0, 365 * 20)
    born = date(1951, 1, 1) + timedelta(days=days)
    return "" if draws.chance(0.1) else born.isoformat()


def _draw_interests(draws: Draws) -> str:
    chosen = {draws.one_of(INTERESTS) for _ in range(draws.whole(0, 3))}
    return ";".join(sorted(chosen))


def _make_customer_orders(seed: int, customer: Customer) -> list[Row]:
    """One customer's orders, without their ids, until the customer leaves."""
    draws = Draws(seed, f"{customer.customer_id}/orders")
    yearly_rate = ORDERS_PER_YEAR * customer.quality * draws.gamma(2) / 2
    leave_chance = draws.beta(1, 3) / customer.quality
    usual_cents = 5200 * customer.spend * 3 / draws.gamma(4)
    at = customer.created_at + timedelta(minutes=draws.whole(2, 40))
    orders = []
    while at.date() <= LAST_DAY:
        orders.append(_make_order(draws, customer, at, usual_cents))
        if draws.chance(leave_chance):
            break
        at = _next_order_at(draws, at, yearly_rate)
    return orders


def _next_order_at(draws: Draws, at: datetime, yearly_rate: float) -> datetime:
    """The next order: at the customer's rate, thinned out by the season."""
    busiest = max(SEASON)
    while at.date() <= LAST_DAY:
        wait = draws.exponential() * 365 / (yearly_rate * busiest)
        at += timedelta(seconds=int(wait * 86400))
        if draws.chance(SEASON[at.month - 1] / busiest):
            day = (at.date() - FIRST_DAY).days
            return max(_in_opening_hours(draws, day), at)
    return at


def _make_order(draws: Draws, customer: Customer, at: datetime, usual: float) -> Row:
    """One order; `usual` is what this customer spends in cents on average."""
    gross = max(490, int(usual * draws.gamma(6) / 6))
    discount = _draw_discount(draws, at, gross)
    charged = gross - discount
    status = draws.weighted(STATUS_SHARES)
    refunded, refunded_at = _draw_refund(draws, at, charged, status)
    if refunded == charged:
        status = "refunded"
    usual_platform = draws.chance(0.8)
    return {
        "customer_id": customer.customer_id,
        "ordered_at": instant(at),
        "gross_amount": money(gross),
        "currency": customer.currency,
        "status": status,
        "discount_amount": money(discount) if discount else "",
        "refunded_amount": money(refunded) if refunded else "",
        "refunded_at": refunded_at,
        "tax_amount": money(round(charged * COUNTRY_TAX_RATES[customer.country])),
        "shipping_amount": "0.00" if charged >= 7500 else "4.90",
        "cost_amount": money(round(gross * draws.uniform(0.4, 0.6))),
        "platform": customer.platform if usual_platform else "web",
    }


def _draw_discount(draws: Draws, at: datetime, gross: int) -> int:
    rate = draws.one_of((0.10, 0.15, 0.20))
    has_discount = draws.chance(DISCOUNT_SHARES[at.month - 1])
    return round(gross * rate) if has_discount else 0


def _draw_refund(
    draws: Draws, at: datetime, charged: int, status: str
) -> tuple[int, str]:
    """What is paid back, and when: not all shops know the day of a refund."""
    share = draws.one_of((0.25, 0.5, 1.0, 1.0))
    refunded_at = at + timedelta(days=draws.whole(2, 20), minutes=draws.whole(0, 400))
    is_day_known = draws.chance(0.8)
    if status != "completed" or not draws.chance(0.045):
        return 0, ""
    if refunded_at.date() > LAST_DAY:
        return 0, ""
    refunded = math.floor(charged * share)
    return refunded, instant(refunded_at) if is_day_known else ""
