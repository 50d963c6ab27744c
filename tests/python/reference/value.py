"""What each customer brought so far, and the two closed formulas of its worth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from .inputs import Row
from .months import add_months, day_before, month_end, month_of
from .movements import Book
from .numbers import ZERO, ratio, rounded
from .orders import own_orders
from .subscriptions import (
    Subscription,
    change_days,
    leading,
    price_of,
    total_mrr,
    values_on,
)
from .terms import terms

MAX_LIFETIME_MONTHS = 60
CHURN_WINDOW_MONTHS = 6


# --- Historical -------------------------------------------------------------


def one_time_discount(sub: Subscription, day: date) -> Decimal:
    values = values_on(sub, day)
    return ZERO if values["discount_is_recurring"] else values["discount_amount"]


def run_start(sub: Subscription, day: date, as_of: date) -> date:
    """Since when the subscription carries the one-time discount of the day."""
    start = day
    for earlier in reversed([d for d in change_days(sub, as_of) if d <= day]):
        if one_time_discount(sub, earlier) != one_time_discount(sub, day):
            break
        start = earlier
    return start


def term_prices(sub: Subscription, as_of: date) -> list[Decimal]:
    """The price of each term begun; a one-time discount is taken once."""
    prices = []
    discounted: set[date] = set()
    for term in terms(sub, as_of):
        price = price_of(values_on(sub, term.start))
        run = run_start(sub, term.start, as_of)
        if run not in discounted:
            price -= Fraction(one_time_discount(sub, term.start))
            discounted.add(run)
        prices.append(max(ZERO, rounded(price)))
    return prices


# --- Formula CLV ------------------------------------------------------------


@dataclass(frozen=True)
class Periods:
    """The full periods since the first order of all, and what they show."""

    months: int
    bounds: list[tuple[date, date]]
    lifespan_months: Decimal

    def number(self, day: date) -> int | None:
        found = [n for n, (a, b) in enumerate(self.bounds) if a <= day < b]
        return found[0] if found else None


def periods(orders: list[Row], as_of: date) -> Periods | None:
    if not orders:
        return None
    first = min(row["order_date"] for row in orders)
    for months in (3, 2, 1):
        bounds = full_periods(first, months, as_of)
        if len(bounds) >= 2:
            lifespan = lifespan_months(orders, months, bounds)
            return Periods(months, bounds, lifespan)
    return None


def full_periods(first: date, months: int, as_of: date) -> list[tuple[date, date]]:
    bounds = []
    while add_months(first, (len(bounds) + 1) * months) <= as_of + timedelta(days=1):
        number = len(bounds)
        start = add_months(first, number * months)
        bounds.append((start, add_months(first, (number + 1) * months)))
    return bounds


def lifespan_months(
    orders: list[Row], months: int, bounds: list[tuple[date, date]]
) -> Decimal:
    buyers = [
        {row["customer_key"] for row in orders if start <= row["order_date"] < end}
        for start, end in bounds
    ]
    pairs = list(pairwise(buyers))
    stayed = sum(len(now & then) for now, then in pairs)
    asked = sum(len(now) for now, _ in pairs)
    if stayed == asked:
        return Decimal(MAX_LIFETIME_MONTHS)
    lifespan = Decimal(months * asked) / (asked - stayed)
    return min(lifespan, Decimal(MAX_LIFETIME_MONTHS))


def formula(orders: list[Row], shared: Periods | None) -> Row:
    count = len(orders)
    net = sum((row["net_revenue"] for row in orders), start=ZERO)
    average = rounded(net / count) if count else None
    frequency = purchase_frequency(orders, shared)
    lifespan = shared.lifespan_months if shared and count else None
    factors = (average, frequency, lifespan)
    is_known = None not in factors
    return {
        "order_count": count,
        "average_order_value": average,
        "purchase_frequency": frequency,
        "lifespan_months": lifespan,
        "formula_clv": average * frequency * lifespan if is_known else None,
    }


def purchase_frequency(orders: list[Row], shared: Periods | None) -> Decimal | None:
    """Orders per month, over the periods in which the customer bought."""
    if not shared:
        return None
    numbers = [shared.number(row["order_date"]) for row in orders]
    numbers = [number for number in numbers if number is not None]
    return ratio(len(numbers), len(set(numbers)) * shared.months)


# --- Churn-based CLV --------------------------------------------------------


def interval_on(subs: list[Subscription], day: date) -> str | None:
    """The billing interval of the customer's largest subscription that day."""
    largest = leading(subs, day)
    return values_on(largest, day)["billing_interval"] if largest else None


def churn_rates(book: Book, as_of: date) -> dict[str, Decimal | None]:
    """Churn over the last complete months by interval, and over `all`."""
    started: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int)
    for month in last_complete_months(as_of):
        for subs in book.values():
            interval = interval_on(subs, day_before(month))
            if interval:
                is_lost = total_mrr(subs, month_end(month)) == 0
                for group in (interval, "all"):
                    started[group] += 1
                    lost[group] += is_lost
    return {group: ratio(lost[group], started[group]) for group in started}


def last_complete_months(as_of: date) -> list[date]:
    # The month of the day after as-of is the first that is not over.
    running = month_of(as_of + timedelta(days=1))
    return [add_months(running, -back) for back in range(1, CHURN_WINDOW_MONTHS + 1)]


def churn_based(
    subs: list[Subscription],
    has_had_mrr: bool,
    rates: dict[str, Decimal | None],
    as_of: date,
) -> Row:
    worth, is_capped = None, False
    current = total_mrr(subs, as_of)
    if current:
        rate = rates.get(interval_on(subs, as_of), rates.get("all"))
        if rate is not None:
            is_capped = rate * MAX_LIFETIME_MONTHS < 1
            months = MAX_LIFETIME_MONTHS if is_capped else 1 / rate
            worth = current * months
    elif has_had_mrr:
        worth = ZERO
    return {"churn_based_clv": worth, "churn_based_clv_is_capped": is_capped}


# --- The mart ---------------------------------------------------------------


def lifetime_values(
    customers: list[str],
    orders: list[Row],
    book: Book,
    movers: set[str],
    as_of: date,
) -> list[Row]:
    by_customer: dict[str, list[Row]] = defaultdict(list)
    for order in orders:
        by_customer[order["customer_key"]].append(order)
    billed = {order["subscription_id"] for order in orders}
    shared = periods(own_orders(orders), as_of)
    rates = churn_rates(book, as_of)
    return [
        {"customer_key": customer}
        | historical(by_customer[customer], book.get(customer, []), billed, as_of)
        | formula(own_orders(by_customer[customer]), shared)
        | churn_based(book.get(customer, []), customer in movers, rates, as_of)
        for customer in customers
    ]


def historical(
    orders: list[Row], subs: list[Subscription], billed: set[str | None], as_of: date
) -> Row:
    unbilled = [sub for sub in subs if sub.subscription_id not in billed]
    prices = [price for sub in unbilled for price in term_prices(sub, as_of)]
    own = own_orders(orders)
    roads = {
        "orders": bool(own),
        "subscription_orders": len(own) < len(orders),
        "terms": bool(prices),
    }
    termed = sum(prices, start=ZERO)
    return {
        "historical_revenue": sum((o["net_revenue"] for o in orders), start=termed),
        "historical_margin": sum((o["gross_margin"] for o in orders), start=termed),
        "revenue_source": "+".join(r for r, is_used in roads.items() if is_used)
        or "none",
    }
