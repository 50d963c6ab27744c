"""How often customers order, and whether they still do: BG/NBD and fallbacks.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing
Science 24(2). Customers count as cells of equal (frequency, recency, age).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy.special import gammaln, psi, zeta

from perennial.clv.estimate import Estimate, from_logs
from perennial.clv.newton import Curve, climb
from perennial.clv.sums import dot
from perennial.clv.wording import counted

MIN_REPEATERS = 20
# Dropout that lifts the log likelihood by less than this is not seen.
MIN_GAIN = 0.01
MIN_DROPOUT = 1e-4
# Dropout that lifts it by more than this is there, though how it differs among
# customers may be untold.
CLEAR_GAIN = 2.0
# The prior of ln(a + b): 95 % of it within a factor of 20.
USUAL_SUM, PRIOR_ERROR = 4.0, 1.5
# The start is found on so many bins per axis of time: finer ones first.
BINS = (48, 12)
FREQUENCY_GROWTH = 1.25
# Whole numbers below this are counted; cells are worked on in blocks.
MOST_COUNTED = 100_000
BLOCK = 8192
BG_NBD = ("r", "alpha", "a", "b")
NBD = ("r", "alpha")
STARTS = [(0.5, 1.0, 0.5, 2.0), (0.3, 0.3, 1.0, 3.0), (2.0, 1.0, 0.1, 0.3)]


def fit_orders(
    frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, count: np.ndarray
) -> Estimate:
    """Fit BG/NBD to counted cells, or the next model of the ladder that holds.

    Each argument (n,): repeat purchase days, days from first to last, days
    from first to the cut, and how many customers are such. The order of the
    cells does not matter. Status `bg_nbd` (r, alpha, a, b), `nbd` (r, alpha),
    `pooled_rate` (purchase_rate per day) or `none`; alpha is in days.
    Never raises for numbers >= 0; values are finite.
    """
    cells = _Cells.sort(frequency, recency, age, count)
    if cells.customers == 0:
        return Estimate("none", "No customer has a purchase of its own.")
    if cells.repeaters < MIN_REPEATERS:
        return _pooled_rate(
            cells,
            f"{counted(cells.repeaters, 'customer')} bought again,"
            f" fewer than {MIN_REPEATERS}.",
        )
    if cells.ages.max() <= 0:
        return _pooled_rate(cells, "No time has passed since the first purchases.")
    scale = cells.days / cells.customers
    cells = cells.scaled(scale)
    nbd = _fit(cells, NBD, scale)
    bg_nbd = _fit(cells, BG_NBD, scale)
    held = None
    if bg_nbd.errors is None and bg_nbd.height - nbd.height > CLEAR_GAIN:
        held = _fit(cells, BG_NBD, scale, _held)
    return _choose(bg_nbd, nbd, held, cells.scaled(1 / scale))


def _choose(bg_nbd: _Fit, nbd: _Fit, held: _Fit | None, cells: _Cells) -> Estimate:
    """The first model of the ladder that the data support."""
    dropout = bg_nbd.values[2] / (bg_nbd.values[2] + bg_nbd.values[3])
    if bg_nbd.height - nbd.height <= MIN_GAIN or dropout < MIN_DROPOUT:
        doubt = (
            "No dropout is seen in these data, so whether a customer is still"
            " alive can't be told"
        )
    elif held is not None and held.errors is not None:
        return held.estimate(
            "bg_nbd",
            "BG/NBD; customers' chances of dropout differ by less than the data"
            f" tell, so that a + b is held near {USUAL_SUM:g} by a weak prior.",
            cells.customers,
        )
    elif bg_nbd.errors is None:
        doubt = "The data do not determine the four parameters of BG/NBD"
    else:
        return bg_nbd.estimate(
            "bg_nbd", "BG/NBD, by maximum likelihood.", cells.customers
        )
    if nbd.errors is not None:
        return nbd.estimate("nbd", f"{doubt}; NBD without dropout.", cells.customers)
    return _pooled_rate(
        cells, f"{doubt}, and customers do not differ enough in their rates for NBD."
    )


def _pooled_rate(cells: _Cells, reason: str) -> Estimate:
    """Purchases per day of all customers together."""
    purchases, days = cells.purchases, cells.days
    rate = purchases / days if days > 0 else 0.0
    error = rate / np.sqrt(purchases) if rate > 0 else np.nan
    return Estimate(
        "pooled_rate",
        f"{reason[:-1]}; one rate for all customers.",
        ("purchase_rate",),
        np.array([rate]),
        np.array([error]),
        customers=cells.customers,
    )


@dataclass(frozen=True)
class _Fit:
    """A maximum: where it is, how high, and the errors if there are any."""

    names: tuple[str, ...]
    values: np.ndarray
    height: float
    errors: tuple[np.ndarray, np.ndarray] | None

    def estimate(self, status: str, reason: str, customers: int) -> Estimate:
        errors, covariance = self.errors
        return Estimate(
            status,
            reason,
            self.names,
            self.values,
            errors,
            covariance,
            self.height,
            customers,
        )


@dataclass(frozen=True)
class _Column:
    """Numbers as their distinct values, and which of them each one is."""

    values: np.ndarray
    place: np.ndarray | slice = field(default_factory=lambda: slice(None))

    @classmethod
    def of(cls, numbers: np.ndarray) -> _Column:
        """From numbers >= 0; whole ones that are not large need no sorting."""
        whole = numbers.astype(np.int64)
        if len(whole) and whole.max() < MOST_COUNTED and np.all(whole == numbers):
            values = np.flatnonzero(np.bincount(whole))
            places = np.empty(values[-1] + 1, np.int64)
            places[values] = np.arange(len(values))
            return cls(values.astype(float), places[whole])
        return cls(*np.unique(numbers, return_inverse=True))

    def sum(self, weight: np.ndarray) -> np.ndarray:
        """Sums of the weights of each distinct value."""
        return np.bincount(self.place, weight, len(self.values))

    def spread(self) -> np.ndarray:
        """The numbers themselves."""
        return self.values[self.place]


@dataclass(frozen=True)
class _Repeats:
    """Cells with a repeat purchase: all that dropout can be told from."""

    frequency: _Column
    recency: _Column
    age: _Column
    count: np.ndarray

    def scaled(self, days: float) -> _Repeats:
        times = (_Column(c.values / days, c.place) for c in (self.recency, self.age))
        return _Repeats(self.frequency, *times, self.count)

    def binned(self, bins: int) -> _Repeats:
        """Like cells put together, each at its mean: for the start."""
        width = self.age.values.max() / bins
        key = _frequency_bins(self.frequency.values)[self.frequency.place]
        for time in (self.age, self.recency):
            steps = (time.values / width).astype(np.int64)
            key = key * (bins + 1) + steps[time.place]
        count = np.bincount(key, self.count)
        used = count > 0
        means = (
            np.bincount(key, self.count * column.spread())[used] / count[used]
            for column in (self.frequency, self.recency, self.age)
        )
        return _Repeats(*map(_Column, means), count[used])


@dataclass(frozen=True)
class _Cells:
    """Counted cells, as sums over all that the likelihood treats alike."""

    # The distinct frequencies, and how many customers have each.
    kinds: np.ndarray
    kind_count: np.ndarray
    # The distinct ages, how many customers have each, and their purchases.
    ages: np.ndarray
    age_count: np.ndarray
    age_purchases: np.ndarray
    repeats: _Repeats

    @classmethod
    def sort(cls, frequency, recency, age, count) -> _Cells:
        """Sorted, so that sums are the same to the last digit in any order."""
        frequency, age, recency, count = _sorted(
            *(np.asarray(column) for column in (frequency, age, recency, count))
        )
        kinds, ages = _Column.of(frequency), _Column.of(age)
        first = int(np.searchsorted(frequency, 0.5))
        return cls(
            kinds.values,
            kinds.sum(count),
            ages.values,
            ages.sum(count),
            ages.sum(count * frequency),
            _Repeats(
                _Column(kinds.values, kinds.place[first:]),
                _Column.of(recency[first:]),
                _Column(ages.values, ages.place[first:]),
                count[first:],
            ),
        )

    @property
    def customers(self) -> int:
        return round(float(self.kind_count.sum()))

    @property
    def repeaters(self) -> int:
        return round(float(self.repeats.count.sum()))

    @property
    def purchases(self) -> float:
        return float(self.age_purchases.sum())

    @property
    def days(self) -> float:
        """Of all customers together, in the unit of the ages."""
        return float(dot(self.age_count, self.ages))

    def scaled(self, days: float) -> _Cells:
        """The same with times in units of that many days."""
        return replace(self, ages=self.ages / days, repeats=self.repeats.scaled(days))

    def binned(self, bins: int) -> _Cells:
        return replace(self, repeats=self.repeats.binned(bins))


def _sorted(*columns: np.ndarray) -> list[np.ndarray]:
    """Columns (n,) as floats, their rows sorted; quick for whole numbers.

    Small whole numbers fit into one number of 63 bits each row.
    """
    whole = [column.astype(np.int64) for column in columns]
    bits = [int(column.max(initial=0)).bit_length() for column in whole]
    if sum(bits) > 63 or not all(map(np.array_equal, whole, columns)):
        order = np.lexsort(columns[::-1])
        return [column[order].astype(float) for column in columns]
    key = np.zeros(len(columns[0]), np.int64)
    for column, width in zip(whole, bits, strict=True):
        key = (key << width) | column
    key.sort()
    found = []
    for width in reversed(bits):
        found.append((key & ((1 << width) - 1)).astype(float))
        key >>= width
    return found[::-1]


def _frequency_bins(kinds: np.ndarray) -> np.ndarray:
    """Which bin each frequency is in: one each at first, then ever wider."""
    wide = np.log(np.maximum(kinds, 1)) / np.log(FREQUENCY_GROWTH)
    _, place = np.unique(np.where(kinds < 4, -kinds, wide).round(), return_inverse=True)
    return place


def _fit(
    cells: _Cells,
    names: tuple[str, ...],
    scale: float,
    prior: Callable[[np.ndarray], Curve] | None = None,
) -> _Fit:
    """The maximum over these parameters; times are in units of `scale` days."""
    size = len(names)
    likelihood = _bg_nbd_curve if size == 4 else _nbd_curve

    def curve(cells: _Cells, at: np.ndarray) -> Curve:
        known = likelihood(cells, at)
        if prior is None:
            return known
        return tuple(one + two for one, two in zip(known, prior(at), strict=True))

    # NBD has no use for bins: its sums are over distinct numbers anyway.
    stages = [cells]
    for bins in BINS if size == 4 else ():
        if len(stages[0].repeats.count) > 4 * bins**2:
            stages.insert(0, cells.binned(bins))
    rate = cells.purchases / cells.days
    rough = []
    for r, ease, *dropout in STARTS:
        start = np.log([r, ease * r / rate, *dropout][:size])
        place, found = climb(lambda at: curve(stages[0], at), start)
        rough.append((found[0], place, found))
    place, found = max(rough, key=lambda entry: entry[0])[1:]
    for stage in stages[1:]:
        place, found = climb(lambda at, stage=stage: curve(stage, at), place)
    height, _, hessian = found
    if prior is not None:
        height -= prior(place)[0]
    place = place.copy()
    place[1] += np.log(scale)
    # Times enter as densities: their unit is in the log likelihood.
    height -= cells.purchases * np.log(scale)
    known = from_logs(place, hessian)
    errors = None if known is None else known[1:]
    return _Fit(names, np.exp(place), height, errors)


def _held(place: np.ndarray) -> Curve:
    """The log of the prior of a + b, with derivatives, in log parameters."""
    a, b = np.exp(place[2:])
    share = np.array([0.0, 0.0, a / (a + b), b / (a + b)])
    off = (np.log(a + b) - np.log(USUAL_SUM)) / PRIOR_ERROR
    bend = np.diag(share) - np.outer(share, share)
    return (
        -(off**2) / 2,
        -off / PRIOR_ERROR * share,
        -np.outer(share, share) / PRIOR_ERROR**2 - off / PRIOR_ERROR * bend,
    )


def _nbd_curve(cells: _Cells, place: np.ndarray) -> Curve:
    """Log likelihood of NBD, in log r and log alpha, with derivatives."""
    r, alpha = np.exp(place)
    total = cells.age_count.sum()
    late = alpha + cells.ages
    log_late = np.log(late)
    # How often each age counts: once a customer, and by its shape r + x.
    once, shape = cells.age_count, r * cells.age_count + cells.age_purchases
    rise, slope, bend = _rises(cells, r)
    gradient = np.array(
        [
            slope + total * np.log(alpha) - dot(once, log_late),
            total * r / alpha - (shape / late).sum(),
        ]
    )
    cross = total / alpha - (once / late).sum()
    hessian = np.array(
        [
            [bend, cross],
            [cross, -total * r / alpha**2 + (shape / late**2).sum()],
        ]
    )
    value = rise + total * r * np.log(alpha) - dot(shape, log_late)
    return _in_logs(np.array([r, alpha]), value, gradient, hessian)


def _rises(cells: _Cells, start: float) -> tuple[float, float, float]:
    """Sum of ln Γ(start + x) - ln Γ(start), with two derivatives."""
    # Hurwitz's zeta function of 2 is the second derivative of ln Γ.
    return tuple(
        float(dot(cells.kind_count, function(start + cells.kinds) - function(start)))
        for function in (gammaln, psi, partial(zeta, 2))
    )


def _bg_nbd_curve(cells: _Cells, place: np.ndarray) -> Curve:
    """Log likelihood of BG/NBD in log (r, alpha, a, b), with derivatives.

    Fader, Hardie and Lee (2005), equation 6, over the cells: NBD, the chance
    of x times no dropout, and the log of 1 + e^u, where e^u compares having
    left right after the last purchase with being alive.
    """
    r, alpha, a, b = np.exp(place)
    value, nbd_gradient, nbd_hessian = _nbd_curve(cells, place[:2])
    # Back from logs to r and alpha themselves.
    pair = np.array([r, alpha])
    gradient = np.append(nbd_gradient / pair, [0.0, 0.0])
    hessian = np.zeros((4, 4))
    hessian[:2, :2] = (nbd_hessian - np.diag(nbd_gradient)) / np.outer(pair, pair)

    stays, joins = _rises(cells, b), _rises(cells, a + b)
    value += stays[0] - joins[0]
    gradient += [0.0, 0.0, -joins[1], stays[1] - joins[1]]
    hessian[2:, 2:] -= joins[2]
    hessian[3, 3] += stays[2]

    height, slopes, bends = _dropout_curve(cells.repeats, r, alpha, a, b)
    return _in_logs(
        np.array([r, alpha, a, b]), value + height, gradient + slopes, hessian + bends
    )


def _dropout_curve(
    repeats: _Repeats, r: float, alpha: float, a: float, b: float
) -> Curve:
    """Sum of ln(1 + e^u), with derivatives by r, alpha, a and b.

    The derivatives of u are (gap, fall, 1 / a, -inverse) below. What depends
    on one number of a cell is worked out once for each distinct one; a block
    of cells at a time stays in the processor's cache.
    """
    x, recency, age = repeats.frequency, repeats.recency, repeats.age
    late, early = alpha + age.values, alpha + recency.values
    before = b + x.values - 1
    # Frequency 0 may stand among the distinct ones, but no cell has it.
    before = np.where(x.values > 0, before, 1.0)
    each_x = r + x.values, np.log(a / before), 1 / before
    each_age, each_recency = (
        (np.log(time), 1 / time, time**-2.0) for time in (late, early)
    )
    height, first, second = 0.0, np.zeros(7), np.zeros((4, 4))
    for start in range(0, len(repeats.count), BLOCK):
        block = slice(start, start + BLOCK)
        n = repeats.count[block]
        shape, odds, inverse = _picked(x, each_x, block)
        gap, slope, bend = (
            one - two
            for one, two in zip(
                _picked(age, each_age, block),
                _picked(recency, each_recency, block),
                strict=True,
            )
        )
        u = odds + shape * gap
        # e^u within the range of doubles; what is above adds to its log only.
        most = np.minimum(u, 700.0)
        ratio = np.exp(most)
        height += dot(n, np.log1p(ratio) + (u - most))
        alive = 1 / (1 + ratio)
        gone = n * ratio * alive
        rows = np.stack([np.ones_like(gap), gap, shape * slope, inverse])
        first[:4] += dot(rows, gone)
        first[4:] += (
            dot(gone, slope),
            dot(gone, shape * bend),
            dot(gone, inverse**2),
        )
        second += np.einsum("in,jn->ij", rows, rows * (gone * alive))
    mass, of_gap, of_fall, of_inverse, of_slope, of_bend, of_square = first
    # From the rows' order, (1, gap, fall, inverse), to that of the parameters.
    order = [1, 2, 0, 3]
    unit = np.array([1.0, 1.0, 1 / a, -1.0])
    hessian = np.outer(unit, unit) * second[np.ix_(order, order)]
    hessian[0, 1] += of_slope
    hessian[1, 0] += of_slope
    hessian[1, 1] -= of_bend
    hessian[2, 2] -= mass / a**2
    hessian[3, 3] += of_square
    return height, np.array([of_gap, of_fall, mass / a, -of_inverse]), hessian


def _picked(
    column: _Column, of_values: tuple[np.ndarray, ...], block: slice
) -> list[np.ndarray]:
    """What belongs to each number of a block, of what belongs to each value."""
    place = block if isinstance(column.place, slice) else column.place[block]
    return [numbers[place] for numbers in of_values]


def _in_logs(
    values: np.ndarray, height: float, gradient: np.ndarray, hessian: np.ndarray
) -> Curve:
    """Derivatives by the logarithms of the parameters, by the chain rule."""
    gradient = values * gradient
    return (
        float(height),
        gradient,
        np.outer(values, values) * hessian + np.diag(gradient),
    )
