"""The shifted beta-geometric: published values, recovery, and what it refuses.

P. S. Fader and B. G. S. Hardie (2007), "How to project customer retention",
Journal of Interactive Marketing 21(1), 76-90: table 1 gives the survival of two
segments in per cent, years 0 to 12; figures 3 and 4 and the appendix give the
fit on years 1 to 7 per 1,000 customers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from perennial.clv.renewals import (
    LARGEST_GAP,
    FittedRenewals,
    fit_renewals,
    kaplan_meier,
    sbg_log_likelihood,
    sbg_survival,
)

HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4)
REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3)
MONTH = 365 / 12
# Alive at each number: churn 0.30, 0.22, 0.18, 0.15: near sbg.
FALLING = (1000, 700, 546, 448, 381)


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def rows_of(alive, plan="all", term="month", starts=None, length=MONTH) -> dict:
    """Due and lost of a cohort of which `alive` are left after renewal 0, 1, 2..."""
    alive = np.asarray(alive, dtype=float)
    return counts(alive[:-1], alive[:-1] - alive[1:], plan, term, starts, length)


def counts(due, lost, plan="all", term="month", starts=None, length=MONTH) -> dict:
    size = len(due)
    starts = int(max(due, default=0)) if starts is None else starts
    return {
        "plan_id": np.full(size, plan, dtype=object),
        "term_name": np.full(size, term, dtype=object),
        "renewal_number": np.arange(1, size + 1),
        "due": np.asarray(due, dtype=float),
        "lost": np.asarray(lost, dtype=float),
        "starts": np.full(size, starts),
        "term_length_days": np.full(size, length),
    }


def fit(*groups: dict, lifetime_days: float = 1825.0) -> list[FittedRenewals]:
    columns = {
        name: np.concatenate([group[name] for group in groups]) for name in groups[0]
    }
    fitted = fit_renewals(**columns, lifetime_days=lifetime_days)
    for one in fitted:
        assert_sane(one)
    return fitted


def assert_sane(fitted: FittedRenewals) -> None:
    """No NaN, a reason, and curves that begin at 1 and never rise."""
    estimate = fitted.estimate
    assert estimate.reason.endswith(".")
    assert np.isfinite(estimate.values).all()
    assert np.isfinite(estimate.standard_errors).all()
    assert len(estimate.names) == len(estimate.values) == len(estimate.standard_errors)
    for curve in (fitted.survival, fitted.predictive_survival):
        assert (len(curve) > 0) == (estimate.status in ("sbg", "constant_churn"))
        if len(curve):
            assert curve[0] == 1
            assert np.isfinite(curve).all()
            assert (curve > 0).all()
            assert (np.diff(curve) <= 0).all()


def simulated(alpha: float, beta: float, size: int, seed: int, seen: int = 12) -> dict:
    """Due and lost of runs begun at different times: many are still open."""
    draws = np.random.default_rng(seed)
    length = draws.geometric(draws.beta(alpha, beta, size))
    window = draws.integers(0, seen + 1, size)
    number = np.arange(1, seen + 1)
    due = np.array([np.sum((length >= k) & (window >= k)) for k in number])
    lost = np.array([np.sum((length == k) & (window >= k)) for k in number])
    return counts(due, lost, starts=size)


@pytest.mark.parametrize(
    ("percent", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
    ids=["high_end", "regular"],
)
def test_the_fit_on_seven_years_is_the_published_one(
    percent, alpha, beta, log_likelihood
) -> None:
    (fitted,) = fit(rows_of(np.round(np.multiply(percent[:8], 10)), length=365.0))

    assert fitted.estimate.status == "sbg"
    assert fitted.estimate["alpha"] == pytest.approx(alpha, abs=5e-4)
    assert fitted.estimate["beta"] == pytest.approx(beta, abs=5e-4)
    assert fitted.estimate.log_likelihood == pytest.approx(log_likelihood, abs=5e-3)


@pytest.mark.parametrize("percent", [HIGH_END, REGULAR], ids=["high_end", "regular"])
def test_the_projection_to_year_twelve_is_near_what_was_seen(percent) -> None:
    (fitted,) = fit(rows_of(np.round(np.multiply(percent[:8], 10)), length=365.0))

    assert fitted.survival[12] == pytest.approx(percent[12] / 100, abs=0.03)


def test_the_hessian_is_that_of_finite_differences() -> None:
    rows = simulated(0.8, 3.0, 4000, seed=3)
    (fitted,) = fit(rows)

    def at(theta) -> float:
        return sbg_log_likelihood(
            *np.exp(theta), rows["renewal_number"], rows["due"], rows["lost"]
        )

    best, step = np.log(fitted.estimate.values), 1e-3
    hessian = np.empty((2, 2))
    for i, e in enumerate(np.eye(2) * step):
        for j, f in enumerate(np.eye(2) * step):
            hessian[i, j] = (
                at(best + e + f)
                - at(best + e - f)
                - at(best - e + f)
                + at(best - e - f)
            ) / (4 * step**2)
    assert fitted.estimate.log_covariance == pytest.approx(
        np.linalg.inv(-hessian), rel=1e-3
    )


def test_intervals_of_95_percent_cover_the_truth_with_open_runs() -> None:
    truth = np.array([0.7, 2.5])
    covered = np.zeros(2)
    for seed in range(60):
        (fitted,) = fit(simulated(*truth, 3000, seed=seed))
        assert fitted.estimate.status == "sbg"
        errors = np.sqrt(np.diag(fitted.estimate.log_covariance))
        covered += np.abs(np.log(fitted.estimate.values / truth)) <= 1.96 * errors

    assert (covered >= 54).all()


def test_open_runs_do_not_lower_the_curve() -> None:
    (fitted,) = fit(simulated(0.7, 2.5, 50_000, seed=9))

    assert fitted.survival[:25] == pytest.approx(sbg_survival(0.7, 2.5, 24), abs=0.01)


def test_the_predictive_survival_is_near_the_model_with_many_and_higher_with_few() -> (
    None
):
    (many,) = fit(simulated(0.7, 2.5, 50_000, seed=1))
    (few,) = fit(simulated(0.7, 2.5, 150, seed=4))

    assert many.predictive_survival == pytest.approx(many.survival, abs=0.003)
    assert few.estimate.status == "sbg"
    assert few.predictive_survival[-1] > few.survival[-1]


def test_the_curve_reaches_beyond_the_longest_run_by_the_lifetime() -> None:
    (fitted,) = fit(rows_of(FALLING, length=30.0), lifetime_days=100.0)

    # Renewal 4 was made at day 120; 100 days later there have been 7.3.
    assert len(fitted.survival) - 1 >= 4 + 4


def test_kaplan_meier_multiplies_the_shares_kept_in_order_of_renewal() -> None:
    observed = kaplan_meier(
        np.array([2, 1, 3]), np.array([5.0, 10, 2]), np.array([1.0, 2, 1])
    )

    assert observed == pytest.approx([0.64, 0.8, 0.32])


def constant(due: float, lost: float) -> float:
    return (lost + 0.5) / (due + 1)


@pytest.mark.parametrize(
    ("due", "lost", "says"),
    [
        ([100, 100, 100], [0, 0, 0], "No run has been lost"),
        ([400], [400], "Only renewal 1"),
        ([400, 0], [400, 0], "Only renewal 1"),
        ([400, 300], [400, 300], "Every run was lost"),
        ([400], [100], "Only renewal 1"),
        ([1], [0], "At most 1 run came"),
        ([1], [1], "At most 1 run came"),
        ([29, 20, 15], [9, 5, 2], "At most 29 runs"),
        ([1000, 800, 640, 512], [200, 160, 128, 102], "at the boundary"),
        ([1000, 950, 855, 684, 410], [50, 95, 171, 274, 300], "at the boundary"),
        ([1000, 400, 390, 385, 190], [600, 10, 5, 195, 100], "does not fit"),
    ],
    ids=[
        "nobody_lost",
        "one_renewal_all_lost",
        "one_renewal_and_a_row_without_due",
        "all_lost",
        "one_renewal",
        "one_subscription_kept",
        "one_subscription_lost",
        "too_few_to_compare",
        "the_same_churn_for_all",
        "growing_churn",
        "a_cliff",
    ],
)
def test_what_sbg_cannot_say_becomes_constant_churn_with_the_reason(
    due, lost, says
) -> None:
    (fitted,) = fit(counts(due, lost))

    churn = constant(sum(due), sum(lost))
    assert fitted.estimate.status == "constant_churn"
    assert says in fitted.estimate.reason
    assert fitted.estimate["churn"] == pytest.approx(churn)
    assert fitted.survival[3] == pytest.approx((1 - churn) ** 3)


def test_the_gate_opens_and_shuts_at_the_largest_gap() -> None:
    near = [1000, 700, 560, 480, 440]
    far = [1000, 500, 480, 470, 250]

    (fits,) = fit(rows_of(near))
    (fails,) = fit(rows_of(far))

    gap = np.abs(fits.survival[1:5] - np.divide(near[1:], 1000)).max()
    assert gap <= LARGEST_GAP
    assert f"{gap:.3f}" in fits.estimate.reason
    assert fits.estimate.status == "sbg"
    assert fails.estimate.status == "constant_churn"


def test_the_constant_churn_of_few_is_less_sure_than_of_many() -> None:
    (few,) = fit(counts([4], [1]))
    (many,) = fit(counts([4000], [1000]))

    assert few.predictive_survival[12] > 1.5 * few.survival[12]
    assert many.predictive_survival[12] == pytest.approx(many.survival[12], rel=0.1)


def test_a_plan_needs_a_hundred_starts() -> None:
    everyone = rows_of(FALLING)
    alive = [90, 63, 49, 40, 34]

    fitted = fit(
        everyone,
        rows_of(alive, plan="small", starts=99),
        rows_of(alive, plan="large", starts=100),
    )

    status = {one.plan_id: one.estimate.status for one in fitted}
    assert status == {"all": "sbg", "large": "sbg", "small": "too_few"}
    reasons = {one.plan_id: one.estimate.reason for one in fitted}
    assert reasons["small"].startswith("99 runs begun")


def test_a_plan_needs_a_third_renewal_seen_due() -> None:
    fitted = fit(rows_of(FALLING), rows_of(FALLING[:3], plan="young"))

    assert fitted[1].estimate.status == "too_few"
    assert "renewal 3" in fitted[1].estimate.reason


def test_a_plan_that_fails_the_gate_uses_all_plans() -> None:
    fitted = fit(rows_of(FALLING), rows_of([1000, 500, 480, 470, 250], plan="cliff"))

    assert [one.estimate.status for one in fitted] == ["sbg", "too_few"]
    assert "does not fit" in fitted[1].estimate.reason


def test_a_length_of_term_with_nothing_due_borrows_the_monthly_churn() -> None:
    fitted = fit(
        rows_of([1000, 900]), counts([0], [0], term="year", starts=7, length=365.0)
    )

    month, year = (one.estimate for one in fitted)
    assert [month.status, year.status] == ["constant_churn", "constant_churn"]
    assert 1 - year["churn"] == pytest.approx((1 - month["churn"]) ** 12)
    assert year.customers == 7
    assert "nothing" not in year.reason.lower()
    assert "No renewal has come due in this group" in year.reason


def test_without_any_renewal_due_there_is_no_curve() -> None:
    (fitted,) = fit(counts([0], [0], starts=3))

    assert fitted.estimate.status == "none"
    assert fitted.estimate.customers == 3


def test_without_rows_there_are_no_groups() -> None:
    empty = counts([], [])

    assert fit(empty) == []


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = rows_of(FALLING)
    turned = {name: column[::-1] for name, column in rows.items()}

    (first,), (second,) = fit(rows), fit(turned)

    assert (first.survival == second.survival).all()


def test_random_counts_never_break_it() -> None:
    draws = np.random.default_rng(5)
    for _ in range(300):
        size = draws.integers(1, 9)
        alive = [int(10 ** draws.uniform(0, 6))]
        for _ in range(size):
            alive.append(draws.binomial(alive[-1], draws.choice([0, 0.3, 0.9, 1])))
        fit(
            rows_of(alive, length=draws.choice([1.0, MONTH, 365.0])),
            rows_of(alive, plan="plan"),
        )
