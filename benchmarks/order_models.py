"""Compare the order models of the family out of sample, on real purchases.

Does a sibling of BG/NBD forecast better? Fitted up to a cut, each model
predicts two spans after it: a model may be chosen on the first and is
reported on the last, so that the figures reported did not choose it.

    BG/NBD, MBG/NBD      exponential gaps; a customer may drop out after a
                         repeat purchase, with M after the first one as well
    (M)BG/CNBD-k         the same with Erlang-k gaps: regular customers
    Pareto/NBD           exponential gaps; a customer may drop out at any time
    naive                x / T, the customer's own rate so far

Platzer and Reutterer (2016), "Ticking away the moments: timing regularity
helps to better predict customer activity", Marketing Science 35(5); Batislam,
Denizel and Filiztekin (2007) for MBG/NBD; Fader, Hardie and Lee (2005) for
BG/NBD; Schmittlein, Morrison and Colombo (1987) for Pareto/NBD.

Example: python benchmarks/order_models.py --data cdnow-sample --share 0.5
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
from cdnow import CdnowError, find_purchases, read_orders
from complete_journey import JourneyError, find_transactions
from scipy.optimize import OptimizeResult, minimize
from scipy.special import betainc, betaln, gammaln

DATA = ("cdnow-sample", "cdnow-master", "complete-journey")
ERLANG_SHAPES = (1, 2, 3, 4)


@dataclass
class Split:
    """Customers at a cut, and what each bought after it.

    One element per customer who bought up to the cut: `frequency` repeat
    purchase days, `recency` and `age` in days, `log_gaps` the sum of the logs
    of the gaps in days between purchases; `first` and `last` the purchase days
    in the two halves of the held-out time, of `first_days` and `last_days`.
    """

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    log_gaps: np.ndarray
    first: np.ndarray
    last: np.ndarray
    first_days: int
    last_days: int
    cut_date: date


@dataclass
class Fitted:
    """A fitted model: what it is called, its parameters and its forecast."""

    name: str
    parameters: dict[str, float]
    log_likelihood: float
    first: np.ndarray
    both: np.ndarray
    seconds: float = field(default=0.0)


def load_purchases(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Customer and day number of each purchase (orders of a day are one)."""
    if name == "complete-journey":
        columns = (
            duckdb.sql(
                "select cast(household_id as bigint) as customer, date_diff('day', "
                "date '1970-01-01', cast(transaction_timestamp as date)) as day "
                f"from read_parquet('{find_transactions()}')"
            )
        ).fetchnumpy()
        table = np.column_stack((columns["customer"], columns["day"]))
    else:
        orders = list(read_orders(find_purchases(name == "cdnow-sample")))
        days = np.array([order["ordered_at"] for order in orders], "datetime64[D]")
        customers = [int(order["customer_id"]) for order in orders]
        table = np.column_stack((customers, days.astype(np.int64)))
    customer, day = np.unique(table, axis=0).T
    return customer, day


def split_at(customer: np.ndarray, day: np.ndarray, share: float) -> Split:
    """Cut at the `share` of the history; the rest is held out in two halves.

    customer, day: (purchases,), sorted by both; share in (0, 1).
    """
    first_day, last_day = int(day.min()), int(day.max())
    cut = first_day + round((last_day - first_day) * share)
    middle = cut + (last_day - cut) // 2
    order = np.unique(customer[day <= cut])
    index = np.searchsorted(order, customer)
    index[index == len(order)] = 0
    known = order[index] == customer
    index, day = index[known], day[known]

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(index[mask], minlength=len(order))

    seen = day <= cut
    seen_index, seen_day = index[seen], day[seen]
    starts = np.concatenate(([True], seen_index[1:] != seen_index[:-1]))
    start_day = seen_day[starts]
    final_day = seen_day[np.concatenate((starts[1:], [True]))]
    gaps = np.where(starts, 1, np.diff(seen_day, prepend=0))
    log_gaps = np.bincount(seen_index, np.log(gaps), len(order))
    return Split(
        frequency=(count(seen) - 1).astype(float),
        recency=(final_day - start_day).astype(float),
        age=(cut - start_day).astype(float),
        log_gaps=log_gaps,
        first=count((day > cut) & (day <= middle)),
        last=count(day > middle),
        first_days=middle - cut,
        last_days=last_day - middle,
        cut_date=date.fromordinal(date(1970, 1, 1).toordinal() + cut),
    )


