"""The CLV calculator: a handful of measured inputs, and what follows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from .inputs import Row
from .months import month_of
from .numbers import ZERO, ratio
from .orders import own_orders
from .policies import Policies
from .revenue import Payment
from .value import Periods, last_complete_months

Values = dict[str, Decimal | None]
INPUTS = (
    *("customer_churn_rate", "average_lifespan_months", "median_invoice"),
    *("invoices_per_month", "gross_margin_rate", "new_customers_per_month"),
    *("marketing_and_sales_spend_per_month", "monthly_overheads"),
)


@dataclass(frozen=True)
class Facts:
    """What the calculator looks at."""

    orders: list[Row]
    payments: list[Payment]
    customers: list[Row]
    mrr_months: list[Row]
    spends: list[tuple[date, str, Decimal]]
    periods: Periods | None


def calculator(facts: Facts, as_of: date, policies: Policies) -> list[Row]:
    measured = measure(facts, as_of, policies)
    given = {
        name: Decimal(str(value))
        for name, value in policies.clv_calculator_overrides.items()
    }
    used = {name: given.get(name, value) for name, value in measured.items()}
    used["average_lifespan_months"] = lifespan(measured, given, policies)
    inputs = [
        {
            "item_name": name,
            "item_kind": "input",
            "measured_value": measured[name],
            "override_value": given.get(name),
            "used_value": used[name],
        }
        for name in INPUTS
    ]
    return inputs + [
        {"item_name": name, "item_kind": "result", "used_value": value}
        for name, value in results(used).items()
    ]


def lifespan(measured: Values, given: Values, policies: Policies) -> Decimal:
    """Said, or follows of a said churn, or measured, or follows of churn."""
    cap = Decimal(policies.max_lifetime_months)
    churn = measured["customer_churn_rate"]
    months = given.get("average_lifespan_months")
    if months is None and given.get("customer_churn_rate"):
        months = 1 / given["customer_churn_rate"]
    elif months is None and "customer_churn_rate" in given:
        months = cap
    if months is None:
        months = measured["average_lifespan_months"]
    if months is None:
        months = 1 / churn if churn else cap
    return min(months, cap)


def results(used: Values) -> Values:
    new, spend = (
        used["new_customers_per_month"],
        used["marketing_and_sales_spend_per_month"],
    )
    overheads = used["monthly_overheads"]
    clv = times(
        used["median_invoice"],
        used["invoices_per_month"],
        used["average_lifespan_months"],
        used["gross_margin_rate"],
    )
    cac = ratio(spend, new) if spend is not None and new else None
    worth = times(clv, new)
    is_known = worth is not None and overheads is not None
    return {
        "clv": clv,
        "cac": cac,
        "clv_to_cac_ratio": clv / cac if cac and clv is not None else None,
        "monthly_value_of_new_customers": worth,
        "break_even_cac": clv,
        "monthly_margin_after_overheads": worth - (spend or ZERO) - overheads
        if is_known
        else None,
    }


def times(*factors: Decimal | None) -> Decimal | None:
    product = Decimal(1)
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


# --- Measured ---------------------------------------------------------------


def measure(facts: Facts, as_of: date, policies: Policies) -> Values:
    window = set(last_complete_months(as_of, policies))
    recent = [p for p in facts.payments if p.revenue > 0 and month_of(p.day) in window]
    paid = [payment for payment in recent if payment.road != "orders"]
    habits = by_subscriptions(facts, paid, window) if paid else by_orders(facts, recent)
    new = sum(row["acquired_month"] in window for row in facts.customers)
    spent = [amount for day, _, amount in facts.spends if month_of(day) in window]
    months = len(window)
    return habits | {
        "new_customers_per_month": Decimal(new) / months,
        "marketing_and_sales_spend_per_month": sum(spent, start=ZERO) / months
        if spent
        else None,
        "monthly_overheads": policies.monthly_overheads,
    }


def by_subscriptions(facts: Facts, paid: list[Payment], window: set[date]) -> Values:
    complete = [row for row in facts.mrr_months if row["is_complete_month"]]
    recent = [row for row in complete if row["revenue_month"] in window]
    started = total(recent, "starting_customers")
    return {
        "customer_churn_rate": ratio(total(recent, "churned_customers"), started),
        "average_lifespan_months": ratio(
            total(complete, "starting_customers"), total(complete, "churned_customers")
        ),
        "median_invoice": median(p.revenue for p in paid),
        "invoices_per_month": ratio(len(paid), started),
        "gross_margin_rate": share_of([(p.margin, p.revenue) for p in paid]),
    }


def by_orders(facts: Facts, sold: list[Payment]) -> Values:
    shared = facts.periods
    lifespan_months = shared.lifespan_months if shared else None
    return {
        "customer_churn_rate": 1 / lifespan_months if lifespan_months else None,
        "average_lifespan_months": lifespan_months,
        "median_invoice": median(p.revenue for p in sold) if sold else None,
        "invoices_per_month": orders_per_month(own_orders(facts.orders), shared),
        "gross_margin_rate": share_of([(p.margin, p.revenue) for p in sold]),
    }


def orders_per_month(orders: list[Row], shared: Periods | None) -> Decimal | None:
    if not shared:
        return None
    bought = [(o["customer_key"], shared.number(o["order_date"])) for o in orders]
    bought = [one for one in bought if one[1] is not None]
    return ratio(len(bought), len(set(bought)) * shared.months)


def total(rows: list[Row], column: str) -> int:
    return sum(row[column] for row in rows)


def share_of(pairs: list[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Margin by revenue, over all pieces of money at once."""
    margin = sum((part for part, _ in pairs), start=ZERO)
    return ratio(margin, sum((whole for _, whole in pairs), start=ZERO))
