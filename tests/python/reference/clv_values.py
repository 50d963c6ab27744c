"""Predicted lifetime value of every customer, and the models behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

import numpy as np

from .clv_backtest import (
    Tried,
    backtest_rows,
    bought_after,
    deciles,
    renewals_tried,
    skipped,
)
from .clv_likelihood import Model
from .clv_order_model import expected_purchases, fit_orders, probability_alive
from .clv_order_value import expected_value, fit_order_value, paid_share
from .clv_purchases import (
    DAYS_PER_MONTH,
    Cut,
    Purchases,
    Summary,
    cuts,
    margin_rates,
    purchases,
    summaries,
)
from .clv_ranges import combined, order_range
from .clv_renewals import (
    Curve,
    Group,
    NumberedTerm,
    curves,
    models,
    numbered_terms,
    tenures,
)
from .clv_subscriptions import Residual, residuals, subscription_margins
from .inputs import Row
from .numbers import ZERO, rounded
from .orders import own_orders
from .policies import Policies
from .revenue import Payment
from .subscriptions import Subscription

YEAR, THREE_YEARS = 12, 36
NO_MODEL = ("none", "too_few")
RENEWAL_METHODS = ("sbg", "sbg_plan", "constant_churn")


@dataclass
class Prediction:
    """All that is predicted, from what is known at the as-of day."""

    bought: Purchases
    terms: list[NumberedTerm]
    margins: dict[str, float]
    as_of: date
    policies: Policies
    looks: dict[str, Look] = field(default_factory=dict)

    @property
    def now(self) -> Look:
        return self.looks["as_of"]

    @property
    def horizons(self) -> tuple[int, ...]:
        """In months: a year, three, a lifetime, and the one of predicted_clv."""
        longest = self.policies.max_lifetime_months
        return (YEAR, THREE_YEARS, longest, self.policies.clv_horizon_months)


@dataclass
class Look:
    """Customers and subscriptions as seen from one cut."""

    prediction: Prediction
    cut: Cut

    @cached_property
    def everybody(self) -> list[Summary]:
        return summaries(self.prediction.bought, self.cut.day)

    @cached_property
    def orders(self) -> Model:
        return fit_orders(self.everybody)

    @cached_property
    def value(self) -> Model:
        return fit_order_value(self.everybody)

    @cached_property
    def order_method(self) -> str:
        if self.value.name == "none":
            return self.orders.name
        return f"{self.orders.name}+{self.value.name}"

    @cached_property
    def counted(self) -> dict[Group, object]:
        return tenures(self.prediction.terms, self.cut.day)

    @cached_property
    def renewal_models(self) -> dict[Group, Model]:
        return dict(models(self.counted))

    @cached_property
    def curves(self) -> dict[Group, Curve]:
        return curves(self.counted)

    @cached_property
    def running(self) -> list[Residual]:
        known = self.prediction
        is_now = self.cut.name == "as_of"
        longest = max(known.horizons) * DAYS_PER_MONTH
        if not is_now:
            longest = self.cut.horizon_days
        return residuals(
            known.terms,
            self.cut.day,
            longest,
            self.curves,
            known.margins,
            is_now,
            known.policies,
        )

    def order_value(self, one: Summary) -> float:
        """Of any purchase, also one that will bring nothing."""
        value = expected_value(self.value, one.paid_frequency, one.mean_value)
        return (value or 0.0) * paid_share(self.everybody)


def predict(
    orders: list[Row],
    subs: list[Subscription],
    term_rows: list[Row],
    payments: list[Payment],
    as_of: date,
    policies: Policies,
) -> Prediction:
    bought = purchases(own_orders(orders))
    found = Prediction(
        bought,
        numbered_terms(subs, term_rows, policies.renewal_grace_days),
        subscription_margins(payments, policies),
        as_of,
        policies,
    )
    starts = [term.start for term in found.terms]
    for cut in cuts(bought, starts, as_of, policies):
        found.looks[cut.name] = Look(found, cut)
    return found


# --- Customers --------------------------------------------------------------


def with_predictions(
    values: list[Row], everybody: list[Row], found: Prediction
) -> list[Row]:
    """fct_customer_lifetime_value with what the models add to it."""
    parts = order_parts(found)
    subscribed = subscription_parts(found)
    rows = [
        row
        | predicted(
            row, parts.get(row["customer_key"]), subscribed.get(row["customer_key"])
        )
        for row in values
    ]
    paying = {r["customer_key"] for r in everybody if r["first_paid_date"] is not None}
    ranked = sorted(
        (row for row in rows if row["customer_key"] in paying),
        key=lambda row: (row["total_clv"], row["customer_key"]),
        reverse=True,
    )
    for row, decile in zip(ranked, deciles(len(ranked)), strict=True):
        row["clv_decile"] = 11 - decile
    return rows


@dataclass
class Part:
    """What one customer's orders, or its subscriptions, will bring."""

    columns: Row
    mean: float
    ranges: list[tuple[float, float, float]]
    methods: list[str]


