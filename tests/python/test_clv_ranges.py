"""The predictive range: its law, its table, and whether it holds what it says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time

import numpy as np
import pytest
from scipy.special import betaln, roots_jacobi
from scipy.stats import nbinom

from perennial.clv.estimate import Estimate
from perennial.clv.laws import (
    expected_value,
    probability_alive,
    purchase_probability,
    purchases_at_least,
    value_at_most,
)
from perennial.clv.order_value import fit_order_value
from perennial.clv.orders import fit_orders
from perennial.clv.ranges import LEVEL_TOP, RangeGrid, predictive_cdf, range_grid

YEAR = 365.0
BG_NBD, GAMMA_GAMMA = ("r", "alpha", "a", "b"), ("p", "q", "v")
# A shop: three purchases a year, a tenth of the customers lost at each.
SHOP = np.array([1.2, 130.0, 0.6, 5.0])
BASKET = np.array([4.0, 5.0, 60.0])


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def estimate(status: str, names: tuple, values, error: float | None = None) -> Estimate:
    """Parameters that are sure, or have a standard error in logarithms each."""
    values = np.asarray(values, dtype=float)
    covariance = None if error is None else np.eye(len(values)) * error**2
    return Estimate(
        status, "Given.", names, values, values * (error or 0), covariance, 0.0, 1000
    )


def orders_of(values, error: float | None = None) -> Estimate:
    status = {4: "bg_nbd", 2: "nbd", 1: "pooled_rate"}[len(values)]
    names = BG_NBD[: len(values)] if len(values) > 1 else ("purchase_rate",)
    return estimate(status, names, values, error)


def values_of(values, error: float | None = None) -> Estimate:
    if len(values) == 2:
        names = ("prior_purchases", "population_mean")
        return estimate("shrunk_mean", names, values)
    return estimate("gamma_gamma", GAMMA_GAMMA, values, error)


# ---------------------------------------------------------------- what SQL does


def look_up(grid: RangeGrid, frequency, age, level) -> np.ndarray:
    """Quantiles of the positive part, by the steps of the module's docstring."""
    rows = grid.range
    corners = (rows[name].astype(int) for name in ("frequency", "position", "level"))
    value = dict(zip(zip(*corners, strict=True), rows["value"], strict=True))
    by_name = grid.range_grid
    constant = dict(zip(by_name["item_name"], by_name["value"], strict=True))
    cells = grid.range_frequency
    cell_of = {
        x: (int(i), f)
        for x, i, f in zip(
            cells["frequency"], cells["position"], cells["value"], strict=True
        )
    }
    found = []
    for x, days, u in zip(frequency, age, level, strict=True):
        i, f = cell_of[x]
        index = np.log(constant["age_offset"] + days) - constant["age_start"]
        index = index / constant["age_step"]
        index = min(max(index, 0), constant["age_count"] - 1)
        j = int(min(np.floor(index), constant["age_count"] - 2))
        g = index - j
        index = (constant["level_count"] - 1) * np.sqrt(u / constant["level_top"])
        k = int(min(np.floor(index), constant["level_count"] - 2))
        h = index - k
        found.append(
            sum(
                value[i + over_x, j + over_age, k + over_level]
                * (f if over_x else 1 - f)
                * (g if over_age else 1 - g)
                * (h if over_level else 1 - h)
                for over_x in (0, 1)
                for over_age in (0, 1)
                for over_level in (0, 1)
            )
        )
    return np.array(found)


def probability_of_a_purchase(orders: Estimate, frequency, recency, age, days):
    return np.mean(
        [
            probability_alive(point, frequency, recency, age)
            * purchases_at_least(point, 1, frequency, age, days)
            for point in orders.points()
        ],
        axis=0,
    )


def bounds(grid: RangeGrid, orders: Estimate, frequency, recency, age, days):
    """Low and high (n,) in expected order values, as SQL takes them."""
    pi = probability_of_a_purchase(orders, frequency, recency, age, days)
    sides = []
    for share in (0.9, 0.1):
        bound = np.zeros(len(pi))
        some = pi > share
        bound[some] = look_up(grid, frequency[some], age[some], 1 - share / pi[some])
        sides.append(bound)
    return sides


