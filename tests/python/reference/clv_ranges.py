"""Between which values a customer's orders will most likely bring.

The law of the number of orders of a customer who is alive, times the law of
the value of so many orders, both averaged over the parameters' uncertainty,
inverted by a search for each customer.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaln
from scipy.stats import nbinom, poisson

from .clv_likelihood import Model
from .clv_order_model import alive_by
from .clv_order_value import expected_value
from .clv_purchases import Summary

# Of no consequence for a quantile that is wanted to a few in a thousand.
LEFT_OUT = 1e-6
MOST_ORDERS = 20000


def order_range(
    orders: Model, value: Model, one: Summary, days: float
) -> tuple[float, float]:
    """The 10 % and 90 % quantiles in units of expected order values.

    One in ten is above the high one, and one in ten is below the low one: a
    customer who buys nothing brings 0.
    """
    chances = [
        buys_by(orders, point, one.frequency, one.recency, one.age, days)
        for point in orders.points()
    ]
    positive = float(np.mean(chances))
    if positive <= 0.1:
        return 0.0, 0.0
    law = Law(orders, value, one, days)
    low = law.quantile(1 - 0.9 / positive) if positive > 0.9 else 0.0
    return low, law.quantile(1 - 0.1 / positive)


def buys_by(
    orders: Model,
    parameters: dict[str, float],
    x: int,
    recency: int,
    age: int,
    days: float,
) -> float:
    """The probability of at least one order."""
    if orders.name == "pooled_rate":
        return -math.expm1(-parameters["purchase_rate"] * days)
    r, alpha = parameters["r"], parameters["alpha"]
    none = ((alpha + age) / (alpha + age + days)) ** (r + x)
    return alive_by(parameters, x, recency, age) * (1 - none)


class Law:
    """What a customer brings who is alive and buys at least once."""

    def __init__(self, orders: Model, value: Model, one: Summary, days: float) -> None:
        self.value, self.x = value, one.frequency
        # The definition takes all repeat purchases for paid ones here: as many
        # of them are known, and of an unknown mean that of all customers.
        self.mean = one.mean_value or expected_value(value, 0, None)
        self.unit = expected_value(value, self.x, self.mean)
        laws = [
            counts(orders, point, one.frequency, one.age, days)
            for point in orders.points()
        ]
        longest = max(map(len, laws))
        padded = [np.pad(law, (0, longest - len(law))) for law in laws]
        mixed = np.mean(padded, axis=0)[1:]
        self.weights = mixed / np.sum(mixed)
        self.numbers = np.arange(1, longest)

    def below(self, units: float) -> float:
        """The probability of at most so many expected order values."""
        found = []
        for point in self.value.points():
            p, q, v = point["p"], point["q"], point["v"]
            ratio = units * self.unit / (v + self.x * self.mean)
            share = ratio / (1 + ratio)
            found.append(
                self.weights @ betainc(p * self.numbers, q + p * self.x, share)
            )
        return float(np.mean(found))

    def quantile(self, level: float) -> float:
        if self.value.name != "gamma_gamma":
            reached = np.cumsum(self.weights) >= level
            return float(self.numbers[np.argmax(reached)])
        # In logs, since the first orders may bring next to nothing.
        found = brentq(
            lambda log: self.below(math.exp(log)) - level, -30, 30, xtol=1e-5
        )
        return math.exp(found)


def counts(
    orders: Model, parameters: dict[str, float], x: int, age: int, days: float
) -> np.ndarray:
    """P(n orders) of a customer who is alive, from none to all that matter."""
    if orders.name == "pooled_rate":
        mean = parameters["purchase_rate"] * days
        n = np.arange(int(poisson.ppf(1 - LEFT_OUT, mean)) + 2)
        return poisson.pmf(n, mean)
    shape = parameters["r"] + x
    success = (parameters["alpha"] + age) / (parameters["alpha"] + age + days)
    last = min(int(nbinom.ppf(1 - LEFT_OUT, shape, success)) + 2, MOST_ORDERS)
    n = np.arange(last + 1)
    would_buy = nbinom.pmf(n, shape, success)
    if "a" not in parameters:
        return would_buy
    a, b = parameters["a"], parameters["b"]
    # Buys n times and stays after each; or is gone right after the nth.
    stays = np.exp(betaln(a, b + x + n) - betaln(a, b + x)) * would_buy
    at_least = nbinom.sf(n - 1, shape, success)
    goes = np.zeros_like(stays)
    goes[1:] = np.exp(betaln(a + 1, b + x + n[1:] - 1) - betaln(a, b + x))
    return stays + goes * at_least


def combined(parts: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Low and high of a sum, from the mean, low and high of its parts.

    Deviations are added as those of independent parts: in squares.
    """
    mean = math.fsum(part[0] for part in parts)
    bounds = []
    for side in (1, 2):
        away = [part[side] - part[0] for part in parts]
        total = math.fsum(math.copysign(one * one, one) for one in away)
        root = math.copysign(math.sqrt(abs(total)), total)
        bounds.append(max(0.0, mean + root))
    return bounds[0], bounds[1]
