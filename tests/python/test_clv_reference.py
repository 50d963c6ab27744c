"""The reference of predicted value itself: published figures, and lifetimes.

CDNOW and the BG/NBD figures: Fader, Hardie and Lee (2005), "Counting Your
Customers" the Easy Way, table 2 (weeks). Gamma-Gamma: Fader and Hardie (2013),
The Gamma-Gamma Model of Monetary Value, section 4. Survival: Fader and Hardie
(2007), How to Project Customer Retention, table 1.
"""

from __future__ import annotations

import csv
import math
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import files

import numpy as np
import pytest
from lifetimes import BetaGeoFitter, GammaGammaFitter
from reference import compute
from reference.clv_backtest import deciles
from reference.clv_likelihood import Model
from reference.clv_order_model import (
    alive_by,
    classical,
    expected_purchases,
    fit_arrays,
    integrated,
)
from reference.clv_order_value import expected_value
from reference.clv_order_value import fit_arrays as fit_values
from reference.clv_purchases import (
    Purchase,
    Summary,
    cuts,
    margin_rates,
    summaries,
)
from reference.clv_ranges import Law, combined, counts, order_range
from reference.clv_renewals import Curve, Tenures, fit_sbg, kaplan_meier, survived
from reference.policies import Policies
from worlds import write_story

# --- CDNOW ------------------------------------------------------------------


@pytest.fixture(scope="module")
def cdnow() -> dict[str, np.ndarray]:
    """Frequency, recency, age in weeks and mean value, as published."""
    name = "cdnow_customers_summary_with_transactions.csv"
    found = next(file for file in files("lifetimes") if file.name == name)
    rows = list(csv.DictReader(found.read_text().splitlines()))
    return {
        ours: np.array([float(row[theirs]) for row in rows])
        for ours, theirs in (
            *(("x", "x"), ("recency", "t_x")),
            *(("age", "T"), ("mean", "zbar")),
        )
    }


@pytest.fixture(scope="module")
def orders(cdnow: dict[str, np.ndarray]) -> Model:
    return fit_arrays(cdnow["x"], cdnow["recency"], cdnow["age"])


def test_parameters_of_cdnow(orders: Model) -> None:
    assert orders.name == "bg_nbd"
    assert orders["r"] == pytest.approx(0.243, abs=5e-4)
    assert orders["alpha"] == pytest.approx(4.414, abs=5e-4)
    assert orders["a"] == pytest.approx(0.793, abs=5e-4)
    assert orders["b"] == pytest.approx(2.426, abs=5e-4)
    assert orders.log_likelihood == pytest.approx(-9582.43, abs=0.01)


def test_parameters_are_those_of_lifetimes(
    cdnow: dict[str, np.ndarray], orders: Model
) -> None:
    fitter = BetaGeoFitter().fit(cdnow["x"], cdnow["recency"], cdnow["age"])

    for name in ("r", "alpha", "a", "b"):
        assert orders[name] == pytest.approx(fitter.params_[name], rel=1e-4)


def test_probability_alive_is_that_of_lifetimes(
    cdnow: dict[str, np.ndarray], orders: Model
) -> None:
    people = list(zip(cdnow["x"], cdnow["recency"], cdnow["age"], strict=True))
    ours = [alive_by(orders.parameters, int(x), t, age) for x, t, age in people]

    theirs = told(orders).conditional_probability_alive(
        cdnow["x"], cdnow["recency"], cdnow["age"]
    )
    assert ours == pytest.approx(list(theirs), rel=1e-9)


@pytest.mark.parametrize("weeks", [1, 39, 156, 520])
def test_expected_purchases_are_those_of_lifetimes(
    cdnow: dict[str, np.ndarray], orders: Model, weeks: int
) -> None:
    x, recency, age = cdnow["x"], cdnow["recency"], cdnow["age"]
    every_tenth = range(0, len(x), 10)
    ours = [
        alive_by(orders.parameters, int(x[n]), recency[n], age[n])
        * expected_purchases(orders, int(x[n]), age[n], np.array([weeks]))[0]
        for n in every_tenth
    ]

    theirs = told(orders).conditional_expected_number_of_purchases_up_to_time(
        weeks, x, recency, age
    )
    assert ours == pytest.approx([theirs[n] for n in every_tenth], rel=1e-7)


