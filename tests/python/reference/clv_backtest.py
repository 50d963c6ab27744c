"""What the models would have said at an earlier day, and what came instead."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .clv_purchases import Cut, Purchases
from .clv_renewals import Group, NumberedTerm, Tenures
from .clv_subscriptions import Residual
from .inputs import Row


@dataclass(frozen=True)
class Tried:
    """One customer or subscription: predicted, by rule of thumb, and actual."""

    key: str
    predicted: float
    naive: float
    actual: int
    predicted_revenue: float
    actual_revenue: float


def bought_after(own: Purchases, customer: str, cut: date) -> tuple[int, float]:
    """Purchases in the held-out time, and what they brought."""
    later = [one for one in own[customer] if one.day > cut]
    return len(later), float(sum(one.spend for one in later))


def renewals_tried(
    found: list[Residual],
    terms: list[NumberedTerm],
    counted: dict[Group, Tenures],
    cut: Cut,
    as_of: date,
) -> list[Tried]:
    return [renewal_tried(one, terms, counted, cut, as_of) for one in found]


def renewal_tried(
    one: Residual,
    terms: list[NumberedTerm],
    counted: dict[Group, Tenures],
    cut: Cut,
    as_of: date,
) -> Tried:
    own = one.term
    predicted = one.expected_renewals(cut.horizon_days)
    actual = sum(
        term.sub is own.sub
        and term.run_number == own.run_number
        and cut.day < term.end <= as_of
        and term.status in ("renewed", "late")
        for term in terms
    )
    group = counted[one.curve_group]
    kept = 1 - group.all_lost / group.all_due if group.all_due else 1.0
    dates = len(list(one.within(cut.horizon_days)))
    naive = math.fsum(kept**number for number in range(1, dates + 1))
    return Tried(
        own.sub.subscription_id,
        predicted,
        naive,
        actual,
        predicted * one.price,
        actual * one.price,
    )


def backtest_rows(model: str, tried: list[Tried], cut: Cut) -> list[Row]:
    """By tenths of predicted revenue, and over all."""
    ranked = sorted(
        tried, key=lambda one: (one.predicted_revenue, one.key), reverse=True
    )
    groups: dict[str, list[Tried]] = {"all": tried}
    # From the best ones down, so that the tenth tenth is there if any is.
    for one, decile in zip(ranked, deciles(len(ranked)), strict=True):
        groups.setdefault(str(11 - decile), []).append(one)
    return [
        {"model_name": model, "value_decile": name}
        | measured(rows)
        | {
            "cut_date": cut.day,
            "held_out_days": int(cut.horizon_days),
            "backtest_status": "run",
        }
        for name, rows in groups.items()
    ]


def deciles(count: int) -> Iterable[int]:
    """Ten groups in order; the first ones are one larger where it must be."""
    size, more = divmod(count, 10)
    for number in range(1, 11):
        yield from [number] * (size + (number <= more))


def measured(rows: list[Tried]) -> Row:
    predicted = math.fsum(one.predicted for one in rows)
    actual = sum(one.actual for one in rows)
    errors = [one.predicted - one.actual for one in rows]
    naive_errors = [one.naive - one.actual for one in rows]
    return {
        "customers": len(rows),
        "predicted_orders": predicted,
        "actual_orders": actual,
        "predicted_revenue": math.fsum(one.predicted_revenue for one in rows),
        "actual_revenue": math.fsum(one.actual_revenue for one in rows),
        "mean_absolute_error": mean(abs(error) for error in errors),
        "root_mean_squared_error": math.sqrt(mean(error**2 for error in errors)),
        "naive_predicted_orders": math.fsum(one.naive for one in rows),
        "naive_mean_absolute_error": mean(abs(error) for error in naive_errors),
        "total_error_rate": predicted / actual - 1 if actual else None,
    }


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)


def skipped(cut: Cut) -> Row:
    # Nobody was predicted, so there is nothing to measure.
    numbers = dict.fromkeys(measured([Tried("", 0, 0, 1, 0, 0)])) | {"customers": 0}
    return {
        "model_name": "none",
        "value_decile": "all",
        **numbers,
        "cut_date": cut.day,
        "held_out_days": int(cut.horizon_days),
        "backtest_status": "skipped",
    }
