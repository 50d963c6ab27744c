"""What a purchase will bring: Gamma-Gamma, or the mean drawn to that of all.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value: repeat
purchases only, one mean value for each customer.
"""

from __future__ import annotations

import numpy as np
from scipy.special import loggamma

from .clv_likelihood import Logs, Model, maximise
from .clv_purchases import Summary

LEAST_REPEATERS = 20
NAMES = ("p", "q", "v")
# Of no customers known are p and q outside of these.
LEAST_P, MOST = 0.01, 1000.0
PLAUSIBLE_PRIOR = (0.1, 100.0)


def fit_order_value(everybody: list[Summary]) -> Model:
    repeaters = [one for one in everybody if one.paid_frequency]
    x = np.array([one.paid_frequency for one in repeaters], dtype=float)
    m = np.array([one.mean_value for one in repeaters], dtype=float)
    firsts = [float(one.first_spend) for one in everybody if one.first_spend > 0]
    extras = correlation(x, m)
    if len(repeaters) >= LEAST_REPEATERS:
        found = fit_arrays(x, m)
        if found:
            return found.model("gamma_gamma", NAMES, len(x), extras)
    if len(x):
        prior = prior_purchases(x, m)
        # A mean of more purchases tells more of the customer's own level.
        weights = x / (x + prior)
        center = float(np.sum(weights * m) / np.sum(weights))
        shrunk = {"prior_purchases": prior, "population_mean": center}
        return Model("shrunk_mean", shrunk, customers=len(x), extras=extras)
    if firsts:
        alone = {"prior_purchases": 1.0, "population_mean": float(np.mean(firsts))}
        return Model("shrunk_mean", alone, customers=len(firsts))
    return Model("none")


def fit_arrays(x: np.ndarray, m: np.ndarray):
    """The optimum by repeat purchases and their mean; None where it is none."""
    usual = float(np.mean(m))
    found = maximise(
        lambda logs: gamma_gamma(logs, x, m),
        [[4, 4, 3 * usual / 4], [1, 2, usual], [20, 3, usual / 10]],
    )
    p, q, _ = np.exp(found.logs)
    if found.covariance is None or not (LEAST_P < p < MOST and 1 < q < MOST):
        return None
    return found


def gamma_gamma(logs: Logs, x: np.ndarray, m: np.ndarray) -> complex:
    """Equation 1a of the note, of the mean of x purchases."""
    p, q, v = np.exp(logs)
    return np.sum(
        loggamma(p * x + q)
        - loggamma(p * x)
        - loggamma(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(m)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * m + v)
    )


def correlation(x: np.ndarray, m: np.ndarray) -> dict[str, float]:
    """Of frequency and value, which the model takes to be none."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(m) == 0:
        return {}
    return {"frequency_value_correlation": float(np.corrcoef(x, m)[0, 1])}


def prior_purchases(x: np.ndarray, m: np.ndarray) -> float:
    """The variance within customers by that between them; 1 if it can't be told.

    A mean of x purchases is off by a square of between + within ÷ x on average:
    a line through the squares over 1 ÷ x tells both.
    """
    if len(x) < LEAST_REPEATERS or np.ptp(x) == 0:
        return 1.0
    squares = (m - np.mean(m)) ** 2
    within, between = np.polyfit(1 / x, squares, 1)
    if within <= 0 or between <= 0:
        return 1.0
    return float(np.clip(within / between, *PLAUSIBLE_PRIOR))


def expected_value(model: Model, x: int, mean: float | None) -> float | None:
    """Of one more paid purchase, after x of them with this mean."""
    mean = mean or 0.0
    if model.name == "gamma_gamma":
        p, q, v = (model[name] for name in NAMES)
        return p * (v + x * mean) / (p * x + q - 1)
    if model.name == "shrunk_mean":
        prior = model["prior_purchases"]
        return (prior * model["population_mean"] + x * mean) / (prior + x)
    return None


def paid_share(everybody: list[Summary]) -> float:
    """Of repeat purchases those that brought something."""
    repeats = sum(one.frequency for one in everybody)
    paid = sum(one.paid_frequency for one in everybody)
    return paid / repeats if repeats else 1.0
