"""What the SQL makes of a fit: against forty digits, and of any input.

The SQL is what dbt compiles; it runs on tables that are written here, so that
parameters and customers can be as extreme as one likes.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import mpmath
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from clv_lifetimes import Purchases  # noqa: E402
from clv_ours import FIRST_DAY, Ours, compile_models  # noqa: E402

from perennial.clv.estimate import Estimate  # noqa: E402
from perennial.clv.fit import _add_nodes, add_estimate  # noqa: E402
from perennial.clv.rows import Rows  # noqa: E402

CDNOW = {
    **{"r": 0.24259, "alpha": 30.8947, "a": 0.79289, "b": 2.42575},
    **{"p": 6.249, "q": 3.745, "v": 15.448},
}
YEAR, MONTH, LIFETIME = 365.0, 365.0 / 12, 60
# A probability below this is nothing.
NOTHING = 1e-250
AFTER_THE_FIT = (
    "int_clv_parameters_spread",
    "int_order_values_averaged",
    "int_clv_purchases_expected",
    "int_customers_predicted_by_orders",
)
COLUMNS = (
    "probability_alive",
    "expected_orders_12m",
    "expected_order_value",
    "margin_rate",
    "order_clv_12m",
    "order_clv_36m",
    "order_clv_lifetime",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("clv_scores")
    return compile_models(folder, {"as_of_date": "2024-12-30", "backtest_share": 0})


@pytest.fixture(scope="module")
def sql(models: dict, tmp_path_factory: pytest.TempPathFactory) -> Ours:
    """The models on a database of their own, once run on three customers."""
    ours = Ours(tmp_path_factory.mktemp("clv_sql") / "work.duckdb", models)
    days = np.array([0, 5, 0, 40, 3])
    ours.put(Purchases(np.array([0, 0, 1, 1, 2]), days, np.full(5, 1000)))
    ours.run()
    yield ours
    ours.connection.close()


def estimate(status: str, names: str, parameters: dict[str, float]) -> Estimate:
    values = np.array([parameters[name] for name in names.split()])
    return Estimate(
        status, "As given.", tuple(names.split()), values, np.full_like(values, np.nan),
        None, None, 1,
    )  # fmt: skip


def score(sql: Ours, sets: list[dict[str, float]], customers: dict[str, np.ndarray]):
    """The scores of every customer under every set of parameters: (sets, n)."""
    rows = Rows()
    frequencies = np.unique(customers["frequency"])
    for number, parameters in enumerate(sets):
        cut = f"set {number}"
        orders = estimate("bg_nbd", "r alpha a b", parameters)
        add_estimate(rows, orders, cut_name=cut, model_name="orders")
        _add_nodes(rows, cut, orders, frequencies)
        value = estimate("gamma_gamma", "p q v", parameters)
        add_estimate(rows, value, cut_name=cut, model_name="order_value")
    connection, table = sql.connection, lambda name: sql.models[name].relation
    given = {**customers, "customer": np.arange(len(customers["frequency"]))}
    for name, columns in {"fitted": rows.to_columns(), "given": given}.items():
        connection.register(name, columns)
    names = ", ".join(f"({number})" for number in range(len(sets)))
    cuts = f"(select 'set ' || number as cut_name from (values {names}) as of_(number))"
    steps = table("int_clv_steps")
    for name, query in {
        "int_clv_models_fitted": "select * from fitted",
        # Every set has the steps of the as-of date, once and for all.
        "int_clv_steps": f"select cuts.cut_name, months.* exclude (cut_name) "
        f"from {cuts} as cuts, (select distinct on (step) * from {steps}) as months",
        "int_clv_cells": f"select cut_name, given.* from {cuts}, given",
        "int_customers_summarised_for_clv": f"""
            select
                cut_name, customer as customer_key, frequency, recency_days,
                age_days, frequency as paid_frequency, mean_value,
                0 as unpaid_purchase_count,
                cast(1 as decimal(18, 6)) as paid_revenue,
                cast(0.5 as decimal(18, 6)) as paid_margin
            from {cuts}, given
        """,
    }.items():
        connection.execute(f"create or replace table new_rows as {query}")
        connection.execute(
            f"create or replace table {table(name)} as select * from new_rows"
        )
    connection.execute(f"delete from {table('int_clv_ranges_interpolated')}")
    for name in AFTER_THE_FIT:
        sql._run_one(sql.models[name])
    found = connection.sql(
        f"select {', '.join(COLUMNS)} from {table(AFTER_THE_FIT[-1])} "
        "order by cast(substr(cut_name, 5) as integer), customer_key"
    ).fetchnumpy()
    shape = (len(sets), len(customers["frequency"]))
    return {
        name: np.ma.filled(np.ma.asarray(column).astype(float), np.nan).reshape(shape)
        for name, column in found.items()
    }


def customers_of_all_kinds(count: int) -> dict[str, np.ndarray]:
    """New, old, lost, frequent and impossible ones, and some at random."""
    random = np.random.default_rng(200)
    extremes = [
        (0, 0, 0), (0, 0, 1), (0, 0, 20_000), (1, 0, 0), (1, 1, 1), (1, 1, 5_000),
        (2, 5_000, 5_000), (30, 30, 30), (500, 500, 500), (500, 600, 5_000),
        (1_000, 2_000, 2_000), (1_000, 1_999, 2_000), (3, 3, 9_000), (60, 200, 230),
    ]  # fmt: skip
    age = np.floor(np.exp(random.uniform(0, np.log(3_000), count - len(extremes))))
    frequency = np.floor(np.exp(random.uniform(0, np.log(age + 1))) - 1)
    recency = np.where(frequency > 0, np.ceil(random.uniform(0, 1, len(age)) * age), 0)
    x, t, age_days = np.concatenate(
        [np.array(extremes), np.column_stack([frequency, recency, age])]
    ).T
    return {
        "frequency": x.astype(int),
        "recency_days": t.astype(int),
        "age_days": age_days.astype(int),
        "mean_value": np.round(np.exp(random.normal(3, 1, count)), 2),
    }


class Exact:
    """A customer under BG/NBD and Gamma-Gamma, by the published equations."""

    def __init__(self, x: int, t: int, age: int, mean: float, given: dict) -> None:
        self.x, self.t, self.age, self.mean = x, t, mpmath.mpf(age), mpmath.mpf(mean)
        self.given = {name: mpmath.mpf(value) for name, value in given.items()}

    def alive(self) -> mpmath.mpf:
        """Fader, Hardie and Lee (2005), in the form of note 021."""
        if self.x == 0:
            return mpmath.mpf(1)
        r, alpha, a, b = (self.given[name] for name in ("r", "alpha", "a", "b"))
        odds = a / (b + self.x - 1)
        odds *= ((alpha + self.age) / (alpha + self.t)) ** (r + self.x)
        return 1 / (1 + odds)

    def purchases(self, days: float) -> mpmath.mpf:
        """Equation 10 for one who is alive."""
        r, alpha, a, b = (self.given[name] for name in ("r", "alpha", "a", "b"))
        x, t = self.x, mpmath.mpf(days)
        z = t / (alpha + self.age + t)
        series = mpmath.hyp2f1(a + b - r - 1, a - 1, a + b + x - 1, z)
        return (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * series)

    def order_value(self) -> mpmath.mpf:
        """Fader and Hardie (2013), equation 5."""
        p, q, v = (self.given[name] for name in ("p", "q", "v"))
        return p * (v + self.x * self.mean) / (p * self.x + q - 1)

    def discounted(self, months: int) -> mpmath.mpf:
        """Sum over months of the purchases in them, at 10 % a year."""
        until = [self.purchases(month * MONTH) for month in range(1, months + 1)]
        before = [mpmath.mpf(0), *until[:-1]]
        rate = mpmath.mpf("1.1")
        return sum(
            (now - then) * rate ** (-mpmath.mpf(month) / 12)
            for month, (now, then) in enumerate(
                zip(until, before, strict=True), start=1
            )
        )


def assert_equal(found: float, exact: mpmath.mpf) -> None:
    assert found == pytest.approx(float(exact), rel=1e-9, abs=NOTHING)


def test_scores_of_200_customers_equal_forty_digits(sql: Ours) -> None:
    customers = customers_of_all_kinds(200)
    scores = score(sql, [CDNOW], customers)
    with mpmath.workdps(50):
        for place, (x, t, age, mean) in enumerate(
            zip(*customers.values(), strict=True)
        ):
            exact = Exact(int(x), int(t), int(age), float(mean), CDNOW)
            alive, worth = exact.alive(), exact.order_value()
            assert_equal(scores["probability_alive"][0, place], alive)
            assert_equal(scores["expected_order_value"][0, place], worth)
            year = alive * exact.purchases(YEAR)
            assert_equal(scores["expected_orders_12m"][0, place], year)
            # The values of sixty months take a minute for all.
            horizons = {"12m": 12}
            if place % 10 == 0:
                horizons |= {"36m": 36, "lifetime": LIFETIME}
            for name, months in horizons.items():
                value = alive * exact.discounted(months) * worth / 2
                assert_equal(scores[f"order_clv_{name}"][0, place], value)


def test_scores_of_500_parameter_sets_are_finite_and_not_negative(sql: Ours) -> None:
    random = np.random.default_rng(500)
    sets = []
    for _ in range(500):
        r, a, b, p, v = np.exp(random.uniform(np.log(1e-3), np.log(1e3), 5))
        alpha = np.exp(random.uniform(np.log(1e-2), np.log(1e4)))
        q = 1 + np.exp(random.uniform(np.log(1e-3), np.log(1e3)))
        sets.append(dict(zip(CDNOW, (r, alpha, a, b, p, q, v), strict=True)))
    some = {name: column[:20] for name, column in customers_of_all_kinds(20).items()}

    scores = score(sql, sets, some)

    for name, column in scores.items():
        assert np.isfinite(column).all(), name
        assert (column >= 0).all(), name
    assert (scores["probability_alive"] <= 1).all()


# Whatever comes: customer, day and cents of each purchase.

ONE_SALE = [(0, 10, 500)]
REPEATERS = [(n, day, 500 + 7 * n) for n in range(19) for day in (n, n + 30)]
LAST = 900


def regular(customers: int, days: range, cents=lambda n: 900 + 50 * (n % 7)):
    """Everybody buys on each of these days, counted from day n."""
    return [(n, n + day, cents(n)) for n in range(customers) for day in days]


def at_random(customers: int, dropout: float):
    """Poisson purchases at rates of their own, with or without an end."""
    random, purchases = np.random.default_rng(18), []
    for n in range(customers):
        day, rate = random.uniform(0, 500), random.gamma(2, 1 / 60)
        while day < LAST:
            purchases.append((n, int(day), int(random.gamma(4, 500))))
            if random.uniform() < dropout:
                break
            day += random.exponential(1 / rate)
    return purchases


INPUTS = {
    "one customer, one order": ONE_SALE,
    "one customer on the last day": [(0, LAST, 500)],
    "everybody on the last day": [(n, LAST, 500 + n) for n in range(200)],
    "two customers": [(0, 1, 500), (1, 50, 700), (1, 90, 800)],
    "one-time buyers only": [(n, n, 500 + n) for n in range(300)],
    "one short of twenty repeaters": REPEATERS,
    "nobody ever pays": regular(50, range(0, 90, 30), lambda n: 0),
    "everything is paid back": regular(50, range(0, 90, 30), lambda n: -5),
    "a constant price": regular(60, range(0, 90, 30), lambda n: 1999),
    "one price for each": regular(60, range(0, 300, 20), lambda n: 100 + n),
    "everybody is alike": [
        (n, day, 1000) for n in range(60) for day in range(0, 300, 20)
    ],
    "a purchase every other week": regular(80, range(0, 820, 15)),
    "a purchase every day": regular(40, range(0, 800)),
    "nobody comes back after the second": regular(200, range(0, 2)),
    "one giant among small ones": [
        *regular(60, range(0, 100, 25)),
        *((99, day, 9 * 10**9) for day in range(500)),
    ],
    "cents and millions": regular(
        90, range(0, 200, 25), lambda n: 1 if n % 2 else 10**11
    ),
    "long ago": [(n, day, 700 + n) for n in range(60) for day in (0, 3, 9)],
    "nobody drops out": at_random(300, dropout=0),
    "a shop": at_random(300, dropout=0.2),
}
# Other than one rate for all, and means that are shrunk to that of all.
METHODS = {
    "nobody ever pays": "pooled_rate",
    "everything is paid back": "pooled_rate",
    "one giant among small ones": "bg_nbd+gamma_gamma",
    "nobody drops out": "nbd+gamma_gamma",
    "a shop": "bg_nbd+gamma_gamma",
}


@pytest.mark.parametrize("name", INPUTS)
def test_any_input_is_scored_by_a_method_that_is_stated(
    name: str, models: dict, tmp_path: Path
) -> None:
    purchases = INPUTS[name]
    given = np.array(purchases, dtype=np.int64).reshape(-1, 3).T
    ours = Ours(tmp_path / "work.duckdb", models)
    ours.put(Purchases(*given), FIRST_DAY, FIRST_DAY + timedelta(days=LAST))
    ours.run()
    rows = ours.connection.sql(
        f"select * from {ours.models[AFTER_THE_FIT[-1]].relation}"
    )
    columns, found = rows.columns, rows.fetchall()
    ours.connection.close()

    customers = {customer for customer, _, _ in purchases}
    assert len(found) == len(customers)
    for row in (dict(zip(columns, values, strict=True)) for values in found):
        assert row["clv_method"] == METHODS.get(name, "pooled_rate+shrunk_mean")
        assert row["clv_method_reason"].endswith(".")
        for column, value in row.items():
            if isinstance(value, float):
                assert np.isfinite(value), column
                assert value >= 0, column
        unknown = {column for column, value in row.items() if value is None}
        is_certain = row["clv_method"].startswith("bg_nbd")
        assert unknown == (set() if is_certain else {"probability_alive"})
        assert row["order_clv_low"] <= row["order_clv_high"]


def test_the_last_day_is_the_as_of_date_of_the_models(models: dict) -> None:
    # What the inputs above are dated by: no purchase of theirs may be later.
    assert FIRST_DAY + timedelta(days=LAST) <= date(2024, 12, 30)
