"""Gamma-Gamma against published values, `lifetimes` and simulated spends."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from clv_customers import cdnow_summary, simulate_values

from perennial.clv.estimate import Estimate
from perennial.clv.order_value import fit_order_value

TRUE = {"p": 5.0, "q": 3.5, "v": 20.0}


def fit(purchases: np.ndarray, means: np.ndarray) -> Estimate:
    return fit_order_value(
        np.full(len(means), "repeat", object), purchases, means, np.ones(len(means))
    )


def test_the_parameters_of_cdnow_are_the_published_ones() -> None:
    # Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value, note
    # 025, section 4: p 6.25, q 3.74, v 15.44, of 946 repeat buyers.
    cdnow = cdnow_summary()
    paid = (cdnow["frequency"] > 0) & (cdnow["mean_value"] > 0)

    estimate = fit(cdnow["frequency"][paid], cdnow["mean_value"][paid])

    assert (estimate.status, estimate.customers) == ("gamma_gamma", 946)
    assert estimate.values == pytest.approx([6.25, 3.74, 15.44], abs=0.01)


def test_the_fit_equals_lifetimes() -> None:
    rng = np.random.default_rng(11)
    purchases = rng.geometric(0.4, 20_000).astype(float)
    means = simulate_values(purchases, rng, **TRUE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import GammaGammaFitter

        theirs = GammaGammaFitter().fit(purchases, means)

    ours = fit(purchases, means)

    np.testing.assert_allclose(ours.values, theirs.params_[["p", "q", "v"]], rtol=1e-5)
    assert ours.extras["frequency_value_correlation"] == pytest.approx(
        np.corrcoef(purchases, means)[0, 1]
    )


def test_the_unit_of_money_only_scales_v() -> None:
    rng = np.random.default_rng(2)
    purchases = rng.geometric(0.5, 500).astype(float)
    means = simulate_values(purchases, rng, **TRUE)

    ours, cents, tiny = (fit(purchases, means * unit) for unit in (1, 100, 1e-12))

    np.testing.assert_allclose(cents.values, ours.values * [1, 1, 100], rtol=1e-8)
    np.testing.assert_allclose(tiny.values, ours.values * [1, 1, 1e-12], rtol=1e-8)
    assert cents.log_likelihood == pytest.approx(
        ours.log_likelihood - 500 * np.log(100)
    )


def test_ninety_five_percent_intervals_hold_the_truth_that_often() -> None:
    rng = np.random.default_rng(2013)
    hits = np.zeros(3)
    for _ in range(60):
        purchases = rng.geometric(0.4, 2_000).astype(float)
        estimate = fit(purchases, simulate_values(purchases, rng, **TRUE))
        distance = np.log(estimate.values / [*TRUE.values()])
        hits += np.abs(distance) <= 1.96 * np.sqrt(np.diag(estimate.log_covariance))

    assert np.all((hits >= 54) & (hits <= 60)), hits


def test_spends_without_a_mean_are_shrunk() -> None:
    # q below 1: the mean spend of the population is not finite.
    rng = np.random.default_rng(4)
    purchases = rng.geometric(0.4, 3_000).astype(float)

    estimate = fit(purchases, simulate_values(purchases, rng, p=4.0, q=0.7, v=20.0))

    assert estimate.status == "shrunk_mean"
    assert "no finite mean" in estimate.reason


def test_the_prior_counts_as_many_purchases_as_the_variances_say() -> None:
    # Normal spends: no Gamma-Gamma, but variances that are known. Levels
    # differ by 10, purchases of one customer by 20: a prior of 4 purchases.
    rng = np.random.default_rng(6)
    from perennial.clv.order_value import _Cells, _shrunk_mean

    purchases = rng.integers(1, 9, 40_000).astype(float)
    level = rng.normal(200, 10, 40_000)
    means = rng.normal(level, 20 / np.sqrt(purchases))

    estimate = _shrunk_mean(_Cells.sort(purchases, means, np.ones(40_000)), "So", {})

    assert estimate["prior_purchases"] == pytest.approx(4, rel=0.1)
    assert estimate["population_mean"] == pytest.approx(200, abs=0.3)


def test_without_repeats_the_first_purchases_are_the_mean() -> None:
    estimate = fit_order_value(
        np.array(["first"], object), np.array([1]), np.array([42.5]), np.array([7])
    )

    assert estimate.status == "shrunk_mean"
    assert (estimate["prior_purchases"], estimate["population_mean"]) == (1.0, 42.5)
    assert estimate.customers == 7


def test_first_purchases_do_not_count_where_there_are_repeats() -> None:
    estimate = fit_order_value(
        np.array(["first", "repeat"], object),
        np.array([1, 2]),
        np.array([1000.0, 30.0]),
        np.array([50, 5]),
    )

    assert (estimate.status, estimate["population_mean"]) == ("shrunk_mean", 30.0)