def told(orders: Model) -> BetaGeoFitter:
    """A fitter that has our parameters, so that the formulas are compared."""
    fitter = BetaGeoFitter()
    fitter.params_ = orders.parameters
    return fitter


@pytest.mark.parametrize("a", [0.02, 0.8, 1 + 1e-6, 3.5, 40])
@pytest.mark.parametrize("b", [0.3, 2.4, 60])
@pytest.mark.parametrize("x", [0, 1, 30])
def test_the_formula_is_the_integral(a: float, b: float, x: int) -> None:
    parameters = {"r": 0.4, "alpha": 16.0, "a": a, "b": b}
    days = np.array([30.0, 365.0, 1825.0])

    by_formula = classical(parameters, x, 200, days)
    by_integral = [integrated(parameters, x, 200, day) for day in days]
    assert by_formula == pytest.approx(by_integral, rel=1e-7)


def test_value_of_a_purchase_on_cdnow(cdnow: dict[str, np.ndarray]) -> None:
    is_repeater = cdnow["x"] > 0
    x, mean = cdnow["x"][is_repeater], cdnow["mean"][is_repeater]
    value = fit_values(x, mean).model("gamma_gamma", ("p", "q", "v"), len(x))

    assert value["p"] == pytest.approx(6.25, abs=5e-3)
    assert value["q"] == pytest.approx(3.74, abs=5e-3)
    # The file's means are rounded to cents; exact ones give 15.4435.
    assert value["v"] == pytest.approx(15.44, abs=1e-2)
    fitter = GammaGammaFitter()
    fitter.params_ = value.parameters
    theirs = fitter.conditional_expected_average_profit(x, mean)
    ours = [expected_value(value, int(n), m) for n, m in zip(x, mean, strict=True)]
    assert ours == pytest.approx(list(theirs), rel=1e-12)


def test_the_second_half_of_cdnow(tmp_path) -> None:
    # Measured with lifetimes 0.11.3 on the same 39 and 39 weeks; not published.
    name = "CDNOW_sample.txt"
    raw = next(file for file in files("lifetimes") if file.name == name)
    rows = [line.split() for line in raw.read_text().splitlines() if line.strip()]
    bought = [
        {
            "order_id": f"o{number}",
            "customer_id": fields[0],
            "ordered_at": date.fromisoformat(fields[-3]).isoformat(),
            "gross_amount": fields[-1],
        }
        for number, fields in enumerate(rows)
    ]
    folder = write_story(tmp_path / "story", orders=bought)
    # The sample begins on 1 January 1997: 545 days, of which the last 273.
    marts = compute(folder, date(1998, 6, 30), backtest_share=273 / 545)

    whole = marts["rpt_clv_backtest"][0]
    assert (whole["cut_date"], whole["customers"]) == (date(1997, 9, 30), 2357)
    assert whole["mean_absolute_error"] == pytest.approx(0.7855, abs=5e-4)
    assert whole["total_error_rate"] == pytest.approx(-0.1215, abs=5e-4)


# --- The law of what is to come ---------------------------------------------


def test_the_law_of_orders_has_the_expected_mean(orders: Model) -> None:
    for x, age in ((0, 30), (3, 20), (25, 35)):
        law = counts(orders, orders.parameters, x, age, 52)

        assert np.sum(law) == pytest.approx(1, abs=2e-6)
        expected = expected_purchases(orders, x, age, np.array([52]))[0]
        assert law @ np.arange(len(law)) == pytest.approx(expected, rel=1e-4)


