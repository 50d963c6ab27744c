"""Nodes over the chance of dropout, against forty digits."""

from __future__ import annotations

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from perennial.clv.quadrature import (
    CLOSE_LIMIT,
    NEAR_LIMIT,
    close_nodes,
    far_nodes,
    near_nodes,
)

ROOT = Path(__file__).resolve().parents[2]
# r, a, b: CDNOW's, nearly no dropout, nearly all drop out, alike customers.
MODELS = [
    (0.243, 0.793, 2.426),
    (3.0, 0.02, 0.5),
    (0.1, 2.5, 0.06),
    (5.3, 80.0, 200.0),
]
FREQUENCIES = [0, 1, 2, 5, 12, 40, 150, 600, 1000, 2500, 10000]
# Days ahead over alpha + age: a day for an old customer, a lifetime for a new.
AHEAD = [1e-5, 0.3, CLOSE_LIMIT, NEAR_LIMIT, 40.0, 1e5]
RULES = (close_nodes, near_nodes, far_nodes)


def exact(r: float, a: float, b: float, x: int, s: float) -> mpmath.mpf:
    """Expected purchases, given alive: equation 10 of Fader, Hardie, Lee (2005).

    Its 2F1 by Euler's transformation, which is the same number.
    """
    r, a, b, s = map(mpmath.mpf, (r, a, b, s))
    z = s / (1 + s)
    series = mpmath.hyp2f1(a + b - r - 1, a - 1, a + b + x - 1, z)
    return (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * series)


def summed(
    nodes: tuple[np.ndarray, np.ndarray], power: np.ndarray, s: float
) -> np.ndarray:
    """The sum over nodes, in the form of the SQL; one per row of nodes."""
    p, w = nodes
    y = p * s
    half = np.tanh(power[:, np.newaxis] * np.arctanh(y / (2 + y)))
    return (w / p * 2 * half / (1 + half)).sum(axis=1)


@pytest.mark.parametrize(("r", "a", "b"), MODELS)
def test_sums_agree_with_forty_digits(r: float, a: float, b: float) -> None:
    # 4 models, 11 frequencies, 6 horizons: 264 customers.
    x = np.array(FREQUENCIES)
    close, near, far = (rule(a, b, x) for rule in RULES)
    for s in AHEAD:
        with mpmath.workdps(60):
            truth = np.array([float(exact(r, a, b, n, s)) for n in FREQUENCIES])

        np.testing.assert_allclose(summed(far, r + x, s), truth, rtol=1e-9)
        if s <= NEAR_LIMIT:
            np.testing.assert_allclose(summed(near, r + x, s), truth, rtol=1e-9)
        if s <= CLOSE_LIMIT:
            np.testing.assert_allclose(summed(close, r + x, s), truth, rtol=1e-10)


def test_the_sql_chooses_the_rule_by_the_same_limits() -> None:
    sql = (
        ROOT / "models/intermediate/value/int_clv_purchases_expected.sql"
    ).read_text()

    limits = re.search(r"set close_reach, near_reach = ([\d.]+), ([\d.]+)", sql)

    assert limits
    assert tuple(map(float, limits.groups())) == (CLOSE_LIMIT, NEAR_LIMIT)


def test_sums_of_any_parameters_are_finite_and_not_negative() -> None:
    rng = np.random.default_rng(500)
    x = np.array([0, 1, 7, 300, 50_000])
    for _ in range(500):
        r, a, b = np.exp(rng.uniform(np.log([1e-3, 1e-4, 1e-3]), np.log(1e4)))
        s = np.exp(rng.uniform(np.log(1e-9), np.log(1e9)))
        with np.errstate(all="raise", under="ignore"):
            rules = [rule(a, b, x) for rule in RULES]
            sums = [summed(nodes, r + x, s) for nodes in rules]

        for p, w in rules:
            assert np.all((p > 0) & (p < 1) & (w >= 0))
            np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-12)
        for expected in sums:
            # Nobody buys more than a customer who never drops out.
            assert np.all((expected >= 0) & (expected <= (r + x) * s * (1 + 1e-9)))


def test_the_rules_agree_where_they_hold() -> None:
    rng = np.random.default_rng(24)
    x = np.array([0, 1, 3, 9, 30, 100, 1000])
    for _ in range(100):
        r, a, b = np.exp(rng.uniform(np.log([0.02, 0.01, 0.05]), np.log([20, 50, 500])))
        far = far_nodes(a, b, x)

        for rule, s in ((close_nodes, CLOSE_LIMIT), (near_nodes, NEAR_LIMIT)):
            np.testing.assert_allclose(
                summed(rule(a, b, x), r + x, s), summed(far, r + x, s), rtol=1e-9
            )


def test_nodes_have_the_moments_of_the_law() -> None:
    x = np.array([0, 4, 1000])
    a, b = 0.7, 1.9 + x
    for p, w in (rule(0.7, 1.9, x) for rule in RULES):
        np.testing.assert_allclose((w * p).sum(axis=1), a / (a + b), rtol=1e-9)
        np.testing.assert_allclose(
            (w * p**2).sum(axis=1), a * (a + 1) / (a + b) / (a + b + 1), rtol=1e-8
        )
