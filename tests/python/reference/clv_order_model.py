"""How often customers will buy: BG/NBD, with what stands in where it fails.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing
Science 24(2): customers buy at a gamma distributed rate (r, alpha) and stop
after any purchase with a beta distributed probability (a, b). Days throughout.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import betaln, hyp2f1, loggamma

from .clv_likelihood import Logs, Model, maximise
from .clv_purchases import Summary

LEAST_REPEATERS = 20
# Below these dropout cannot be told from none.
LEAST_GAIN = 0.01
LEAST_DROPOUT = 1e-4
# Above this dropout is there, though its differences may be beyond the data:
# then ln(a + b) is taken for normal, about ln 4.
CLEAR_GAIN = 2.0
USUAL_LOG_SUM, PRIOR_ERROR = math.log(4), 1.5
NAMES = ("r", "alpha", "a", "b")
# Where the two forms of the expectation differ by more, neither is believed.
AGREEMENT = 1e-9


def fit_orders(everybody: list[Summary]) -> Model:
    """The first rung of the ladder that holds."""
    if not everybody:
        return Model("none")
    x = np.array([one.frequency for one in everybody], dtype=float)
    recency = np.array([one.recency for one in everybody], dtype=float)
    age = np.array([one.age for one in everybody], dtype=float)
    return fit_arrays(x, recency, age)


def fit_arrays(x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Model:
    """By frequency, recency and age of each customer."""
    lived = float(np.sum(age))
    rate = float(np.sum(x)) / lived if lived else 0.0
    # A Poisson count is known up to its square root.
    errors = {"purchase_rate": rate / math.sqrt(np.sum(x))} if rate else {}
    pooled = Model("pooled_rate", {"purchase_rate": rate}, errors, customers=len(x))
    if np.sum(x > 0) < LEAST_REPEATERS or lived == 0:
        return pooled
    middle = float(np.mean(age))
    starts = [
        [0.5, middle / 4, 0.5, 2],
        [1, middle / 10, 1, 1],
        [0.3, middle / 2, 2, 8],
    ]
    with_dropout = maximise(lambda logs: bg_nbd(logs, x, recency, age), starts)
    without = maximise(lambda logs: nbd(logs, x, age), [[0.5, middle / 4]])
    fallback = without.model("nbd", NAMES[:2], len(x)) or pooled
    a, b = np.exp(with_dropout.logs[2:])
    gain = with_dropout.log_likelihood - without.log_likelihood
    if gain <= LEAST_GAIN or a / (a + b) < LEAST_DROPOUT:
        return fallback
    known = with_dropout.model("bg_nbd", NAMES, len(x))
    if known is None and gain > CLEAR_GAIN:
        held = maximise(
            lambda logs: bg_nbd(logs, x, recency, age) + prior(logs), starts
        )
        # What the data say of it, without the prior.
        likelihood = held.log_likelihood - float(prior(held.logs).real)
        known = replace(held, log_likelihood=likelihood).model("bg_nbd", NAMES, len(x))
    return known or fallback


def prior(logs: Logs) -> complex:
    """The log density of ln(a + b), but for a constant."""
    off = np.log(np.exp(logs[2]) + np.exp(logs[3])) - USUAL_LOG_SUM
    return -((off / PRIOR_ERROR) ** 2) / 2


def bg_nbd(logs: Logs, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> complex:
    """Equation 6, with A4 ÷ A3 as the odds that a customer is gone."""
    r, alpha, a, b = np.exp(logs)
    alive = (
        log_gamma(r + x)
        - loggamma(r)
        + r * np.log(alpha)
        - (r + x) * np.log(alpha + age)
        + log_beta(a, b + x)
        - log_beta(a, b)
    )
    again = np.where(x > 0, x, 1)
    log_odds = (
        np.log(a)
        - np.log(b + again - 1)
        + (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
    )
    # ln(1 + e^z), where e^z may be larger than a number can be.
    is_large = log_odds.real > 30
    small = np.where(is_large, 0, log_odds)
    large = np.where(is_large, log_odds, 31)
    gone = np.where(is_large, large + np.log1p(np.exp(-large)), np.log1p(np.exp(small)))
    return np.sum(alive + np.where(x > 0, gone, 0))


def nbd(logs: Logs, x: np.ndarray, age: np.ndarray) -> complex:
    r, alpha = np.exp(logs)
    terms = log_gamma(r + x) - loggamma(r) + r * np.log(alpha)
    return np.sum(terms - (r + x) * np.log(alpha + age))


def log_gamma(values: np.ndarray) -> np.ndarray:
    """Of many customers with few different numbers of purchases."""
    different, places = np.unique(values, return_inverse=True)
    return loggamma(different)[places]


def log_beta(first: complex, second: np.ndarray) -> np.ndarray:
    return (
        loggamma(first)
        + log_gamma(np.atleast_1d(second))
        - log_gamma(np.atleast_1d(first + second))
    )


# --- What is to come --------------------------------------------------------


def probability_alive(model: Model, x: int, recency: int, age: int) -> float | None:
    """None where the model does not know of leaving."""
    if model.name != "bg_nbd":
        return None
    return alive_by(model.parameters, x, recency, age)


def alive_by(parameters: dict[str, float], x: int, recency: int, age: int) -> float:
    if x == 0 or "a" not in parameters:
        return 1.0
    r, alpha, a, b = (parameters[name] for name in NAMES)
    odds = math.log(a / (b + x - 1))
    odds += (r + x) * math.log((alpha + age) / (alpha + recency))
    return 1 / (1 + math.exp(min(odds, 700)))


def expected_purchases(model: Model, x: int, age: int, days: np.ndarray) -> np.ndarray:
    """Of a customer who is alive at the cut, within so many days after it."""
    if model.name == "pooled_rate":
        return model["purchase_rate"] * days
    if model.name == "nbd":
        return (model["r"] + x) / (model["alpha"] + age) * days
    if model.name == "none":
        return np.zeros_like(days)
    return classical(model.parameters, x, age, days)


def classical(
    parameters: dict[str, float], x: int, age: int, days: np.ndarray
) -> np.ndarray:
    """Equation 10 of the paper, less its denominator: 1 ÷ P(alive).

    Gauss's function is taken as it stands and once more by Euler's
    transformation; where the two differ the expectation is integrated.
    """
    r, alpha, a, b = (parameters[name] for name in NAMES)
    c = a + b + x - 1
    z = days / (alpha + age + days)
    with np.errstate(all="ignore"):
        plain = (1 - z) ** (r + x) * hyp2f1(r + x, b + x, c, z)
        euler = (1 - z) ** (a - 1) * hyp2f1(a + b - r - 1, a - 1, c, z)
        first = c / (a - 1) * (1 - plain)
        second = c / (a - 1) * (1 - euler)
        agree = np.abs(first - second) <= AGREEMENT * np.abs(first)
    agree &= first > 0
    return np.array(
        [
            value if is_good else integrated(parameters, x, age, float(day))
            for value, is_good, day in zip(first, agree, days, strict=True)
        ]
    )


def integrated(parameters: dict[str, float], x: int, age: int, day: float) -> float:
    """The mean over the dropout probability p of (1 - (1 + ps)^-(r + x)) ÷ p.

    On the log odds of p the integrand is smooth and dies out on both sides, so
    that a plain sum at even distances is as good as exact.
    """
    r, alpha, a, b = (parameters[name] for name in NAMES)
    scale, width = day / (alpha + age), 0.02
    odds = np.arange(-45 / a - 10, 45 / (b + x) + 10, width)
    log_p, log_rest = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    log_weight = a * log_p + (b + x) * log_rest - betaln(a, b + x)
    p = np.exp(np.maximum(log_p, -500))
    given = -np.expm1(-(r + x) * np.log1p(p * scale)) / p
    return float(np.sum(np.exp(log_weight) * given) * width)