def test_the_range_holds_eight_of_ten_drawn_customers() -> None:
    names, seed = ("r", "alpha", "a", "b"), 5
    orders = Model("bg_nbd", dict(zip(names, (2, 30, 0.8, 6), strict=True)))
    value = Model("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    x, recency, age, days = 12, 160, 170, 365.0
    low, high = order_range(orders, value, customer(x, recency, age), days)

    rng = np.random.default_rng(seed)
    drawn = [brought(orders, value, rng, x, recency, age, days) for _ in range(8000)]
    assert np.mean(np.array(drawn) > high) == pytest.approx(0.1, abs=0.012)
    below = np.mean(np.array(drawn) < low)
    assert below <= 0.112
    assert low > 0 or np.mean(np.array(drawn) == 0) > 0.1


def customer(x: int, recency: int, age: int) -> Summary:
    return Summary("c1", x, recency, age, x, 20.0, *([Decimal(0)] * 4))


def brought(
    orders: Model,
    value: Model,
    rng: np.random.Generator,
    x: int,
    recency: int,
    age: int,
    days: float,
) -> float:
    """The value of the orders of one drawn customer, in expected order values."""
    r, alpha, a, b = orders.parameters.values()
    if rng.random() >= alive_by(orders.parameters, x, recency, age):
        return 0.0
    rate, leaves = rng.gamma(r + x) / (alpha + age), rng.beta(a, b + x)
    number, day = 0, rng.exponential(1 / rate)
    while day <= days:
        number += 1
        if rng.random() < leaves:
            break
        day += rng.exponential(1 / rate)
    if not number:
        return 0.0
    p, q, _ = value.parameters.values()
    each = rng.gamma(p * number) / rng.gamma(q + p * x)
    return each * (p * x + q - 1) / p


def test_nobody_brings_less_than_the_low_quantile_of_a_sure_buyer() -> None:
    orders = Model("pooled_rate", {"purchase_rate": 0.1})
    value = Model("shrunk_mean", {"prior_purchases": 1.0, "population_mean": 9.0})

    # Poisson with mean 10: P(N <= 5) = 0.067, P(N <= 6) = 0.130, P(N <= 13) =
    # 0.864, P(N <= 14) = 0.917.
    assert order_range(orders, value, customer(3, 50, 60), 100.0) == (6, 14)


def test_a_law_is_inverted() -> None:
    orders = Model("pooled_rate", {"purchase_rate": 0.01})
    value = Model("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    law = Law(orders, value, customer(2, 40, 50), 100.0)

    for level in (0.05, 0.5, 0.95):
        assert law.below(law.quantile(level)) == pytest.approx(level, abs=1e-4)


def test_parts_are_added_as_independent_ones() -> None:
    assert combined([(10, 4, 30)]) == (4, 30)
    # 10 + 5 less √(6² + 2.5²), and more by √(20² + 5²).
    low, high = combined([(10, 4, 30), (5, 2.5, 10)])
    assert low == pytest.approx(15 - 6.5)
    assert high == pytest.approx(15 + math.sqrt(425))
    assert combined([(10, 0, 0), (1, 0, 2)])[0] == pytest.approx(11 - math.sqrt(101))


# --- Where the models fail --------------------------------------------------


def drawn_counts(rate: float, count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    age = rng.uniform(50, 400, count)
    x = rng.poisson(rng.gamma(2, rate / 2, count) * age)
    recency = np.where(x > 0, age * x / (x + 1), 0)
    return x.astype(float), recency, age


def test_nobody_leaves() -> None:
    assert fit_arrays(*drawn_counts(0.03, 300, 1)).name == "nbd"


@pytest.mark.parametrize(
    ("x", "recency", "age", "rate"),
    [
        ([0.0], [0.0], [0.0], 0),
        ([0.0] * 50, [0.0] * 50, [0.0] * 50, 0),
        ([0.0] * 50, [0.0] * 50, [10.0] * 50, 0),
        ([1.0] * 19, [5.0] * 19, [10.0] * 19, 0.1),
    ],
)
def test_too_few_come_again(
    x: list[float], recency: list[float], age: list[float], rate: float
) -> None:
    model = fit_arrays(np.array(x), np.array(recency), np.array(age))

    assert (model.name, model.points()) == ("pooled_rate", [{"purchase_rate": rate}])


def test_the_points_have_the_mean_and_the_covariance(orders: Model) -> None:
    logs = np.log([list(point.values()) for point in orders.points()])

    assert np.exp(logs.mean(axis=0)) == pytest.approx(list(orders.parameters.values()))
    assert np.cov(logs.T, bias=True) == pytest.approx(orders.log_covariance)


# --- Purchases --------------------------------------------------------------


def bought(*rows: tuple[str, object]) -> list[Purchase]:
    return [
        Purchase(date.fromisoformat(day), Decimal(spend), Decimal(spend) / 2)
        for day, spend in rows
    ]


def test_a_summary_by_hand() -> None:
    own = bought(
        *(("2024-01-01", 50), ("2024-01-11", 30), ("2024-01-21", 0)),
        *(("2024-01-31", 10), ("2024-03-01", 99)),
    )
    (one,) = summaries({"c1": own}, date(2024, 2, 10))

    assert (one.frequency, one.recency, one.age) == (3, 30, 40)
    assert (one.paid_frequency, one.mean_value) == (2, 20.0)
    assert (one.paid_purchases, one.paid_revenue, one.paid_margin) == (3, 90, 45)


def test_a_margin_is_drawn_to_that_of_all() -> None:
    paid = {
        "c1": [Purchase(date(2024, 1, 1), Decimal(100), Decimal(80))],
        "c2": [Purchase(date(2024, 1, 1), Decimal(300), Decimal(60))],
        "c3": [Purchase(date(2024, 1, 1), Decimal(-5), Decimal(-5))],
    }
    rates = margin_rates(summaries(paid, date(2024, 2, 1)))

    # An average purchase: 200, of which 70 are margin.
    assert rates == pytest.approx({"c1": 150 / 300, "c2": 130 / 500, "c3": 0.35})


@pytest.mark.parametrize(
    ("days", "share", "cut", "is_used"),
    [
        (300, 1 / 3, 200, True),
        (135, 1 / 3, 90, True),
        (134, 1 / 3, 89, False),
        (400, 0.05, 380, False),
        (400, 0, 400, False),
    ],
)
def test_the_cut_of_the_backtest(
    days: int, share: float, cut: int, is_used: bool
) -> None:
    first = date(2023, 1, 1)
    policies = Policies(backtest_share=share)
    _, found = cuts({}, [first], first + timedelta(days=days), policies)

    assert (found.day - first).days == cut
    assert (found.skip_reason is None) == is_used
    assert len(cuts({}, [], first, policies)) == 1


def test_tenths_differ_by_one_at_most() -> None:
    assert list(deciles(4)) == [1, 2, 3, 4]
    assert Counter(deciles(23)) == {n: 2 + (n <= 3) for n in range(1, 11)}


# --- Renewals ---------------------------------------------------------------

HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)
REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1)


@pytest.mark.parametrize(
    ("survival", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
)
def test_published_survival(
    survival: tuple[float, ...], alpha: float, beta: float, log_likelihood: float
) -> None:
    stayed = [round(10 * share) for share in survival]
    due = dict(enumerate(stayed[:-1], start=1))
    lost = {k: count - stayed[k] for k, count in due.items()}
    model = fit_sbg(due, lost, stayed[0])

    assert model["alpha"] == pytest.approx(alpha, abs=5e-4)
    assert model["beta"] == pytest.approx(beta, abs=5e-4)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=5e-3)
    # What the paper projects of the years that it does not fit on.
    assert survived(model.parameters, 1) == pytest.approx(survival[1] / 100, abs=0.03)


def test_the_model_continues_what_was_observed() -> None:
    own = Tenures(30.0, starts=100)
    own.due.update({1: 100, 2: 80, 3: 29})
    own.lost.update({1: 20, 2: 40, 3: 29})
    model = Model("constant_churn", {"churn": 0.1}, certainty=21)
    curve = Curve(model, kaplan_meier(own))

    # Of the third renewal too few came due.
    assert [curve.rate(k) for k in range(5)] == pytest.approx(
        [1, 0.8, 0.4, 0.36, 0.324]
    )
    # Beta(2.1, 18.9): who has stayed twice will rather stay once more.
    kept = (18.9 + 2) / (21 + 2)
    assert curve.predictive_rate(3) == pytest.approx(0.4 * kept)


def test_lost_ones_are_drawn_back() -> None:
    rng = random.Random(3)
    due, lost = Counter(), Counter()
    for _ in range(20000):
        leaves, k = rng.betavariate(2, 9), 1
        due[1] += 1
        while k < 12 and rng.random() >= leaves:
            k += 1
            due[k] += 1
        lost[k] += k < 12
    model = fit_sbg({k: due[k] for k in range(1, 12)}, lost, 20000)

    assert model["alpha"] == pytest.approx(2, abs=3 * model.standard_errors["alpha"])
    assert model["beta"] == pytest.approx(9, abs=3 * model.standard_errors["beta"])