def log_likelihoods(
    log_parameters: np.ndarray,
    frequency: np.ndarray,
    recency: np.ndarray,
    age: np.ndarray,
    shape: int,
    is_modified: bool,
) -> np.ndarray:
    """Log likelihood per customer, without the gaps' own factor.

    A gap is `shape` exponential phases at the customer's rate. Alive at the
    cut, j of the next gap's phases are over: summed over j = 0..shape-1. Dead,
    the dropout came with the last purchase. Platzer and Reutterer (2016),
    equation 5, with the rate and the dropout probability integrated out.
    """
    r, alpha, a, b = np.exp(log_parameters)
    phases = shape * frequency
    chances = frequency + 1 if is_modified else frequency
    alive_terms = []
    waiting = age - recency
    with np.errstate(divide="ignore"):
        log_waiting = np.log(waiting)
    for j in range(shape):
        power = np.where(waiting > 0, j * log_waiting, -np.inf) if j else 0.0
        alive_terms.append(
            power
            - gammaln(j + 1)
            + gammaln(r + phases + j)
            - (r + phases + j) * np.log(alpha + age)
        )
    alive = np.logaddexp.reduce(alive_terms, axis=0) + betaln(a, b + chances)
    dead = (
        gammaln(r + phases)
        - (r + phases) * np.log(alpha + recency)
        + betaln(a + 1, b + np.maximum(chances, 1) - 1)
    )
    dead = np.where(chances > 0, dead, -np.inf)
    constant = r * np.log(alpha) - gammaln(r) - betaln(a, b)
    return np.logaddexp(alive, dead) + constant


def expected_purchases(
    log_parameters: np.ndarray,
    frequency: np.ndarray,
    recency: np.ndarray,
    age: np.ndarray,
    days: float,
    shape: int,
    is_modified: bool,
) -> np.ndarray:
    """Expected purchases in `days` after the cut, per customer.

    Exact, by the phases: with j over at the cut, the n-th purchase needs
    n * shape - j more, a tail of the negative binomial; each purchase is then
    survived with the posterior of the dropout probability.
    """
    r, alpha, a, b = np.exp(log_parameters)
    phases = shape * frequency
    chances = frequency + 1 if is_modified else frequency
    total = log_likelihoods(
        log_parameters, frequency, recency, age, shape, is_modified
    ) - (r * np.log(alpha) - gammaln(r) - betaln(a, b))
    waiting = age - recency
    part = days / (alpha + age + days)
    expected = np.zeros(len(frequency))
    with np.errstate(divide="ignore"):
        log_waiting = np.log(waiting)
    for j in range(shape):
        power = np.where(waiting > 0, j * log_waiting, -np.inf) if j else 0.0
        weight = np.exp(
            power
            - gammaln(j + 1)
            + gammaln(r + phases + j)
            - (r + phases + j) * np.log(alpha + age)
            + betaln(a, b + chances)
            - total
        )
        given = np.zeros(len(frequency))
        for n in range(1, 5001):
            survived = np.exp(betaln(a, b + chances + n - 1) - betaln(a, b + chances))
            term = survived * betainc(n * shape - j, r + phases + j, part)
            given += term
            if np.all(term < 1e-10):
                break
        expected += weight * given
    return expected


