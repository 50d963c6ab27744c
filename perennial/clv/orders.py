"""How often customers order, and whether they still do: BG/NBD and fallbacks.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing
Science 24(2). Customers count as cells of equal (frequency, recency, age).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln, polygamma, psi

from perennial.clv.estimate import Estimate, from_logs
from perennial.clv.newton import Curve, climb

MIN_REPEATERS = 20
# Dropout that lifts the log likelihood by less than this is not seen.
MIN_GAIN = 0.01
MIN_DROPOUT = 1e-4
# The start is found on at most about this many bins per axis of time.
BINS = 48
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
            f"{cells.repeaters} customers bought again, fewer than {MIN_REPEATERS}.",
        )
    if cells.age.max() <= 0:
        return _pooled_rate(cells, "No time has passed since the first purchases.")
    scale = float(cells.count @ cells.age / cells.customers)
    cells = cells.scaled(scale)
    nbd = _fit(cells, NBD, scale)
    bg_nbd = _fit(cells, BG_NBD, scale)
    return _choose(bg_nbd, nbd, cells.scaled(1 / scale))


def _choose(bg_nbd: _Fit, nbd: _Fit, cells: _Cells) -> Estimate:
    """The first model of the ladder that the data support."""
    dropout = bg_nbd.values[2] / (bg_nbd.values[2] + bg_nbd.values[3])
    if bg_nbd.height - nbd.height <= MIN_GAIN or dropout < MIN_DROPOUT:
        doubt = (
            "No dropout is seen in these data, so whether a customer is still"
            " alive can't be told"
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
    purchases = float(cells.count @ cells.frequency)
    days = float(cells.count @ cells.age)
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
class _Cells:
    """Counted cells, sorted; with what does not depend on parameters."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    count: np.ndarray
    # The distinct frequencies, and how many customers have each.
    kinds: np.ndarray = field(init=False)
    kind_count: np.ndarray = field(init=False)
    # Cells with a repeat purchase come last, from here on.
    first_repeat: int = field(init=False)

    def __post_init__(self) -> None:
        kinds, place = np.unique(self.frequency, return_inverse=True)
        object.__setattr__(self, "kinds", kinds)
        object.__setattr__(self, "kind_count", np.bincount(place, self.count))
        object.__setattr__(
            self, "first_repeat", int(np.searchsorted(self.frequency, 0.5))
        )

    @classmethod
    def sort(cls, frequency, recency, age, count) -> _Cells:
        columns = [np.asarray(c, float) for c in (frequency, recency, age, count)]
        order = np.lexsort(columns[::-1][1:])
        return cls(*(column[order] for column in columns))

    @property
    def customers(self) -> int:
        return round(float(self.count.sum()))

    @property
    def repeaters(self) -> int:
        return round(float(self.count[self.first_repeat :].sum()))

    def scaled(self, days: float) -> _Cells:
        """The same with times in units of that many days."""
        return _Cells(self.frequency, self.recency / days, self.age / days, self.count)

    def binned(self) -> _Cells:
        """Cells of like times put together, each at its mean: for the start."""
        width = self.age.max() / BINS
        key = np.rint(self.frequency).astype(np.int64)
        for time in (self.age, self.recency):
            key = key * (BINS + 1) + (time / width).astype(np.int64)
        _, place = np.unique(key, return_inverse=True)
        count = np.bincount(place, self.count)
        means = (
            np.bincount(place, self.count * column) / count
            for column in (self.frequency, self.recency, self.age)
        )
        return _Cells.sort(*means, count)


def _fit(cells: _Cells, names: tuple[str, ...], scale: float) -> _Fit:
    """The maximum over these parameters; times are in units of `scale` days."""
    size = len(names)
    curve = _bg_nbd_curve if size == 4 else _nbd_curve
    bins = cells.binned() if len(cells.count) > 4 * BINS**2 else cells
    rate = float(cells.count @ cells.frequency / (cells.count @ cells.age))
    rough = []
    for r, ease, *dropout in STARTS:
        start = np.log([r, ease * r / rate, *dropout][:size])
        place, found = climb(lambda at: curve(bins, at), start)
        rough.append((found[0], place, found))
    place, found = max(rough, key=lambda entry: entry[0])[1:]
    if bins is not cells:
        place, found = climb(lambda at: curve(cells, at), place)
    height, _, hessian = found
    place = place.copy()
    place[1] += np.log(scale)
    # Times enter as densities: their unit is in the log likelihood.
    height -= float(cells.count @ cells.frequency) * np.log(scale)
    known = from_logs(place, hessian)
    errors = None if known is None else known[1:]
    return _Fit(names, np.exp(place), height, errors)


def _nbd_curve(cells: _Cells, place: np.ndarray) -> Curve:
    """Log likelihood of NBD, in log r and log alpha, with derivatives."""
    r, alpha = np.exp(place)
    x, n = cells.frequency, cells.count
    late = alpha + cells.age
    total = n.sum()
    log_late, shape = np.log(late), r + x
    share = n / late
    value = _rises(cells, r)[0] + total * r * np.log(alpha) - _dot(n * shape, log_late)
    gradient = np.array(
        [
            _rises(cells, r)[1] + total * np.log(alpha) - _dot(n, log_late),
            total * r / alpha - _dot(share, shape),
        ]
    )
    cross = total / alpha - share.sum()
    hessian = np.array(
        [
            [_rises(cells, r)[2], cross],
            [cross, -total * r / alpha**2 + _dot(share / late, shape)],
        ]
    )
    return _in_logs(np.array([r, alpha]), value, gradient, hessian)


def _rises(cells: _Cells, start: float) -> tuple[float, float, float]:
    """Sum of ln Γ(start + x) - ln Γ(start), with two derivatives."""
    x, n = cells.kinds, cells.kind_count
    return (
        float(n @ (gammaln(start + x) - gammaln(start))),
        float(n @ (psi(start + x) - psi(start))),
        float(n @ (polygamma(1, start + x) - polygamma(1, start))),
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

    tail = slice(cells.first_repeat, None)
    x, n = cells.frequency[tail], cells.count[tail]
    late, early = alpha + cells.age[tail], alpha + cells.recency[tail]
    shape, before = r + x, b + x - 1
    gap = np.log(late / early)
    u = np.log(a / before) + shape * gap
    small = np.exp(-np.abs(u))
    value += _dot(n, np.maximum(u, 0) + np.log1p(small))
    gone = n * np.where(u >= 0, 1, small) / (1 + small)
    slope = 1 / late - 1 / early
    slopes = np.stack([gap, shape * slope, np.full_like(x, 1 / a), -1 / before])
    gradient += _dot(slopes, gone)
    torn = gone * np.where(u >= 0, small, 1) / (1 + small)
    hessian += np.array([_dot(slopes, torn * row) for row in slopes])
    bend = _dot(gone, slope)
    hessian[0, 1] += bend
    hessian[1, 0] += bend
    hessian[1, 1] += _dot(gone, -slope * (1 / late + 1 / early) * shape)
    hessian[2, 2] -= float(gone.sum()) / a**2
    hessian[3, 3] += _dot(gone, before**-2.0)
    return _in_logs(np.array([r, alpha, a, b]), value, gradient, hessian)


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sums of products along the last axis, the same on any machine.

    Not `@`: on long rows its threads add in an order of their own, and wait
    for each other at more cost than the sum has.
    """
    return np.einsum("...n,n->...", left, right)


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
