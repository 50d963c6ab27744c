"""What a purchase of a customer is worth: Gamma-Gamma, or a shrunk mean.

Fader, Hardie and Lee (2005), RFM and CLV, Journal of Marketing Research 42(4);
Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln, psi, zeta

from perennial.clv.estimate import Estimate, from_logs
from perennial.clv.newton import Curve, climb
from perennial.clv.sums import dot
from perennial.clv.wording import counted

NAMES = ("p", "q", "v")
MIN_REPEATERS = 20
# Bounds of p and q outside of which no customers are known to be; q <= 1 has
# no mean at all.
LEAST_P, MOST = 0.01, 1000.0
# Means that differ by less than this part of themselves are the same.
SAME = 1e-9
LEAST_PRIOR, MOST_PRIOR = 0.1, 100.0
# The start is found on so many bins of ln(mean).
BINS = 64
STARTS = [(4.0, 3.0, 0.5), (1.0, 2.0, 1.0), (20.0, 6.0, 0.25)]


def fit_order_value(
    kind: np.ndarray,
    purchase_count: np.ndarray,
    mean_value: np.ndarray,
    customer_count: np.ndarray,
) -> Estimate:
    """Fit Gamma-Gamma to counted repeat buyers, or a mean to shrink to.

    Each argument (n,): kind `repeat` (purchase_count paid repeat purchases of
    mean_value each) or `first` (first purchases, for want of repeats), and
    how many customers are such. Status `gamma_gamma` (p, q, v), `shrunk_mean`
    (prior_purchases, population_mean) or `none`. Extra number:
    frequency_value_correlation, where there is one. Never raises for
    counts > 0 and values > 0; values are finite.
    """
    kind = np.asarray(kind, object)
    columns = [
        np.asarray(column, float)
        for column in (purchase_count, mean_value, customer_count)
    ]
    repeat = kind == "repeat"
    cells = _Cells.sort(*(column[repeat] for column in columns))
    if cells.customers == 0:
        return _first_mean(*(column[~repeat] for column in columns))
    extras = _correlation(cells)
    if cells.customers < MIN_REPEATERS:
        reason = (
            f"{counted(cells.customers, 'customer')} bought again for money,"
            f" fewer than {MIN_REPEATERS}"
        )
        return _shrunk_mean(cells, reason, extras)
    if np.ptp(cells.mean) <= SAME * cells.mean.max():
        return _shrunk_mean(cells, "All customers spend the same", extras)
    # In units of the mean spend, so that no currency is too small or large.
    scale = float(dot(cells.count, cells.mean) / cells.customers)
    place, (height, _, hessian) = _highest(cells.scaled(scale))
    p, q = np.exp(place[:2])
    place[2] += np.log(scale)
    height -= cells.customers * np.log(scale)
    known = from_logs(place, hessian)
    if q <= 1:
        return _shrunk_mean(cells, "Gamma-Gamma found no finite mean (q <= 1)", extras)
    if not (LEAST_P < p < MOST and q < MOST):
        return _shrunk_mean(cells, "Gamma-Gamma left its plausible bounds", extras)
    if known is None:
        reason = "The data do not determine the three parameters of Gamma-Gamma"
        return _shrunk_mean(cells, reason, extras)
    return Estimate(
        "gamma_gamma",
        "Gamma-Gamma, by maximum likelihood.",
        NAMES,
        *known,
        height,
        cells.customers,
        extras,
    )


@dataclass(frozen=True)
class _Cells:
    """Counted repeat buyers, sorted by their number of purchases."""

    purchases: np.ndarray
    mean: np.ndarray
    count: np.ndarray
    # Distinct numbers of purchases: where their cells begin, and which they
    # are; how many customers have each, and their sums of ln(mean).
    start: np.ndarray = field(init=False)
    kinds: np.ndarray = field(init=False)
    kind_count: np.ndarray = field(init=False)
    log_mean: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        start = np.flatnonzero(np.diff(self.purchases, prepend=-1.0))
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "kinds", self.purchases[start])
        object.__setattr__(self, "kind_count", self.sum(self.count))
        object.__setattr__(self, "log_mean", self.sum(self.count * np.log(self.mean)))

    @classmethod
    def sort(cls, purchases, mean, count) -> _Cells:
        """Sorted by purchases, then mean: of these no two cells are the same."""
        order = np.argsort(mean)
        # Small whole numbers sort in one pass.
        kind = purchases.astype(np.uint16)
        kind = kind if np.array_equal(kind, purchases) else purchases
        order = order[np.argsort(kind[order], kind="stable")]
        return cls(purchases[order], mean[order], count[order])

    @property
    def customers(self) -> int:
        return round(float(self.kind_count.sum()))

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        """Sums over the cells of each number of purchases."""
        return np.add.reduceat(numbers, self.start) if len(numbers) else numbers

    def scaled(self, scale: float) -> _Cells:
        return _Cells(self.purchases, self.mean / scale, self.count)

    def binned(self) -> _Cells:
        """Cells of like means put together: for the start only."""
        logs = np.log(self.mean)
        width = max(np.ptp(logs) / BINS, 1e-12)
        step = ((logs - logs.min()) / width).astype(np.int64)
        size = np.diff(self.start, append=len(logs))
        step += np.repeat(np.arange(len(size)) * (BINS + 1), size)
        count = np.bincount(step, self.count)
        used = np.flatnonzero(count)
        log_mean = np.bincount(step, self.count * logs)[used] / count[used]
        purchases = self.kinds[used // (BINS + 1)]
        return _Cells(purchases, np.exp(log_mean), count[used])


def _highest(cells: _Cells) -> tuple[np.ndarray, Curve]:
    """The maximum of the likelihood, in log (p, q, v)."""
    bins = cells.binned() if len(cells.count) > 40 * BINS else cells
    rough = []
    for start in STARTS:
        place, found = climb(lambda at: _curve(bins, at), np.log(start))
        rough.append((found[0], place, found))
    place, found = max(rough, key=lambda entry: entry[0])[1:]
    if bins is not cells:
        place, found = climb(lambda at: _curve(cells, at), place)
    return place.copy(), found


def _curve(cells: _Cells, place: np.ndarray) -> Curve:
    """Log likelihood in log (p, q, v), with derivatives.

    Fader and Hardie (2013), equation 1a, for the mean of x purchases.
    """
    p, q, v = values = np.exp(place)
    x, n = cells.kinds, cells.kind_count
    total = n.sum()
    spent = cells.purchases * cells.mean + v
    share = cells.count / spent
    # Sums over the customers of each number of purchases.
    log_mean = cells.log_mean
    log_spent = cells.sum(cells.count * np.log(spent))
    inverse, inverse_square = cells.sum(share), cells.sum(share / spent)
    px = p * x
    height = (
        n @ (gammaln(px + q) - gammaln(px) + px * np.log(x))
        + total * (q * np.log(v) - gammaln(q))
        + (px - 1) @ log_mean
        - (px + q) @ log_spent
    )
    rise = psi(px + q)
    gradient = np.array(
        [
            x @ (n * (rise - psi(px) + np.log(x)) + log_mean - log_spent),
            n @ rise + total * (np.log(v) - psi(q)) - log_spent.sum(),
            total * q / v - (px + q) @ inverse,
        ]
    )
    # Hurwitz's zeta function of 2 is the second derivative of ln Γ.
    bend = zeta(2, px + q)
    cross_pq = n @ (x * bend)
    cross_pv = -(x @ inverse)
    cross_qv = total / v - inverse.sum()
    hessian = np.array(
        [
            [n @ (x**2 * (bend - zeta(2, px))), cross_pq, cross_pv],
            [cross_pq, n @ bend - total * zeta(2, q), cross_qv],
            [cross_pv, cross_qv, -total * q / v**2 + (px + q) @ inverse_square],
        ]
    )
    gradient = values * gradient
    return (
        float(height),
        gradient,
        np.outer(values, values) * hessian + np.diag(gradient),
    )


def _correlation(cells: _Cells) -> dict[str, float]:
    """Pearson's correlation of purchases and mean value, where both vary."""
    n = cells.count / cells.count.sum()
    # Relative, so that squares neither overflow nor vanish.
    x = cells.purchases / dot(n, cells.purchases)
    m = cells.mean / dot(n, cells.mean)
    x, m = x - dot(n, x), m - dot(n, m)
    spread = np.sqrt(dot(n, x**2) * dot(n, m**2))
    if spread <= SAME:
        return {}
    return {"frequency_value_correlation": float(dot(n, x * m) / spread)}


