"""The range in which a customer's predicted value of orders will lie.

The predictive law of a customer has a lump at zero (no further purchase) and
a positive part. Whether there is a purchase at all depends on recency and is
scored in SQL for each customer; the positive part depends on frequency x and
age T alone, once it is counted in expected order values. Its quantiles are
tabulated here, over x, age and level u, each averaged over the parameter
points, and SQL interpolates.

What SQL does, for a customer (x, T) and a level u in [0, level_top]
--------------------------------------------------------------------
1. x: `range_frequency` has a row for each frequency of the data, with the
   grid cell as `position` (0-based) and the place in the cell as `value`
   (0..1). So i = position, f = value.
2. age, with the constants of `range_grid`:
       index = (ln(age_offset + T) - age_start) / age_step
       index = least(greatest(index, 0), age_count - 1)
       j = least(floor(index), age_count - 2),  g = index - j
3. level:
       index = (level_count - 1) * sqrt(u / level_top)
       k = least(floor(index), level_count - 2),  h = index - k
4. The quantile is the sum over the eight corners (i or i+1, j or j+1, k or
   k+1), each found in `range` by frequency = i.., position = j.., level = k..,
   of value * (f or 1-f) * (g or 1-g) * (h or 1-h): the first of each pair for
   the upper corner. All corners exist, whatever the customer.
5. It counts expected order values of this customer: times
   expected_order_value, times D_H / E_H (expected discounted over expected
   undiscounted purchases of the horizon, given alive), times margin rate.

With pi the probability of a purchase in the horizon, averaged over the
parameter points:

    high: 0 if pi <= 0.1, else the quantile at u = 1 - 0.1 / pi
    low:  0 if pi <= 0.9, else the quantile at u = 1 - 0.9 / pi

so u is never above 0.9 = level_top.

Two approximations beside the interpolation: all purchases share one discount
factor, and the parameter points of the order value are compared at the mean
value of the population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from perennial.clv.estimate import Estimate
from perennial.clv.laws import (
    expected_value,
    probability_alive,
    purchase_probability,
    purchases_at_least,
    shrunk_value,
    value_at_most,
)

LEVEL_TOP = 0.9
LEVELS = 31
LARGEST_AGE_STEP = 0.25
MOST_AGES = 16
# Each frequency up to here has a grid line; then they stand this far apart.
SMALL_FREQUENCIES = 5
FREQUENCY_GROWTH = 1.5
# Numbers of purchases up to here count one by one, then in blocks this wide.
SINGLE_PURCHASES = 50
BLOCK_GROWTH = 1.025
MOST_PURCHASES = 1e7
# What lies above is left out: no level asks for it.
TAIL = 0.01
PLACES = 160


@dataclass(frozen=True)
class RangeGrid:
    """The quantiles of the positive part, and where a customer stands in them.

    quantiles: (frequencies, ages, levels), in expected order values, rising
    with the level; frequency_lines: (frequencies,) the x of the grid; data_*:
    each frequency of the data, its cell and its fraction in it (0..1).
    Everything is empty where there is no model of orders.
    """

    quantiles: np.ndarray
    frequency_lines: np.ndarray
    data_frequency: np.ndarray
    data_cell: np.ndarray
    data_fraction: np.ndarray
    age_offset: float
    age_start: float
    age_step: float

    @property
    def range_frequency(self) -> dict[str, np.ndarray]:
        """The columns of the rows `range_frequency`."""
        return {
            "frequency": self.data_frequency,
            "position": self.data_cell,
            "value": self.data_fraction,
        }

    @property
    def range(self) -> dict[str, np.ndarray]:
        """The columns of the rows `range`."""
        frequency, position, level = np.indices(self.quantiles.shape)
        return {
            "frequency": frequency.ravel(),
            "position": position.ravel(),
            "level": level.ravel().astype(float),
            "value": self.quantiles.ravel(),
        }

    @property
    def range_grid(self) -> dict[str, np.ndarray]:
        """The columns of the rows `range_grid`: the constants SQL needs."""
        if self.quantiles.size == 0:
            return {"item_name": np.empty(0, dtype=object), "value": np.empty(0)}
        constants = {
            "age_offset": self.age_offset,
            "age_start": self.age_start,
            "age_step": self.age_step,
            "age_count": self.quantiles.shape[1],
            "level_count": self.quantiles.shape[2],
            "level_top": LEVEL_TOP,
            "frequency_count": self.quantiles.shape[0],
        }
        return {
            "item_name": np.array(list(constants), dtype=object),
            "value": np.array(list(constants.values()), dtype=float),
        }


def range_grid(
    orders: Estimate,
    order_value: Estimate,
    frequencies: np.ndarray,
    ages: np.ndarray,
    horizon_days: float,
) -> RangeGrid:
    """Tabulate the positive part for customers of these frequencies and ages.

    `frequencies` and `ages` (days) are those of the data, in any order, with
    or without repeats, of any two lengths. Empty without a model of orders or
    without customers.
    """
    data = np.unique(np.asarray(frequencies, dtype=float))
    if orders.status == "none" or len(data) == 0 or len(ages) == 0:
        return RangeGrid(
            np.empty((0, 0, 0)), *(np.empty(0) for _ in range(4)), 1.0, 0.0, 1.0
        )
    lines = _frequency_lines(data[-1])
    cell = np.clip(np.searchsorted(lines, data, side="right") - 1, 0, len(lines) - 2)
    fraction = (data - lines[cell]) / (lines[cell + 1] - lines[cell])
    offset = orders["alpha"] if "alpha" in orders.names else 1.0
    start, step, count = _age_axis(offset, np.asarray(ages, dtype=float))
    log_ages = start + step * np.arange(count)
    quantiles = np.empty((len(lines), count, LEVELS))
    for i, frequency in enumerate(lines):
        # No customer stands at a corner with fewer days than purchases: a
        # younger one would only cost time.
        reachable = np.log(offset + lines[max(i - 1, 0)]) - step
        age = np.exp(np.maximum(log_ages, reachable)) - offset
        quantiles[i] = _positive_quantiles(
            orders, order_value, frequency, np.maximum(age, 0.0), horizon_days
        )
    return RangeGrid(
        quantiles, lines, data, cell.astype(float), fraction, offset, start, step
    )


def levels() -> np.ndarray:
    """Return the levels u of the grid, shape (LEVELS,): uniform in sqrt(u)."""
    return LEVEL_TOP * (np.arange(LEVELS) / (LEVELS - 1)) ** 2


def predictive_cdf(
    orders: Estimate,
    order_value: Estimate,
    value: np.ndarray,
    frequency: np.ndarray,
    recency: np.ndarray,
    age: np.ndarray,
    mean_value: np.ndarray,
    days: float,
) -> np.ndarray:
    """Return P(value of all purchases in `days` days <= value), exactly.

    All arrays have shape (n,): money, undiscounted; repeat purchases, all of
    them paid; days from the first purchase to the last and to today; money
    per repeat purchase (anything where there are none). Averaged over the
    parameter points. The grid approximates the inverse of this.
    """
    value = np.asarray(value, dtype=float)
    frequency, recency, age = (
        np.asarray(column, dtype=float) for column in (frequency, recency, age)
    )
    mean_value = np.where(frequency > 0, mean_value, 0.0)
    points = orders.points()
    alive = [probability_alive(point, frequency, recency, age) for point in points]
    first = [purchases_at_least(point, 1.0, frequency, age, days) for point in points]
    result = 1 - np.mean(np.multiply(alive, first), axis=0)
    left = np.flatnonzero(value > 0)
    n = 1
    while len(left) and n < MOST_PURCHASES:
        here = frequency[left], age[left]
        mass = np.mean(
            [
                one[left] * purchase_probability(point, n, *here, days)
                for one, point in zip(alive, points, strict=True)
            ],
            axis=0,
        )
        below = _value_below(
            order_value, value[left], n, frequency[left], mean_value[left]
        )
        result[left] += mass * below
        more = np.max(
            [purchases_at_least(point, n + 1, *here, days) for point in points], axis=0
        )
        left = left[(below > 1e-12) & (more > 1e-12)]
        n += 1
    return np.where(value < 0, 0.0, np.clip(result, 0.0, 1.0))


def _value_below(
    order_value: Estimate,
    value: np.ndarray,
    n: int,
    frequency: np.ndarray,
    mean_value: np.ndarray,
) -> np.ndarray:
    """Return P(n purchases are worth at most `value`), averaged over points."""
    if order_value.status != "gamma_gamma":
        return (n * shrunk_value(order_value, frequency, mean_value) <= value) * 1.0
    return np.mean(
        [
            value_at_most(
                point, value / (point[2] + frequency * mean_value), n, frequency
            )
            for point in order_value.points()
        ],
        axis=0,
    )


def _frequency_lines(largest: float) -> np.ndarray:
    """Return the frequencies of the grid, at least two, the last >= largest."""
    lines = [float(line) for line in range(SMALL_FREQUENCIES + 1)]
    while lines[-1] < largest:
        lines.append(float(min(np.round(lines[-1] * FREQUENCY_GROWTH), largest)))
    while lines[-2] >= max(largest, 1.0):
        lines.pop()
    return np.array(lines)


def _age_axis(offset: float, ages: np.ndarray) -> tuple[float, float, int]:
    """Return start, step and count of the axis ln(offset + age); count >= 2."""
    start, end = np.log(offset + np.maximum([ages.min(), ages.max()], 0.0))
    count = int(np.clip(np.ceil((end - start) / LARGEST_AGE_STEP), 1, MOST_AGES - 1))
    step = (end - start) / count
    # All of one age: the next line only has to exist.
    return float(start), float(step) if step > 1e-9 else 1.0, count + 1


def _positive_quantiles(
    orders: Estimate,
    order_value: Estimate,
    frequency: float,
    age: np.ndarray,
    days: float,
) -> np.ndarray:
    """Return the quantiles (ages, LEVELS) of the positive part, at one x."""
    n, mass = _positive_purchases(orders.points(), frequency, age, days)
    if order_value.status != "gamma_gamma":
        # Whole numbers of purchases of one value each.
        below = np.cumsum(mass, axis=1)
        at = [np.searchsorted(row, levels() - 1e-12) for row in below]
        return n[np.minimum(at, len(n) - 1)]
    place, below = _value_table(order_value, frequency, n)
    wanted = levels()
    # Level 0 has the value that makes the straight line up to the next level
    # right halfway: the law starts like a high power of the value.
    wanted[0] = wanted[1] / 4
    found = np.exp([np.interp(wanted, row, place) for row in mass @ below])
    found[:, 0] = np.clip(2 * found[:, 0] - found[:, 1], 0.0, found[:, 1])
    return found


def _positive_purchases(
    points: np.ndarray, frequency: float, age: np.ndarray, days: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of purchases (m,) and their probabilities (ages, m).

    Given at least one, and averaged over the points. Large numbers stand for
    blocks. The probabilities add up to at least 1 - TAIL.
    """

    def at_least(n: np.ndarray) -> np.ndarray:
        reached = np.mean(
            [
                purchases_at_least(point, n, frequency, age[:, np.newaxis], days)
                for point in points
            ],
            axis=0,
        )
        # Without any rate the next purchase would be the only one.
        is_void = reached[:, :1] <= 0
        return np.where(is_void, n <= 1, reached / np.where(is_void, 1, reached[:, :1]))

    few = np.floor(1.5 ** np.arange(np.log(MOST_PURCHASES) / np.log(1.5)))
    is_rare = at_least(few).max(axis=0) < TAIL
    most = few[np.argmax(is_rare)] if is_rare.any() else few[-1]
    edges = [np.arange(1.0, min(most, SINGLE_PURCHASES) + 1)]
    if most > SINGLE_PURCHASES:
        blocks = np.ceil(np.log(most / SINGLE_PURCHASES) / np.log(BLOCK_GROWTH))
        later = SINGLE_PURCHASES * BLOCK_GROWTH ** np.arange(1, blocks + 1)
        edges.append(np.unique(np.round(later)))
    edge = np.concatenate(edges)
    edge = np.append(edge, edge[-1] + 1)
    reached = at_least(edge)
    return (edge[:-1] + edge[1:] - 1) / 2, -np.diff(reached, axis=1)