def order_parts(found: Prediction) -> dict[str, Part]:
    look, margins = found.now, margin_rates(found.now.everybody)
    laws: dict[tuple[int, int], Ahead] = {}
    parts = {}
    for one in look.everybody:
        pair = (one.frequency, one.age)
        if pair not in laws:
            laws[pair] = ahead(look.orders, one, found)
        parts[one.customer_key] = order_part(
            one, look, laws[pair], margins[one.customer_key], found
        )
    return parts


@dataclass(frozen=True)
class Ahead:
    """Of a customer alive: orders by the end of each month, from 0 on."""

    by_month: np.ndarray
    annual_discount_rate: float

    def discounted(self, months: int) -> float:
        ends = np.arange(1, months + 1)
        more = np.diff(self.by_month[: months + 1])
        return float(more @ (1 + self.annual_discount_rate) ** (-ends / 12))


def ahead(model: Model, one: Summary, found: Prediction) -> Ahead:
    months = np.arange(1, max(found.horizons) + 1)
    orders = expected_purchases(model, one.frequency, one.age, months * DAYS_PER_MONTH)
    rate = float(found.policies.annual_discount_rate)
    return Ahead(np.concatenate([[0.0], orders]), rate)


def order_part(
    one: Summary, look: Look, to_come: Ahead, margin: float, found: Prediction
) -> Part:
    alive = probability_alive(look.orders, one.frequency, one.recency, one.age)
    worth = look.order_value(one)
    chance = 1.0 if alive is None else alive
    year, three, lifetime, chosen = (
        chance * to_come.discounted(months) * worth * margin
        for months in found.horizons
    )
    columns = {
        "probability_alive": alive,
        "expected_orders_12m": chance * float(to_come.by_month[YEAR]),
        "expected_order_value": worth,
        "predicted_order_clv_12m": year,
        "predicted_order_clv_36m": three,
        "predicted_order_clv_lifetime": lifetime,
    }
    low, high = 0.0, 0.0
    months = found.policies.clv_horizon_months
    if worth * margin > 0 and to_come.by_month[months] > 0:
        units = order_range(
            *(look.orders, look.value, one, months * DAYS_PER_MONTH),
        )
        # What is discounted is the mean; the range is taken to shrink with it.
        factor = to_come.discounted(months) / float(to_come.by_month[months])
        low, high = (unit * worth * margin * factor for unit in units)
    return Part(columns, chosen, [(chosen, low, high)], [look.order_method])


def subscription_parts(found: Prediction) -> dict[str, Part]:
    running: dict[str, list[Residual]] = defaultdict(list)
    for term in found.terms:
        running[term.sub.customer_key] += []
    for residual in found.now.running:
        running[residual.term.sub.customer_key].append(residual)
    return {c: subscription_part(own, found) for c, own in running.items()}


def subscription_part(own: list[Residual], found: Prediction) -> Part:
    year, three, lifetime, chosen = (
        sum(one.value(months * DAYS_PER_MONTH) for one in own)
        for months in found.horizons
    )
    columns = {
        "predicted_subscription_clv_12m": year,
        "predicted_subscription_clv_36m": three,
        "predicted_subscription_clv_lifetime": lifetime,
    }
    days = found.policies.clv_horizon_months * DAYS_PER_MONTH
    ranges = [
        (one.value(days), one.likely_value(days, 0.9), one.likely_value(days, 0.1))
        for one in own
    ]
    used = {one.method for one in own if one.dates_ahead}
    methods = [name for name in RENEWAL_METHODS if name in used]
    return Part(columns, chosen, ranges, methods)


