"""Customers for the tests of lifetime value: CDNOW's and simulated ones."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.metadata import files

import numpy as np

CUT = date(1997, 9, 30)
WEEKS_39 = 273


def cdnow_purchases() -> dict[str, list[tuple[date, float]]]:
    """Days and dollars of the CDNOW sample's 2,357 customers, by the day."""
    raw = next(file for file in files("lifetimes") if file.name == "CDNOW_sample.txt")
    days: dict[str, dict[date, float]] = {}
    for line in raw.read_text().splitlines():
        customer, _, day, _, dollars = line.split()
        day = date.fromisoformat(day)
        of_customer = days.setdefault(customer, {})
        of_customer[day] = of_customer.get(day, 0.0) + float(dollars)
    return {customer: sorted(spent.items()) for customer, spent in days.items()}


def cdnow_summary() -> dict[str, np.ndarray]:
    """One entry per customer: the first 39 weeks, and purchases in the next 39."""
    rows = []
    for purchases in cdnow_purchases().values():
        seen = [(day, spent) for day, spent in purchases if day <= CUT]
        end = CUT + timedelta(days=WEEKS_39)
        later = [day for day, _ in purchases if CUT < day <= end]
        first, last = seen[0][0], seen[-1][0]
        rows.append(
            (
                len(seen) - 1,
                (last - first).days,
                (CUT - first).days,
                sum(spent for _, spent in seen[1:]) / max(len(seen) - 1, 1),
                len(later),
            )
        )
    names = ("frequency", "recency", "age", "mean_value", "later")
    return dict(zip(names, np.array(rows, float).T, strict=True))


def simulate(
    customers: int,
    rng: np.random.Generator,
    r: float,
    alpha: float,
    a: float,
    b: float,
    days: float,
    *,
    whole_days: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency, recency and age of customers who live as BG/NBD assumes.

    Each has a rate from Gamma(r, alpha) and a chance p from Beta(a, b) of
    dropping out after each repeat purchase; firsts come evenly over `days`.
    """
    age = rng.uniform(0, days, customers)
    age = np.floor(age) if whole_days else age
    rate, dropout = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    frequency, recency, clock = (np.zeros(customers) for _ in range(3))
    alive = np.arange(customers)
    while len(alive):
        wait = rng.exponential(1, len(alive)) / np.maximum(rate[alive], 1e-300)
        clock[alive] += np.ceil(wait) if whole_days else wait
        alive = alive[clock[alive] <= age[alive]]
        frequency[alive] += 1
        recency[alive] = clock[alive]
        alive = alive[rng.random(len(alive)) >= dropout[alive]]
    return frequency, recency, age


def simulate_values(
    frequency: np.ndarray, rng: np.random.Generator, p: float, q: float, v: float
) -> np.ndarray:
    """Mean value of each one's repeat purchases as Gamma-Gamma has it, or 0."""
    scale = rng.gamma(q, 1 / v, len(frequency))
    repeats = np.maximum(frequency, 1)
    return np.where(frequency > 0, rng.gamma(p * repeats) / (scale * repeats), 0.0)