def _value_table(
    order_value: Estimate, frequency: float, n: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of places (PLACES,) in expected order values, and P (m, PLACES).

    P is the probability that n purchases are worth at most so much, averaged
    over the points. The places begin where one purchase hardly falls below
    and end where the most hardly come above.
    """
    population = expected_value(order_value.values, 0.0, 0.0)
    unit = expected_value(order_value.values, frequency, population)
    # From expected order values to the scale (v + x m) of each point.
    points = order_value.points()
    scale = unit / (points[:, 2] + frequency * population)
    lowest = min(
        _beta_prime(1e-5, p, q + p * frequency) / one
        for (p, q, _), one in zip(points, scale, strict=True)
    )
    highest = max(
        _beta_prime(0.98, p * n[-1], q + p * frequency) / one
        for (p, q, _), one in zip(points, scale, strict=True)
    )
    place = np.linspace(np.log(max(lowest, 1e-12)), np.log(highest), PLACES)
    below = np.mean(
        [
            value_at_most(point, np.exp(place) * one, n[:, np.newaxis], frequency)
            for point, one in zip(points, scale, strict=True)
        ],
        axis=0,
    )
    return place, below


def _beta_prime(level: float, first: float, second: float) -> float:
    """Return a quantile of the beta-prime law."""
    share = min(betaincinv(first, second, level), 1 - 1e-9)
    return float(max(share, 1e-300) / (1 - share))