NO_ORDERS = (
    *("probability_alive", "expected_orders_12m", "expected_order_value"),
    *("predicted_order_clv_12m", "predicted_order_clv_36m"),
    "predicted_order_clv_lifetime",
)
NO_SUBSCRIPTIONS = (
    *("predicted_subscription_clv_12m", "predicted_subscription_clv_36m"),
    "predicted_subscription_clv_lifetime",
)


def predicted(row: Row, orders: Part | None, subscribed: Part | None) -> Row:
    parts = [part for part in (orders, subscribed) if part]
    mean = Decimal(sum(part.mean for part in parts))
    low, high = combined([one for part in parts for one in part.ranges])
    methods = [name for part in parts for name in part.methods]
    return {
        **(orders.columns if orders else dict.fromkeys(NO_ORDERS)),
        **(subscribed.columns if subscribed else dict.fromkeys(NO_SUBSCRIPTIONS)),
        "predicted_clv": rounded(mean),
        "predicted_clv_low": low,
        "predicted_clv_high": high,
        "total_clv": row["historical_margin"] + rounded(mean),
        "clv_decile": None,
        "clv_method": "+".join(methods) or "none",
    }


# --- Models -----------------------------------------------------------------


def clv_model_parameters(found: Prediction) -> list[Row]:
    look = found.now
    rows = parameter_rows(look.orders, "all", "bg_nbd")
    rows += parameter_rows(look.value, "all", "gamma_gamma")
    for group, model in look.renewal_models.items():
        rows += parameter_rows(model, ", ".join(group), "sbg")
    return rows


def parameter_rows(model: Model, group: str, first_tried: str) -> list[Row]:
    """One for each; what holds no model is told under the first that was tried."""
    values = model.parameters | model.extras
    return [
        {
            "model_name": first_tried if model.name in NO_MODEL else model.name,
            "group_name": group,
            "parameter_name": name,
            "parameter_value": values.get(name),
            "standard_error": model.standard_errors.get(name),
            "log_likelihood": model.log_likelihood,
            "customers": model.customers,
            "fit_status": model.name,
        }
        for name in values or ["none"]
    ]


def clv_backtest(found: Prediction) -> list[Row]:
    look = found.looks.get("backtest")
    if look is None:
        return []
    if look.cut.skip_reason:
        return [skipped(look.cut)]
    rows = []
    if look.everybody:
        rows += backtest_rows(look.order_method, orders_tried(look, found), look.cut)
    known = [one for one in look.running if one.method != "none"]
    if known:
        tried = renewals_tried(known, found.terms, look.counted, look.cut, found.as_of)
        used = {one.method.removesuffix("_plan") for one in known}
        names = [name for name in RENEWAL_METHODS if name in used]
        rows += backtest_rows("+".join(names), tried, look.cut)
    return rows


def orders_tried(look: Look, found: Prediction) -> list[Tried]:
    return [order_tried(one, look, found) for one in look.everybody]


def order_tried(one: Summary, look: Look, found: Prediction) -> Tried:
    days = look.cut.horizon_days
    alive = probability_alive(look.orders, one.frequency, one.recency, one.age)
    if_alive = expected_purchases(
        look.orders, one.frequency, one.age, np.array([float(days)])
    )
    predicted_orders = (1.0 if alive is None else alive) * float(if_alive[0])
    actual, revenue = bought_after(found.bought, one.customer_key, look.cut.day)
    return Tried(
        one.customer_key,
        predicted_orders,
        one.frequency / one.age * days if one.age else 0.0,
        actual,
        predicted_orders * look.order_value(one),
        revenue,
    )


def total_clv(values: list[Row], customers: set[str]) -> Decimal:
    """Of some customers together."""
    return sum(
        (row["total_clv"] for row in values if row["customer_key"] in customers),
        start=ZERO,
    )
