"""The laws of what a customer will buy, given everything that was seen.

Purchases: BG/NBD (Fader, Hardie and Lee 2005, Marketing Science 24(2)), NBD
and Poisson. A customer who is alive at the cut has the purchase rate
Gamma(r + x, alpha + T) and, where there is dropout, drops out after each
purchase with probability Beta(a, b + x). N purchases or more in t days then
need two independent things: no dropout after the first N - 1, and N arrivals
of the process that takes no notice of dropout:

    P(N >= n) = B(a, b + x + n - 1) / B(a, b + x) * P(NB >= n),   n >= 1,

NB negative binomial of shape r + x and success (alpha + T) / (alpha + T + t).

Value: Gamma-Gamma (Fader and Hardie 2013, note 025). The value of n purchases
is Gamma(p n) times a scale whose inverse is Gamma(q + p x, v + x m), so value
over (v + x m) is beta-prime (p n, q + p x), where x purchases had the mean m.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, gammainc, gammaln

from perennial.clv.estimate import Estimate

Numbers = np.ndarray | float


def purchases_at_least(
    parameters: np.ndarray, n: Numbers, frequency: Numbers, age: Numbers, days: float
) -> np.ndarray:
    """Return P(N >= n) over the next `days` days, of a customer alive now.

    `parameters` says the law by its length: r, alpha, a, b (BG/NBD); r, alpha
    (NBD); purchases per day (Poisson). `n` whole numbers from 0, `frequency`
    and `age` (days) broadcast with it.
    """
    # The Poisson law takes no notice of the two, but has their shape.
    n, frequency, age = np.broadcast_arrays(np.asarray(n, float), frequency, age)
    first = np.maximum(n, 1.0)
    if len(parameters) == 1:
        # In the shape of all arguments, though they have one rate.
        same = np.zeros(np.broadcast(first, frequency, age).shape)
        reached = gammainc(first, parameters[0] * days + same)
    else:
        r, alpha = parameters[:2]
        reached = betainc(first, r + frequency, days / (alpha + age + days))
    if len(parameters) == 4:
        reached = reached * _not_dropped(*parameters[2:], first - 1, frequency)
    return np.where(n < 1, 1.0, reached)


def purchase_probability(
    parameters: np.ndarray, n: Numbers, frequency: Numbers, age: Numbers, days: float
) -> np.ndarray:
    """Return P(N = n), the arguments being those of `purchases_at_least`."""
    more = purchases_at_least(parameters, np.add(n, 1), frequency, age, days)
    return purchases_at_least(parameters, n, frequency, age, days) - more


def probability_alive(
    parameters: np.ndarray, frequency: Numbers, recency: Numbers, age: Numbers
) -> np.ndarray:
    """Return the chance that a customer has not dropped out; 1 without dropout.

    Fader, Hardie and Lee (2008), "Computing P(alive) using the BG/NBD model".
    """
    frequency = np.asarray(frequency, dtype=float)
    if len(parameters) < 4:
        return np.ones(np.broadcast(frequency, recency, age).shape)
    r, alpha, a, b = parameters
    log_odds = (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
    log_odds = log_odds + np.log(a / (b + np.maximum(frequency, 1) - 1))
    gone = np.where(frequency > 0, np.exp(np.minimum(log_odds, 700.0)), 0.0)
    return 1 / (1 + gone)


def value_at_most(
    parameters: np.ndarray, w: Numbers, n: Numbers, frequency: Numbers
) -> np.ndarray:
    """Return P(value of n purchases <= w (v + x m)) by Gamma-Gamma.

    `parameters` are p, q, v; `frequency` is x, the paid purchases seen.
    """
    p, q, _ = parameters
    return betainc(p * np.asarray(n), q + p * np.asarray(frequency), w / (1 + w))


def expected_value(
    parameters: np.ndarray, frequency: Numbers, mean_value: Numbers
) -> np.ndarray:
    """Return the expected value of one purchase, in money (Gamma-Gamma)."""
    p, q, v = parameters
    frequency = np.asarray(frequency, dtype=float)
    return p * (v + frequency * mean_value) / (p * frequency + q - 1)


def shrunk_value(
    order_value: Estimate, frequency: Numbers, mean_value: Numbers
) -> np.ndarray:
    """Return the expected value of one purchase, in money (shrunk mean)."""
    prior = order_value["prior_purchases"]
    weighed = prior * order_value["population_mean"]
    return (weighed + np.multiply(frequency, mean_value)) / (
        prior + np.asarray(frequency, dtype=float)
    )


def _not_dropped(a: float, b: float, n: np.ndarray, frequency: Numbers) -> np.ndarray:
    """Return E[(1 - p)^n], p ~ Beta(a, b + x)."""
    left = b + np.asarray(frequency, dtype=float)
    log_share = (
        gammaln(left + n) - gammaln(left) - (gammaln(a + left + n) - gammaln(a + left))
    )
    return np.exp(np.minimum(log_share, 0.0))