def count_cells(split: Split) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Distinct frequency, recency and age; where each customer is; how many."""
    table = np.column_stack((split.frequency, split.recency, split.age))
    cells, inverse, count = np.unique(
        table, axis=0, return_inverse=True, return_counts=True
    )
    return tuple(cells.T), inverse.ravel(), count


def minimize_from(
    loss: Callable[[np.ndarray], float], starts: list[tuple[float, ...]]
) -> OptimizeResult:
    """The best optimum over log parameters, from several starting values."""
    found = []
    for start in starts:
        near = minimize(
            loss, np.log(start), method="L-BFGS-B", bounds=[(-12, 12)] * len(start)
        )
        options = {"xatol": 1e-6, "fatol": 1e-12, "maxiter": 2000}
        found.append(minimize(loss, near.x, method="Nelder-Mead", options=options))
    return min(found, key=lambda result: result.fun)


def fit_by_phases(split: Split, shape: int, is_modified: bool) -> Fitted:
    """Fit (M)BG/CNBD-k on counted cells and forecast both spans."""
    began = time.process_time()
    columns, inverse, count = count_cells(split)

    def loss(log_parameters: np.ndarray) -> float:
        values = log_likelihoods(log_parameters, *columns, shape, is_modified)
        total = -float(values @ count) / count.sum()
        return total if np.isfinite(total) else 1e10

    mean_gap = max(split.age.sum() / max(split.frequency.sum(), 1), 1e-3)
    best = minimize_from(
        loss,
        [(1.0, mean_gap / shape, 1.0, 3.0), (0.5, mean_gap / 4 / shape, 0.3, 5.0)],
    )
    seconds = time.process_time() - began
    gaps = (shape - 1) * split.log_gaps - split.frequency * gammaln(shape)
    both_days = split.first_days + split.last_days
    first, both = (
        expected_purchases(best.x, *columns, days, shape, is_modified)[inverse]
        for days in (split.first_days, both_days)
    )
    family = "MBG" if is_modified else "BG"
    return Fitted(
        name=f"{family}/NBD" if shape == 1 else f"{family}/CNBD-{shape}",
        parameters=dict(zip(("r", "alpha", "a", "b"), np.exp(best.x), strict=True)),
        log_likelihood=-best.fun * count.sum() + float(gaps.sum()),
        first=first,
        both=both,
        seconds=seconds,
    )


def pareto_log_likelihoods(
    log_parameters: np.ndarray,
    frequency: np.ndarray,
    recency: np.ndarray,
    age: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood per customer, and its part of those alive at the cut.

    Fader and Hardie (2005), "A note on deriving the Pareto/NBD model",
    equation 14: the day of the dropout integrated by Gauss and Legendre, over
    the stretch after the last purchase where the integrand counts. The closed
    form's 2F1 (lifetimes 0.11.3) is not finite above about 100 purchases.
    """
    r, alpha, s, beta = np.exp(log_parameters)
    power = r + frequency
    nodes, weights = np.polynomial.legendre.leggauss(48)
    low = np.log(alpha + recency)
    span = np.minimum(np.log(alpha + age) - low, 40 / (power + s))
    position = low[:, None] + span[:, None] * (nodes + 1) / 2
    shifted = beta - alpha + np.exp(position)
    logs = (1 - power[:, None]) * position - (s + 1) * np.log(shifted)
    with np.errstate(divide="ignore"):
        dead = (
            np.logaddexp.reduce(logs + np.log(weights / 2), axis=1)
            + np.log(span)
            + np.log(s)
        )
    alive = -power * np.log(alpha + age) - s * np.log(beta + age)
    constant = gammaln(power) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.logaddexp(alive, dead) + constant, alive + constant


def fit_pareto(split: Split) -> Fitted:
    """Fit Pareto/NBD on counted cells and forecast both spans.

    Expected purchases: Fader and Hardie (2005), equation 41.
    """
    began = time.process_time()
    columns, inverse, count = count_cells(split)

    def loss(log_parameters: np.ndarray) -> float:
        values, _ = pareto_log_likelihoods(log_parameters, *columns)
        total = -float(values @ count) / count.sum()
        return total if np.isfinite(total) else 1e10

    mean_gap = max(split.age.sum() / max(split.frequency.sum(), 1), 1e-3)
    best = minimize_from(
        loss, [(1.0, mean_gap, 0.5, mean_gap), (0.5, mean_gap / 4, 0.3, 400.0)]
    )
    seconds = time.process_time() - began
    r, alpha, s, beta = np.exp(best.x)
    frequency, _, age = columns
    total, alive = pareto_log_likelihoods(best.x, *columns)

    def forecast(days: float) -> np.ndarray:
        shrink = np.log1p(days / (beta + age))
        lived = days if abs(s - 1) < 1e-9 else -np.expm1((1 - s) * shrink) / (s - 1)
        rate = (r + frequency) * (beta + age) / (alpha + age)
        return (np.exp(alive - total) * rate * lived)[inverse]

    return Fitted(
        "Pareto/NBD",
        dict(zip(("r", "alpha", "s", "beta"), np.exp(best.x), strict=True)),
        -best.fun * count.sum(),
        forecast(split.first_days),
        forecast(split.first_days + split.last_days),
        seconds,
    )


