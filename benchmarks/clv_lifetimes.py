"""Simulated customers, and what `lifetimes` makes of them: one side of clv.py.

The other side is the project itself. `lifetimes` 0.11.3 is a test dependency
and is imported only when it is asked to work.
"""

import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np

# The published fits to the CDNOW sample, in days (alpha 4.414 weeks) and
# dollars: Fader, Hardie and Lee (2005); Fader and Hardie (2013).
TRUTH = {
    "r": 0.243,
    "alpha": 30.9,
    "a": 0.793,
    "b": 2.426,
    "p": 6.25,
    "q": 3.74,
    "v": 15.44,
}
ORDERS = ("r", "alpha", "a", "b")
ORDER_VALUE = ("p", "q", "v")
YEAR_DAYS = 365
ANNUAL_DISCOUNT_RATE = 0.10
MONTHS = 12
# The gradient of the mean log likelihood at which lifetimes stops is 1e-7; its
# optimizer does not always get there, and then it raises an error.
LOOSER = (1e-6, 1e-5, 1e-4)


@dataclass(frozen=True)
class Purchases:
    """Simulated purchases, sorted: a customer's number, a day and cents."""

    customer: np.ndarray
    day: np.ndarray
    cents: np.ndarray


@dataclass(frozen=True)
class Summary:
    """What is known of each customer at the cut, one element each."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    mean_value: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Fitted parameters, and per customer what the models predict.

    seconds: CPU seconds by step.
    """

    parameters: dict[str, float]
    probability_alive: np.ndarray
    expected_orders: np.ndarray
    expected_value: np.ndarray
    clv: np.ndarray
    seconds: dict[str, float]


def simulate(customers: int, years: int = 3, seed: int = 20050401) -> Purchases:
    """Draw purchases by BG/NBD and Gamma-Gamma, on days of `years` years.

    Customers start evenly over the time. A purchase at the end of day d counts
    on day d; the parameters are those of TRUTH.
    """
    random = np.random.default_rng(seed)
    days = years * YEAR_DAYS
    start = random.uniform(0, days, customers)
    rate = random.gamma(TRUTH["r"], 1 / TRUTH["alpha"], customers)
    dropout = random.beta(TRUTH["a"], TRUTH["b"], customers)
    scale = random.gamma(TRUTH["q"], 1 / TRUTH["v"], customers)
    customer, when = [np.arange(customers)], [start]
    who, now = customer[0], start
    while len(who):
        with np.errstate(divide="ignore", over="ignore"):
            now = now + random.exponential(1, len(who)) / rate[who]
        bought = now < days
        who, now = who[bought], now[bought]
        customer.append(who)
        when.append(now)
        stays = random.uniform(size=len(who)) >= dropout[who]
        who, now = who[stays], now[stays]
    customer, day = np.concatenate(customer), np.floor(np.concatenate(when))
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order].astype(np.int64)
    value = random.gamma(TRUTH["p"], 1, len(customer)) / scale[customer]
    return Purchases(customer, day, np.maximum(np.rint(100 * value), 1).astype(int))


def score(summary: Summary) -> Scores:
    """Fit both models of lifetimes, score every customer, value 12 months.

    Everything by default: its tolerance, its months of 30 days. Expected
    orders are those of 365 days; discounting is by ANNUAL_DISCOUNT_RATE.
    """
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    frame = pd.DataFrame(vars(summary))
    repeaters = frame[frame.frequency > 0]
    columns = frame.frequency, frame.recency, frame.age
    seconds: dict[str, float] = {}
    orders, seconds["fit orders"] = _fit(BetaGeoFitter, *columns)
    values, seconds["fit order value"] = _fit(
        GammaGammaFitter, repeaters.frequency, repeaters.mean_value
    )
    began = time.process_time()
    alive = orders.conditional_probability_alive(*columns)
    expected = orders.predict(YEAR_DAYS, *columns)
    average = values.conditional_expected_average_profit(
        frame.frequency, frame.mean_value
    )
    seconds["score"] = time.process_time() - began
    began = time.process_time()
    clv = values.customer_lifetime_value(
        orders,
        *columns,
        frame.mean_value,
        time=MONTHS,
        discount_rate=(1 + ANNUAL_DISCOUNT_RATE) ** (1 / 12) - 1,
        freq="D",
    )
    seconds["12-month CLV"] = time.process_time() - began
    return Scores(
        {**orders.params_, **values.params_},
        np.asarray(alive),
        np.asarray(expected),
        np.asarray(average),
        clv.to_numpy(),
        seconds,
    )


def predict(summary: Summary, parameters: dict[str, float]) -> Scores:
    """What lifetimes predicts with given parameters; no CLV, no seconds."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    orders, values = BetaGeoFitter(), GammaGammaFitter()
    orders.params_ = pd.Series({name: parameters[name] for name in ORDERS})
    values.params_ = pd.Series({name: parameters[name] for name in ORDER_VALUE})
    columns = summary.frequency, summary.recency, summary.age
    return Scores(
        parameters,
        orders.conditional_probability_alive(*columns),
        orders.conditional_expected_number_of_purchases_up_to_time(YEAR_DAYS, *columns),
        values.conditional_expected_average_profit(
            summary.frequency, summary.mean_value
        ),
        np.empty(0),
        {},
    )


def optimum(summary: Summary, start: dict[str, float]) -> dict[str, float]:
    """The parameters at which the likelihoods of lifetimes really peak.

    Newton's steps on its own functions with its own derivatives (autograd),
    from where its optimizer stopped. Times are scaled as it scales them.
    """
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    scale = 1 / summary.age.max()
    repeats = summary.frequency > 0
    frequency = summary.frequency.astype(int)
    ones = np.ones_like(frequency)
    found = {}
    for fitter, names, units, data in (
        (
            BetaGeoFitter,
            ORDERS,
            (1, scale, 1, 1),
            (frequency, summary.recency * scale, summary.age * scale, ones),
        ),
        (
            GammaGammaFitter,
            ORDER_VALUE,
            (1, 1, 1),
            (frequency[repeats], summary.mean_value[repeats], ones[repeats]),
        ),
    ):
        units = np.array(units, float)
        begin = np.log([start[name] for name in names]) + np.log(units)
        peak = _climb(fitter._negative_log_likelihood, begin, (*data, 0.0))
        found |= dict(zip(names, np.exp(peak) / units, strict=True))
    return found


def _climb(loss: Callable, place: np.ndarray, data: tuple) -> np.ndarray:
    """Newton's method, a few steps from near the optimum."""
    from autograd import grad, hessian

    for _ in range(20):
        slope = grad(loss)(place, *data)
        step = np.linalg.solve(hessian(loss)(place, *data), slope)
        place = place - step
        if np.abs(step).max() < 1e-12:
            break
    return place


def _fit(fitter: Callable, *columns: np.ndarray) -> tuple[Any, float]:
    """A fitted model and its CPU seconds, those of the attempt that converged."""
    from lifetimes.utils import ConvergenceError

    for tolerance in (1e-7, *LOOSER):
        model = fitter()
        began = time.process_time()
        # Where it fails it prints the state of its optimizer.
        with redirect_stdout(StringIO()), suppress(ConvergenceError):
            model.fit(*columns, tol=tolerance)
            return model, time.process_time() - began
    raise RuntimeError(f"lifetimes does not converge: {fitter.__name__}")
