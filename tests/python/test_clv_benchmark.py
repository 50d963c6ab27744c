"""The benchmark of predicted lifetime value, small; and what it is told with.

`lifetimes` 0.11.3 stops a little before its optimum: its own likelihood,
followed to where it really peaks, is what the project's fit is held against.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import clv  # noqa: E402
import clv_lifetimes as oracle  # noqa: E402
import order_models  # noqa: E402

CUSTOMERS = 5_000
RESULTS = (BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python benchmarks/.*$", RESULTS, re.MULTILINE)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    ours = clv.start(tmp_path_factory.mktemp("clv_benchmark"), CUSTOMERS)
    ours.run()
    yield ours
    ours.connection.close()


@pytest.fixture(scope="module")
def summary(ours):
    return ours.summary()


@pytest.fixture(scope="module")
def scores(ours):
    return ours.scores()


@pytest.fixture(scope="module")
def peak(summary):
    """The optimum of lifetimes' likelihood."""
    return oracle.optimum(summary, oracle.score(summary).parameters)


def test_every_simulated_customer_is_scored(summary, scores):
    assert len(summary.age) == CUSTOMERS
    for values in (scores.probability_alive, scores.expected_orders, scores.clv):
        assert len(values) == CUSTOMERS
        assert np.isfinite(values).all()
        assert (values > 0).all()


def test_parameters_are_those_of_the_optimum_of_lifetimes(scores, peak):
    for name, value in peak.items():
        assert scores.parameters[name] == pytest.approx(value, rel=1e-5), name


def test_predictions_are_those_of_lifetimes(summary, scores, peak):
    theirs = oracle.predict(summary, peak)
    for name in ("probability_alive", "expected_orders", "expected_value"):
        np.testing.assert_allclose(
            getattr(scores, name), getattr(theirs, name), rtol=1e-6, err_msg=name
        )


def test_leaving_out_ranges_and_later_months_changes_no_12_months(ours, scores):
    ours.run_like_lifetimes()
    again = ours.scores()
    np.testing.assert_allclose(again.clv, scores.clv, rtol=1e-12)
    np.testing.assert_allclose(
        again.expected_orders, scores.expected_orders, rtol=1e-12
    )


def test_the_simulation_is_the_same_every_time():
    first, second = oracle.simulate(200), oracle.simulate(200)
    for name, values in vars(first).items():
        np.testing.assert_array_equal(values, vars(second)[name])
    assert len(np.unique(first.customer)) == 200


@pytest.fixture(scope="module")
def half():
    """CDNOW's sample, half of its history held out."""
    purchases = order_models.load_purchases("cdnow-sample")
    return order_models.split_at(*purchases, 0.5)


def in_weeks(log_likelihood: float, repeats: float) -> float:
    """Each repeat purchase enters as a density: per week is 7 times per day."""
    return log_likelihood + repeats * np.log(7)


def test_order_models_have_the_published_likelihoods(half):
    # Fader, Hardie and Lee (2005), table 2: BG/NBD -9582.4, Pareto/NBD -9595.0.
    repeats = half.frequency.sum()
    bg_nbd = order_models.fit_by_phases(half, 1, False)
    pareto = order_models.fit_pareto(half)
    assert in_weeks(bg_nbd.log_likelihood, repeats) == pytest.approx(-9582.4, abs=0.05)
    assert in_weeks(pareto.log_likelihood, repeats) == pytest.approx(-9595.0, abs=0.05)


def test_the_benchmark_cut_of_cdnow_errs_as_lifetimes_does(half):
    # Measured with lifetimes 0.11.3.
    bg_nbd = order_models.fit_by_phases(half, 1, False)
    total, mae, _ = order_models.measure(bg_nbd.both, half.first + half.last)
    assert total == pytest.approx(-0.1215, abs=0.00005)
    assert mae == pytest.approx(0.7855, abs=0.00005)


@pytest.mark.parametrize("is_modified", [False, True])
def test_regular_gaps_are_forecast_as_simulated(is_modified):
    """Expected purchases of (M)BG/CNBD-3 against draws, by past frequency."""
    random = np.random.default_rng(2016)
    r, alpha, a, b, shape, age, ahead = 1.5, 12.0, 0.8, 3.0, 3, 60.0, 40.0
    draws = 200_000
    rate = random.gamma(r, 1 / alpha, draws)
    dropout = random.beta(a, b, draws)
    now, recency = np.zeros(draws), np.zeros(draws)
    frequency, after = np.zeros(draws), np.zeros(draws)
    alive = np.ones(draws, bool)
    if is_modified:
        alive = random.uniform(size=draws) >= dropout
    while alive.any():
        now = now + random.gamma(shape, 1, draws) / rate
        alive &= now <= age + ahead
        early = alive & (now <= age)
        frequency += early
        recency = np.where(early, now, recency)
        after += alive & (now > age)
        alive &= random.uniform(size=draws) >= dropout
    expected = order_models.expected_purchases(
        np.log([r, alpha, a, b]),
        frequency,
        recency,
        np.full(draws, age),
        ahead,
        shape,
        is_modified,
    )
    for past in range(4):
        those = frequency == past
        error = after[those].std() / np.sqrt(those.sum())
        apart = expected[those].mean() - after[those].mean()
        assert abs(apart) < 4 * error, past


def test_the_results_name_commands():
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("script", sorted({shlex.split(one)[1] for one in COMMANDS}))
def test_the_commands_of_the_results_exist(script):
    usage = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for command in COMMANDS:
        words = shlex.split(command)
        if words[1] == script:
            for option in words[2:]:
                assert not option.startswith("--") or option in usage, command