# ---------------------------------------------------------------- simulation


@dataclass(frozen=True)
class Customers:
    """Simulated customers at the cut, and what they did after it."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    mean_value: np.ndarray
    later_value: np.ndarray
    later_discounted: np.ndarray
    later_count: np.ndarray
    is_alive: np.ndarray


def simulate(
    size: int,
    seed: int,
    shop: np.ndarray = SHOP,
    basket: np.ndarray = BASKET,
    days: float = YEAR,
    age=None,
) -> Customers:
    """The story of BG/NBD and Gamma-Gamma, one purchase after the other."""
    draws = np.random.default_rng(seed)
    r, alpha, a, b = shop
    p, q, v = basket
    age = draws.uniform(30, 1100, size) if age is None else np.full(size, float(age))
    rate = draws.gamma(r, 1 / alpha, size)
    dropout = draws.beta(a, b, size)
    scale = draws.gamma(q, 1 / v, size)
    time = np.zeros(size)
    is_alive = np.ones(size, dtype=bool)
    is_alive_at_cut = is_alive.copy()
    frequency, recency, seen, later, discounted, count = np.zeros((6, size))
    going = np.flatnonzero(rate > 1e-12)
    while len(going):
        time[going] += draws.exponential(1 / rate[going])
        going = going[time[going] <= age[going] + days]
        value = draws.gamma(p, 1 / scale[going])
        is_later = time[going] > age[going]
        before, after = going[~is_later], going[is_later]
        frequency[before] += 1
        recency[before] = time[before]
        seen[before] += value[~is_later]
        count[after] += 1
        later[after] += value[is_later]
        discounted[after] += value[is_later] * 1.1 ** (
            -(time[after] - age[after]) / 365
        )
        stays = draws.uniform(size=len(going)) >= dropout[going]
        is_alive_at_cut[going[~stays & ~is_later]] = False
        going = going[stays]
    mean = np.divide(seen, frequency, out=np.zeros(size), where=frequency > 0)
    return Customers(
        frequency, recency, age, mean, later, discounted, count, is_alive_at_cut
    )


def discount_factor(orders: Estimate, frequency, age, days: float) -> np.ndarray:
    """Expected discounted over expected undiscounted purchases, given alive."""
    r, alpha, a, b = orders.values
    horizon = np.arange(1, 13) * days / 12
    weight = 1.1 ** (-horizon / 365)
    discounted, plain = np.empty((2, len(frequency)))
    for x in np.unique(frequency):
        node, share = roots_jacobi(24, b + x - 1, a - 1)
        node, share = (1 + node) / 2, share / share.sum()
        here = frequency == x
        s = horizon / (alpha + age[here, np.newaxis])
        expected = np.sum(
            share * -np.expm1(-(r + x) * np.log1p(node * s[..., np.newaxis])) / node,
            axis=-1,
        )
        each = np.diff(expected, axis=1, prepend=0)
        discounted[here], plain[here] = each @ weight, expected[:, -1]
    return discounted / plain


def fitted(customers: Customers) -> tuple[Estimate, Estimate]:
    some = customers.frequency > 0
    one = np.ones(len(some), dtype=int)
    return (
        fit_orders(customers.frequency, customers.recency, customers.age, one),
        fit_order_value(
            np.full(some.sum(), "repeat", dtype=object),
            customers.frequency[some],
            customers.mean_value[some],
            one[some],
        ),
    )


# ---------------------------------------------------------------- the laws


LAWS = {
    "bg_nbd": SHOP,
    "cdnow": np.array([0.243, 30.9, 0.793, 2.426]),
    "nbd": np.array([0.7, 90.0]),
    "poisson": np.array([0.01]),
    "hardly_any_dropout": np.array([0.7, 90.0, 1e-3, 50.0]),
}


@pytest.mark.parametrize("parameters", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize(("frequency", "age"), [(0, 40.0), (3, 400.0), (60, 900.0)])
def test_the_probabilities_of_all_numbers_add_up_to_one(
    parameters, frequency, age
) -> None:
    n = np.arange(3000)

    probability = purchase_probability(parameters, n, frequency, age, YEAR)

    assert probability.sum() == pytest.approx(1, abs=1e-9)
    assert (probability >= -1e-15).all()


@pytest.mark.parametrize(("frequency", "age"), [(0, 100.0), (2, 300.0), (9, 500.0)])
def test_the_probabilities_are_those_of_customers_simulated_alive(
    frequency, age
) -> None:
    draws, size = np.random.default_rng(1), 400_000
    r, alpha, a, b = SHOP
    # Given x purchases and alive, rate and dropout are independent.
    rate = draws.gamma(r + frequency, 1 / (alpha + age), size)
    dropout = draws.beta(a, b + frequency, size)
    most = draws.geometric(np.maximum(dropout, 1e-12))
    count = np.minimum(draws.poisson(rate * YEAR), most)

    simulated = np.bincount(count, minlength=12)[:12] / size

    n = np.arange(12)
    expected = purchase_probability(SHOP, n, frequency, age, YEAR)
    assert simulated == pytest.approx(expected, abs=0.003)


def test_the_law_of_bg_nbd_is_the_closed_form_of_negative_binomials() -> None:
    r, alpha, a, b = SHOP
    x, age, n = 3, 400.0, np.arange(1, 30)
    arrivals = nbinom(r + x, (alpha + age) / (alpha + age + YEAR))
    expected = np.exp(betaln(a, b + x + n) - betaln(a, b + x)) * arrivals.pmf(
        n
    ) + np.exp(betaln(a + 1, b + x + n - 1) - betaln(a, b + x)) * arrivals.sf(n - 1)

    found = purchase_probability(SHOP, n, x, age, YEAR)

    assert found == pytest.approx(expected, rel=1e-9)


def test_the_whole_law_is_that_of_simulated_customers() -> None:
    """New customers of one age: those with the same x and recency are alike."""
    customers = simulate(1_500_000, seed=2, age=400)
    alike = (customers.frequency == 2) & (abs(customers.recency - 250) < 25)
    alike &= abs(customers.mean_value - 60) < 10
    assert alike.sum() > 2000
    value = np.array([0, 20, 50, 100, 200, 400, 800.0])

    found = predictive_cdf(
        orders_of(SHOP),
        values_of(BASKET),
        value,
        *(np.full(7, one) for one in (2.0, 250.0, 400.0, 60.0)),
        YEAR,
    )

    later = customers.later_value[alike]
    simulated = [np.mean(later <= one) for one in value]
    assert found == pytest.approx(simulated, abs=0.03)
    is_alive = customers.is_alive[alike].mean()
    assert probability_alive(SHOP, 2, 250, 400) == pytest.approx(is_alive, abs=0.03)


# ---------------------------------------------------------------- the table


def exact_quantile(orders, order_value, frequency, age, level, days) -> np.ndarray:
    """Bisection on the law itself, at the mean value of the population."""
    mean = expected_value(order_value.values, 0, 0)
    unit = expected_value(order_value.values, frequency, mean)
    points, value_points = orders.points(), order_value.points()

    def averaged(law, n) -> np.ndarray:
        return np.mean([law(point, n, frequency, age, days) for point in points], 0)

    positive = averaged(purchases_at_least, 1)
    most = 8
    while (averaged(purchases_at_least, most) > 1e-5 * positive).any():
        most = int(most * 1.3)
    n = np.arange(1, most + 1)[:, np.newaxis]
    mass = averaged(purchase_probability, n) / positive
    low, high = np.full(len(level), -9.0), np.full(len(level), 12.0)
    for _ in range(36):
        middle = (low + high) / 2
        money = np.exp(middle) * unit
        below = np.mean(
            [
                value_at_most(p, money / (p[2] + frequency * mean), n, frequency)
                for p in value_points
            ],
            axis=0,
        )
        is_below = np.sum(mass * below, axis=0) < level
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.exp(middle)


SHOPS = {
    "shop": (SHOP, BASKET, YEAR),
    "cdnow": (LAWS["cdnow"], [6.25, 3.74, 15.44], YEAR),
    "three_years": ([0.8, 90, 0.6, 3], [4, 4, 50], 3 * YEAR),
    "weekly": ([4, 60, 0.3, 12], [6, 6, 50], YEAR),
}


@pytest.mark.parametrize(("shop", "basket", "days"), SHOPS.values(), ids=SHOPS)
@pytest.mark.parametrize("error", [None, 0.1], ids=["sure", "unsure"])
def test_what_is_looked_up_is_within_3_percent_of_the_exact_quantile(
    shop, basket, days, error
) -> None:
    customers = simulate(3000, seed=4, shop=np.asarray(shop), basket=BASKET, days=1)
    orders, order_value = orders_of(shop, error), values_of(basket, error)
    grid = range_grid(orders, order_value, customers.frequency, customers.age, days)
    known = customers.frequency, customers.recency, customers.age
    pi = probability_of_a_purchase(orders, *known, days)
    for share in (0.1, 0.9):
        some = np.flatnonzero(pi > share + 0.001)[:100]
        frequency, age = customers.frequency[some], customers.age[some]
        level = 1 - share / pi[some]

        found = look_up(grid, frequency, age, level)

        exact = exact_quantile(orders, order_value, frequency, age, level, days)
        assert found == pytest.approx(exact, rel=0.03)


AWKWARD = {
    "nbd": ([0.7, 90.0], BASKET),
    "nobody_buys": ([0.0], BASKET),
    "a_pooled_rate": ([0.01], [1.0, 50.0]),
    "hardly_any_dropout": ([0.7, 90.0, 1e-4, 1.0], BASKET),
    "all_drop_out": ([0.7, 90.0, 50.0, 1e-3], BASKET),
    "the_same_spend_always": (SHOP, [5000.0, 300.0, 60.0]),
    "wild_spend": (SHOP, [0.05, 1.001, 1e-3]),
    "wild_rates": ([1e-3, 1e-3, 1.0, 1.0], BASKET),
    "the_same_rate_for_all": ([1e5, 1e7, 1.0, 10.0], BASKET),
}


@pytest.mark.parametrize(("shop", "basket"), AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("days", [1.0, YEAR, 600 * YEAR / 12])
def test_the_table_is_finite_and_rises_with_the_level(shop, basket, days) -> None:
    orders = orders_of(shop, 0.5 if np.all(shop) else None)

    grid = range_grid(
        orders, values_of(basket, 0.3), np.array([0, 1, 7, 90]), [0, 3, 900], days
    )

    assert np.isfinite(grid.quantiles).all()
    assert (grid.quantiles >= 0).all()
    assert (np.diff(grid.quantiles, axis=2) >= 0).all()


@pytest.mark.parametrize(
    ("frequencies", "ages"),
    [([0], [0]), ([0], [10]), ([1], [5, 5]), ([3], [9, 2000]), ([0, 4000], [5000])],
)
def test_every_customer_has_all_eight_corners(frequencies, ages) -> None:
    grid = range_grid(
        orders_of(SHOP), values_of(BASKET), np.array(frequencies), np.array(ages), YEAR
    )

    assert min(grid.quantiles.shape) >= 2
    for x in frequencies:
        for age in ages:
            found = look_up(grid, [x] * 3, [age] * 3, [0, 0.4, LEVEL_TOP])
            assert (np.diff(found) > 0).all()
    assert (grid.data_fraction >= 0).all()
    assert (grid.data_fraction <= 1).all()


def test_without_a_model_or_customers_the_table_is_empty() -> None:
    nothing = Estimate("none", "No customers.")
    for orders, frequency in ((nothing, np.array([1])), (orders_of(SHOP), np.empty(0))):
        grid = range_grid(orders, values_of(BASKET), frequency, frequency, YEAR)

        assert all(
            len(column) == 0
            for rows in (grid.range, grid.range_frequency, grid.range_grid)
            for column in rows.values()
        )


def test_without_a_law_of_values_the_table_counts_orders() -> None:
    for order_value in (values_of([1.0, 50.0]), Estimate("none", "Nothing paid.")):
        grid = range_grid(
            orders_of(SHOP), order_value, np.array([0, 9]), np.array([300]), YEAR
        )

        assert (grid.quantiles == np.round(grid.quantiles)).all()
        assert (grid.quantiles[:, :, 0] == 1).all()


def test_a_large_shop_takes_few_rows_and_seconds() -> None:
    orders, order_value = orders_of(LAWS["cdnow"], 0.05), values_of(BASKET, 0.05)
    began = process_time()

    grid = range_grid(orders, order_value, np.arange(501), np.arange(3001), YEAR)

    assert process_time() - began < 2
    assert grid.quantiles.size < 10_000


# ---------------------------------------------------------------- calibration


@dataclass(frozen=True)
class Calibration:
    """Where the later value fell, per customer."""

    above: np.ndarray
    below: np.ndarray
    pit: np.ndarray
    predicted: np.ndarray
    actual: np.ndarray


def calibrate(customers: Customers, seed: int) -> Calibration:
    """Fit, predict, and compare with what the customers did."""
    orders, order_value = fitted(customers)
    assert (orders.status, order_value.status) == ("bg_nbd", "gamma_gamma")
    known = customers.frequency, customers.recency, customers.age
    grid = range_grid(orders, order_value, customers.frequency, customers.age, YEAR)
    low, high = bounds(grid, orders, *known, YEAR)
    each = expected_value(order_value.values, customers.frequency, customers.mean_value)
    factor = discount_factor(orders, customers.frequency, customers.age, YEAR)
    actual = customers.later_discounted
    cdf = predictive_cdf(
        orders, order_value, actual / factor, *known, customers.mean_value, YEAR
    )
    draws = np.random.default_rng(seed)
    pi = probability_of_a_purchase(orders, *known, YEAR)
    pit = np.where(actual > 0, cdf, draws.uniform(size=len(pi)) * cdf)
    # A rough prediction is enough to sort by.
    r, alpha = orders.values[:2]
    alive = probability_alive(orders.values, *known)
    expected = alive * (r + customers.frequency) / (alpha + customers.age)
    return Calibration(
        actual > high * each * factor,
        actual < low * each * factor,
        pit,
        expected * each,
        actual,
    )


def shares(one: Calibration, some=slice(None)) -> tuple[float, float, float]:
    inside = (one.pit[some] >= 0.1) & (one.pit[some] <= 0.9)
    return one.above[some].mean(), one.below[some].mean(), inside.mean()


def test_the_bounds_hold_what_they_say_in_all_and_in_each_decile() -> None:
    one = calibrate(simulate(20_000, seed=6), seed=7)

    above, below, inside = shares(one)
    print(f"\nall   above {above:.4f}  below {below:.4f}  inside {inside:.4f}")
    order = np.argsort(one.predicted, kind="stable")
    deciles = [shares(one, some) for some in np.array_split(order, 10)]
    for number, (over, under, within) in enumerate(deciles, 1):
        print(f"{number:>4}  above {over:.4f}  below {under:.4f}  inside {within:.4f}")
    assert 0.075 <= above <= 0.125
    assert below <= 0.125
    assert 0.77 <= inside <= 0.83
    for over, under, within in deciles:
        assert over <= 0.14
        assert under <= 0.14
        assert 0.75 <= within <= 0.85


def test_the_bounds_hold_for_three_hundred_customers_too() -> None:
    """Many small shops: what a small sample does not know must be in the bounds."""
    all_shares = []
    for seed in range(100, 130):
        customers = simulate(300, seed=seed)
        if fitted(customers)[0].status == "bg_nbd":
            all_shares.append(shares(calibrate(customers, seed=seed)))

    above, below, inside = np.mean(all_shares, axis=0)
    print(
        f"\n{len(all_shares)} shops: above {above:.4f} below {below:.4f} {inside:.4f}"
    )
    assert len(all_shares) >= 20
    assert 0.075 <= above <= 0.125
    assert below <= 0.125
    assert 0.77 <= inside <= 0.83
