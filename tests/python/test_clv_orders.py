"""BG/NBD against published values, `lifetimes` and simulated customers.

FHL: Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way,
Marketing Science 24(2).
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from clv_customers import WEEKS_39, cdnow_summary, simulate

from perennial.clv.estimate import Estimate
from perennial.clv.orders import fit_orders
from perennial.clv.quadrature import far_nodes

TRUE = {"r": 0.4, "alpha": 20.0, "a": 0.8, "b": 2.5}


@pytest.fixture(scope="module")
def cdnow() -> dict[str, np.ndarray]:
    return cdnow_summary()


@pytest.fixture(scope="module")
def fitted(cdnow: dict[str, np.ndarray]) -> Estimate:
    return fit(cdnow["frequency"], cdnow["recency"], cdnow["age"])


def fit(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Estimate:
    cells, count = np.unique(
        np.stack([frequency, recency, age]), axis=1, return_counts=True
    )
    return fit_orders(*cells, count)


def test_the_parameters_of_cdnow_are_the_published_ones(fitted: Estimate) -> None:
    # FHL, table 2: r .243, alpha 4.414 weeks, a .793, b 2.426.
    assert fitted.status == "bg_nbd"
    assert fitted["r"] == pytest.approx(0.243, abs=5e-4)
    assert fitted["alpha"] / 7 == pytest.approx(4.414, abs=5e-4)
    assert fitted["a"] == pytest.approx(0.793, abs=5e-4)
    assert fitted["b"] == pytest.approx(2.426, abs=5e-4)


def test_the_log_likelihood_of_cdnow_is_the_published_one(
    fitted: Estimate, cdnow: dict[str, np.ndarray]
) -> None:
    # FHL, table 2: -9582.4. It is a density of purchase times, in weeks there:
    # each repeat purchase brings a factor 7 when times are in days.
    in_weeks = fitted.log_likelihood + cdnow["frequency"].sum() * np.log(7)

    assert in_weeks == pytest.approx(-9582.43, abs=0.01)


def test_the_held_out_weeks_of_cdnow_are_forecast_as_measured(
    fitted: Estimate, cdnow: dict[str, np.ndarray]
) -> None:
    # Measured with lifetimes 0.11.3 on the 39 weeks after the 39 of the fit;
    # not published.
    x, age = cdnow["frequency"], cdnow["age"]
    p, w = far_nodes(fitted["a"], fitted["b"], x)
    ahead = WEEKS_39 / (fitted["alpha"] + age)
    power = (fitted["r"] + x)[:, np.newaxis]
    expected = (w / p * -np.expm1(-power * np.log1p(p * ahead[:, np.newaxis]))).sum(
        axis=1
    )
    ratio = (fitted["alpha"] + age) / (fitted["alpha"] + cdnow["recency"])
    gone = np.where(
        x > 0,
        fitted["a"] / (fitted["b"] + np.maximum(x, 1) - 1) * ratio ** (fitted["r"] + x),
        0,
    )
    forecast = expected / (1 + gone)

    assert np.abs(forecast - cdnow["later"]).mean() == pytest.approx(0.7855, abs=5e-5)
    assert forecast.sum() / cdnow["later"].sum() - 1 == pytest.approx(-0.1215, abs=5e-5)


def test_the_errors_are_those_of_the_likelihoods_curvature(
    fitted: Estimate,
) -> None:
    # The delta method: relative errors are errors of logarithms.
    logs = np.sqrt(np.diag(fitted.log_covariance))

    np.testing.assert_allclose(fitted.standard_errors, fitted.values * logs)


def test_the_points_have_the_mean_and_covariance_of_the_estimate(
    fitted: Estimate,
) -> None:
    logs = np.log(fitted.points())

    assert logs.shape == (8, 4)
    np.testing.assert_allclose(logs.mean(axis=0), np.log(fitted.values))
    np.testing.assert_allclose(
        np.cov(logs.T, bias=True), fitted.log_covariance, atol=1e-12
    )


def test_the_fit_equals_lifetimes() -> None:
    x, recency, age = simulate(
        20_000, np.random.default_rng(7), **TRUE, days=700, whole_days=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter

        theirs = BetaGeoFitter().fit(x, recency, age)

    ours = fit(x, recency, age)

    np.testing.assert_allclose(ours.values, theirs.params_, rtol=1e-5)
    np.testing.assert_allclose(
        ours.standard_errors[[0, 2, 3]],
        theirs.standard_errors_[["r", "a", "b"]],
        # Theirs are differences of differences.
        rtol=2e-2,
    )


def test_the_order_of_the_cells_does_not_matter(
    cdnow: dict[str, np.ndarray],
) -> None:
    cells = np.stack(
        [cdnow["frequency"], cdnow["recency"], cdnow["age"], np.ones(2357)]
    )
    mixed = cells[:, np.random.default_rng(3).permutation(2357)]

    np.testing.assert_array_equal(fit_orders(*cells).values, fit_orders(*mixed).values)


def test_ninety_five_percent_intervals_hold_the_truth_that_often() -> None:
    # Continuous times: rounding to days moves r and alpha by itself.
    rng = np.random.default_rng(20050501)
    hits = np.zeros(4)
    for _ in range(60):
        estimate = fit_orders(*simulate(5_000, rng, **TRUE, days=600), np.ones(5_000))
        assert estimate.status == "bg_nbd"
        distance = np.log(estimate.values / [*TRUE.values()])
        hits += np.abs(distance) <= 1.96 * np.sqrt(np.diag(estimate.log_covariance))

    assert np.all((hits >= 54) & (hits <= 60)), hits


def test_customers_who_never_drop_out_are_nbd() -> None:
    rng = np.random.default_rng(5)
    age = rng.uniform(50, 700, 4_000)
    frequency = rng.poisson(rng.gamma(0.8, 1 / 60, 4_000) * age)
    # The last of n even draws; nobody ever leaves.
    recency = age * np.where(
        frequency > 0, rng.random(4_000) ** (1 / np.maximum(frequency, 1)), 0
    )

    estimate = fit(frequency, recency, age)

    assert estimate.status == "nbd"
    assert estimate.names == ("r", "alpha")
    assert estimate.reason.startswith("No dropout is seen")
    low, high = np.exp(
        np.log(estimate.values)
        + np.outer([-3, 3], np.sqrt(np.diag(estimate.log_covariance)))
    )
    assert np.all((low < [0.8, 60]) & (high > [0.8, 60]))


def test_few_repeat_buyers_have_the_pooled_rate() -> None:
    frequency = np.array([0.0] * 30 + [1.0] * 19)

    estimate = fit(frequency, frequency * 10, np.full(49, 100.0))

    assert (estimate.status, estimate["purchase_rate"]) == ("pooled_rate", 19 / 4900)
    assert estimate.reason == (
        "19 customers bought again, fewer than 20; one rate for all customers."
    )