def predict_naive(split: Split) -> Fitted:
    """The customer's own rate so far, x / T per day; 0 on the first day."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(split.age > 0, split.frequency / split.age, 0.0)
    both_days = split.first_days + split.last_days
    return Fitted("naive", {}, float("nan"), rate * split.first_days, rate * both_days)


def measure(predicted: np.ndarray, actual: np.ndarray) -> tuple[float, float, float]:
    """Total error as a share, mean absolute and root mean squared error."""
    error = predicted - actual
    return (
        float(error.sum() / actual.sum()),
        float(np.abs(error).mean()),
        float(np.sqrt((error**2).mean())),
    )


def by_decile(predicted: np.ndarray, actual: np.ndarray) -> list[tuple[float, float]]:
    """Mean predicted and actual purchases in tenths, highest predicted first."""
    order = np.argsort(-predicted, kind="stable")
    return [
        (float(predicted[part].mean()), float(actual[part].mean()))
        for part in np.array_split(order, 10)
    ]


def is_better(model: Fitted, other: Fitted, split: Split, span: str) -> bool:
    """Whether `model` errs less than `other` in both the total and MAE."""
    actual = getattr(split, span)
    totals, errors = [], []
    for one in (model, other):
        predicted = one.first if span == "first" else one.both - one.first
        total, error, _ = measure(predicted, actual)
        totals.append(abs(total))
        errors.append(error)
    return totals[0] < totals[1] and errors[0] < errors[1]


def compare(name: str, share: float) -> list[Fitted]:
    """Fit every model at one cut of one data set and print what it did."""
    split = split_at(*load_purchases(name), share)
    days = f"{split.first_days} + {split.last_days} days held out"
    print(
        f"\n{name}, cut {split.cut_date} ({share:.2f} of the history), {days}: "
        f"{len(split.age):,} customers, {int(split.frequency.sum()):,} repeats"
    )
    models = [
        fit_by_phases(split, shape, is_modified)
        for is_modified in (False, True)
        for shape in ERLANG_SHAPES
    ]
    models += [fit_pareto(split), predict_naive(split)]
    heading = f"{'total':>14} {'MAE':>7} {'RMSE':>7}"
    print(f"{'first | last':12} {'log lik.':>12}   {heading}   {heading}   parameters")
    for model in models:
        first = measure(model.first, split.first)
        last = measure(model.both - model.first, split.last)
        parts = "   ".join(
            f"      {total:+8.2%} {mae:7.4f} {rmse:7.4f}"
            for total, mae, rmse in (first, last)
        )
        parameters = ", ".join(f"{k} {v:.4g}" for k, v in model.parameters.items())
        print(f"{model.name:12} {model.log_likelihood:12.2f} {parts}   {parameters}")
    for span in ("first", "last"):
        better = [
            model.name for model in models if is_better(model, models[0], split, span)
        ]
        names = ", ".join(better) or "none"
        print(f"better than BG/NBD in both total and MAE, {span} span: {names}")
    print("\nlast span by tenth of the forecast, predicted/actual purchases")
    for model in models:
        tenths = by_decile(model.both - model.first, split.last)
        print(
            f"{model.name:12} "
            + "  ".join(f"{mine:.2f}/{real:.2f}" for mine, real in tenths),
            flush=True,
        )
    return models


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=DATA, action="append")
    parser.add_argument(
        "--share", type=float, action="append", help="share of the history before"
    )
    arguments = parser.parse_args()
    try:
        for name in arguments.data or DATA:
            for share in arguments.share or (0.5, 2 / 3):
                compare(name, share)
    except (CdnowError, JourneyError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
