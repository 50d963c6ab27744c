"""Nodes over the chance of dropout, which make BG/NBD's expectation a sum.

A customer alive with x repeat purchases drops out after a purchase with
chance p ~ Beta(a, b + x), and buys until then at a rate ~ Gamma(r + x,
alpha + T). So the expected purchases over t days are

    E = sum_j w_j (1 - (1 + p_j s)^-(r + x)) / p_j,   s = t / (alpha + T),

all terms positive: no cancellation and no hypergeometric function, as
equation 10 of Fader, Hardie and Lee (2005) has them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln

# Gauss's nodes are good to 1e-10 up to this s, the others everywhere.
NEAR_LIMIT = 2.0
NEAR_NODES = 24
FAR_STEPS = 112
# Weights below e^-44 of the largest do not count.
FAR_DEPTH = 44.0
# Below this p the term is a straight line in p, whatever s and x.
SMALLEST = 1e-18


def near_nodes(
    a: float, b: float, frequency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Jacobi nodes and weights of Beta(a, b + x), x each of frequency.

    Returns p, w of shape (n, NEAR_NODES); p in (0, 1), each row of w sums to
    1. From the canonical moments of the Beta law (Dette and Studden 1997,
    section 1.3): the Jacobi matrix is L L' of a bidiagonal L, whose singular
    values squared are the nodes. Nothing cancels where p is small.
    """
    b = b + np.asarray(frequency, float)[:, np.newaxis]
    k = np.arange(1, NEAR_NODES + 1)
    odd = (a + k - 1) / (a + b + 2 * k - 2)
    # For k = 1 this is b / (a + b), also where a + b - 1 is not positive.
    odd_rest = (b + k - 1) / (a + b + 2 * k - 2)
    even = k / (a + b + 2 * k - 1)
    even_rest = (a + b + k - 1) / (a + b + 2 * k - 1)
    diagonal = odd.copy()
    diagonal[:, 1:] *= even_rest[:, :-1]
    below = (odd_rest * even)[:, :-1]
    factor = np.zeros((len(b), NEAR_NODES, NEAR_NODES))
    place = np.arange(NEAR_NODES)
    factor[:, place, place] = np.sqrt(diagonal)
    factor[:, place[1:], place[:-1]] = np.sqrt(below)
    left, singular, _ = np.linalg.svd(factor)
    return _normalised(singular**2, left[:, 0, :] ** 2)


def far_nodes(
    a: float, b: float, frequency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Double exponential nodes and weights of Beta(a, b + x), for any s.

    Returns p, w of shape (n, m), m about 100, where a weight may be 0. With
    logit p = pi sinh(u) + the law's centre, steps of u as wide as its weight
    counts (Takahasi and Mori 1974). Nodes below SMALLEST are put together
    at their mean.
    """
    b = b + np.asarray(frequency, float)[:, np.newaxis]
    centre = np.log(a / b)
    wide = np.linspace(-12.0, 12.0, 2401)[np.newaxis, :]
    log_weight = _far(a, b, centre, wide)[2]
    counts = log_weight > log_weight.max(axis=1, keepdims=True) - FAR_DEPTH
    low = wide[0, counts.argmax(axis=1)]
    high = wide[0, -1 - counts[:, ::-1].argmax(axis=1)]
    # Steps from the right, so wide that FAR_STEPS reach from end to end of
    # what is kept; those further left are put together.
    kept = np.arcsinh((np.log(SMALLEST) - centre[:, 0]) / np.pi)
    width = (high - np.maximum(low, kept)) / FAR_STEPS
    steps = np.arange(np.ceil((high - low) / width).max() + 1)
    u = high[:, np.newaxis] - width[:, np.newaxis] * steps
    log_p, _, log_weight = _far(a, b, centre, np.maximum(u, low[:, np.newaxis]))
    weight = np.exp(log_weight) * (u > low[:, np.newaxis] - width[:, np.newaxis])
    p, w = _normalised(np.exp(np.maximum(log_p, -700)), weight)
    tiny = p < SMALLEST
    mass = (w * tiny).sum(axis=1)
    mean = (w * p * tiny).sum(axis=1) / np.where(mass > 0, mass, 1)
    first = np.where(mass > 0, np.maximum(mean, 1e-300), SMALLEST)
    p = np.column_stack([first, np.where(tiny, 0.5, p)])
    return p, np.column_stack([mass, np.where(tiny, 0.0, w)])


def _far(
    a: float, b: np.ndarray, centre: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ln p, ln (1 - p) and the log weight at u, up to the step."""
    logit = centre + np.pi * np.sinh(u)
    log_p = -np.logaddexp(0, -logit)
    log_q = -np.logaddexp(0, logit)
    log_weight = np.log(np.pi * np.cosh(u)) + a * log_p + b * log_q - betaln(a, b)
    return log_p, log_q, log_weight


def _normalised(p: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inside the open interval, with weights that sum to 1."""
    p = np.clip(p, 1e-300, 1 - 2.0**-53)
    return p, w / w.sum(axis=1, keepdims=True)