def _shrunk_mean(cells: _Cells, reason: str, extras: dict[str, float]) -> Estimate:
    """A mean over all customers, and how many purchases it counts for."""
    prior = _prior_purchases(cells)
    # A customer's mean weighs by how much it tells of the customer's own level.
    weight = cells.count * cells.purchases / (cells.purchases + prior)
    share = weight / weight.sum()
    return _mean_estimate(
        f"{reason}; customers' means, shrunk to the mean of all.",
        prior,
        float(dot(share, cells.mean)),
        cells.customers,
        extras,
    )


def _prior_purchases(cells: _Cells) -> float:
    """Variance within customers over variance between them; 1 if untold.

    The squared distance of a mean of x purchases from the mean of all is
    between + within / x on average: a regression on 1 / x gives both.
    """
    if cells.customers < MIN_REPEATERS or len(cells.kinds) < 2:
        return 1.0
    n = cells.count / cells.count.sum()
    means = cells.mean / dot(n, cells.mean)
    squares = (means - dot(n, means)) ** 2
    inverse = 1 / cells.purchases
    lean = inverse - dot(n, inverse)
    within = dot(n, lean * squares) / dot(n, lean**2)
    between = dot(n, squares) - within * dot(n, inverse)
    if not (within > SAME**2 and between > SAME**2):
        return 1.0
    return float(np.clip(within / between, LEAST_PRIOR, MOST_PRIOR))


def _first_mean(purchases: np.ndarray, mean: np.ndarray, count: np.ndarray) -> Estimate:
    """The mean of first purchases, where nobody has paid twice."""
    customers = float(count.sum())
    if customers == 0:
        return Estimate("none", "No customer has a paid purchase of its own.")
    return _mean_estimate(
        "No customer bought again for money; the mean of first purchases.",
        1.0,
        float((count / customers) @ mean),
        round(customers),
        {},
    )


def _mean_estimate(
    reason: str, prior: float, mean: float, customers: int, extras: dict[str, float]
) -> Estimate:
    return Estimate(
        "shrunk_mean",
        reason,
        ("prior_purchases", "population_mean"),
        np.array([prior, mean]),
        np.full(2, np.nan),
        customers=customers,
        extras=extras,
    )
