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
from scipy.special import expit

# Gauss's nodes are good to 1e-10 up to these s, the others everywhere. Most
# terms of the sums are close ones, so fewer nodes for them save most.
CLOSE_LIMIT = 0.6
CLOSE_NODES = 11
NEAR_LIMIT = 3.0
NEAR_NODES = 28
FAR_NODES = 112
# Ends in logit p. Beyond them the term is a straight line in p and in 1 - p.
LEFT, RIGHT = -42.0, 20.0
# Weights below e^-40 of the largest do not count.
FAR_DEPTH = 40.0


def close_nodes(
    a: float, b: float, frequency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Jacobi nodes and weights of Beta(a, b + x), for s <= CLOSE_LIMIT.

    Returns p, w of shape (n, CLOSE_NODES), like `near_nodes`.
    """
    return _gauss(a, b, frequency, CLOSE_NODES)


def near_nodes(
    a: float, b: float, frequency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Jacobi nodes and weights of Beta(a, b + x), for s <= NEAR_LIMIT.

    Returns p, w of shape (n, NEAR_NODES), x each of frequency; p in (0, 1),
    each row of w sums to 1.
    """
    return _gauss(a, b, frequency, NEAR_NODES)


def _gauss(
    a: float, b: float, frequency: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` nodes and weights of Gauss's rule for each frequency.

    From the canonical moments of the Beta law (Dette and Studden 1997,
    section 1.3): the Jacobi matrix is L L' of a bidiagonal L, whose singular
    values squared are the nodes. Nothing cancels where p is small.
    """
    b = b + np.asarray(frequency, float)[:, np.newaxis]
    k = np.arange(1, count + 1)
    odd = (a + k - 1) / (a + b + 2 * k - 2)
    # For k = 1 this is b / (a + b), also where a + b - 1 is not positive.
    odd_rest = (b + k - 1) / (a + b + 2 * k - 2)
    even = k / (a + b + 2 * k - 1)
    even_rest = (a + b + k - 1) / (a + b + 2 * k - 1)
    diagonal = odd.copy()
    diagonal[:, 1:] *= even_rest[:, :-1]
    below = (odd_rest * even)[:, :-1]
    factor = np.zeros((len(b), count, count))
    place = np.arange(count)
    factor[:, place, place] = np.sqrt(diagonal)
    factor[:, place[1:], place[:-1]] = np.sqrt(below)
    left, singular, _ = np.linalg.svd(factor)
    return _normalised(singular**2, left[:, 0, :] ** 2)


def far_nodes(
    a: float, b: float, frequency: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spaced nodes in logit p, with weights of Beta(a, b + x), for any s.

    Returns p, w of shape (n, FAR_NODES + 1); p in (0, 1), each row of w sums
    to 1. The trapezoidal rule over the whole line, which converges like
    exp(-c / step) for such laws (Trefethen and Weideman 2014, section 5), as
    its poles stay a fixed way off the line whatever s is. Beyond LEFT the law
    is e^(a z), beyond RIGHT it is e^(-(b + x) z): there the rule is a
    geometric series, and its sum is one node at its mean.
    """
    b = b + np.asarray(frequency, float)
    low, high = _ends(a, b)
    step = (high - low) / (FAR_NODES - 2)
    z = low[:, np.newaxis] + step[:, np.newaxis] * np.arange(FAR_NODES - 1)
    log_weight = _log_weight(a, b[:, np.newaxis], z)
    # The end nodes stand for themselves and all that lie beyond.
    left, left_mean = _series(a, a + b, step, z[:, 0])
    right, right_mean = _series(b, a + b, step, -z[:, -1])
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight[:, 0] *= left
    weight[:, -1] *= right
    p = expit(z)
    p[:, 0] = left_mean
    # 1 - p and not p is what the mean is small in.
    p[:, -1] = 1 - right_mean
    return _normalised(p, weight)


def _ends(a: float, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From where to where in logit p the weights count, each (n,)."""
    wide = np.linspace(LEFT, RIGHT, 4 * int(RIGHT - LEFT) + 1)
    # Around the top the grid is as fine as the law is narrow.
    top = np.log(a / b)[:, np.newaxis]
    narrow = np.sqrt(1 / a + 1 / b)[:, np.newaxis] * np.linspace(-12, 12, 193)
    z = np.concatenate([np.tile(wide, (len(b), 1)), top + narrow], axis=1)
    z = np.sort(np.clip(z, LEFT, RIGHT), axis=1)
    log_weight = _log_weight(a, b[:, np.newaxis], z)
    counts = log_weight > log_weight.max(axis=1, keepdims=True) - FAR_DEPTH
    each, last = np.arange(len(b)), z.shape[1] - 1
    low = z[each, np.maximum(counts.argmax(axis=1) - 1, 0)]
    high = z[each, np.minimum(last - counts[:, ::-1].argmax(axis=1) + 1, last)]
    return low, high


def _log_weight(a: float, b: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The log density of logit p at z, up to a constant."""
    return -a * np.logaddexp(0, -z) - b * np.logaddexp(0, z)


def _series(
    power: np.ndarray, total: np.ndarray, step: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mass and mean of nodes at e^(z - j step), j = 0, 1, ..., each (n,).

    The law there is e^(power z) / (1 + e^z)^total, to first order in e^z; the
    weight of the first node is 1.
    """
    mass = -1 / np.expm1(-power * step)
    next_mass = -1 / np.expm1(-(power + 1) * step)
    mean = np.exp(z) * next_mass / mass
    return mass + total * np.exp(z) * (mass - next_mass), mean


def _normalised(p: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inside the open interval, with weights that sum to 1."""
    p = np.clip(p, 1e-300, 1 - 2.0**-53)
    return p, w / w.sum(axis=1, keepdims=True)
