"""How long subscriptions are renewed: Kaplan-Meier, and sBG beyond it.

Fader and Hardie (2007), How to Project Customer Retention, Journal of
Interactive Marketing 21(1): each subscription is lost at a renewal with a
probability of its own, beta distributed over all of them (alpha, beta).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from .clv_likelihood import Logs, Model, maximise
from .clv_purchases import DAYS_PER_MONTH
from .inputs import Row
from .subscriptions import Subscription, values_on
from .terms import DAYS, MONTHS

CAME_DUE = ("renewed", "late", "lost")
# What a plan needs for a curve of its own.
LEAST_STARTS = 100
LEAST_RENEWALS = 3
# What a renewal number needs to be told by what was observed.
LEAST_DUE = 30
LEAST_GAIN = 0.01
WIDEST_GAP = 0.05

Group = tuple[str, str]


@dataclass
class NumberedTerm:
    """A term, and the how manyth of its run it is; the first one is number 1."""

    sub: Subscription
    row: Row
    count: int
    run_start: date
    run_plan: str
    run_number: int
    renewal_number: int

    @property
    def start(self) -> date:
        return self.row["term_start_date"]

    @property
    def end(self) -> date:
        return self.row["term_end_date"]

    @property
    def status(self) -> str:
        return self.row["renewal_status"]

    @property
    def term_name(self) -> str:
        interval = self.row["billing_interval"]
        return interval if self.count == 1 else f"{self.count} {interval}"

    @property
    def length_days(self) -> float:
        return term_length(self.row["billing_interval"], self.count)

    @property
    def groups(self) -> list[Group]:
        return [("all", self.term_name), (self.run_plan, self.term_name)]


def term_length(interval: str, count: int) -> float:
    if interval in DAYS:
        return float(DAYS[interval] * count)
    return MONTHS[interval] * count * 365 / 12


def numbered_terms(
    subs: list[Subscription], term_rows: list[Row], grace_days: int
) -> list[NumberedTerm]:
    """A run ends where a term is lost or the length of the terms changes.

    It also ends where another subscription renewed the term, and this one comes
    back when the days of grace are over.
    """
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in term_rows:
        by_id[row["subscription_id"]].append(row)
    found = []
    for sub in subs:
        before: NumberedTerm | None = None
        rows = by_id[sub.subscription_id]
        for row in sorted(rows, key=lambda row: row["term_number"]):
            before = numbered(sub, row, before, grace_days)
            found.append(before)
    return found


def numbered(
    sub: Subscription, row: Row, before: NumberedTerm | None, grace_days: int
) -> NumberedTerm:
    start = row["term_start_date"]
    values = values_on(sub, start)
    count = int(values["billing_interval_count"])
    goes_on = (
        before is not None
        and before.status in ("renewed", "late")
        and before.row["billing_interval"] == row["billing_interval"]
        and before.count == count
        and (start - before.end).days <= grace_days
    )
    if goes_on:
        return NumberedTerm(
            *(sub, row, count, before.run_start, before.run_plan),
            *(before.run_number, before.renewal_number + 1),
        )
    number = before.run_number + 1 if before else 1
    plan = values["plan_id"] or "unknown"
    return NumberedTerm(sub, row, count, start, plan, number, 1)


@dataclass
class Tenures:
    """The renewals of one group, by how manyth they were."""

    length_days: float
    starts: int = 0
    due: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lost: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def all_due(self) -> int:
        return sum(self.due.values())

    @property
    def all_lost(self) -> int:
        return sum(self.lost.values())


def tenures(terms: list[NumberedTerm], cut: date) -> dict[Group, Tenures]:
    found: dict[Group, Tenures] = {}
    for term in terms:
        for group in term.groups:
            own = found.setdefault(group, Tenures(term.length_days))
            own.starts += term.renewal_number == 1 and term.start <= cut
            if term.end <= cut and term.status in CAME_DUE:
                own.due[term.renewal_number] += 1
                own.lost[term.renewal_number] += term.status == "lost"
    return {group: own for group, own in found.items() if own.starts}


@dataclass
class Curve:
    """Survival of one group by renewals made."""

    model: Model
    observed: list[float]
    known: dict[tuple[str, int], float] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.model.name

    def rate(self, k: int) -> float:
        return self.remembered("likeliest", [self.model.parameters], k)

    def predictive_rate(self, k: int) -> float:
        return self.remembered("predictive", predictive_points(self.model), k)

    def remembered(self, name: str, points: list[dict[str, float]], k: int) -> float:
        if (name, k) not in self.known:
            self.known[name, k] = self.survival(points, k)
        return self.known[name, k]

    def survival(self, points: list[dict[str, float]], k: int) -> float:
        """What was observed as far as it goes, then what the model adds to it."""
        last = len(self.observed) - 1
        if k <= last:
            return self.observed[k]
        known = fitted(points, last)
        return self.observed[last] * fitted(points, k) / known if known else 0.0


def fitted(points: list[dict[str, float]], k: int) -> float:
    """The model's own survival of k renewals, the mean over parameters."""
    return float(np.mean([survived(one, k) for one in points]))


def survived(parameters: dict[str, float], k: int) -> float:
    if "churn" in parameters:
        return (1 - parameters["churn"]) ** k
    alpha, beta = parameters["alpha"], parameters["beta"]
    return math.prod((beta + j) / (alpha + beta + j) for j in range(k))


def predictive_points(model: Model) -> list[dict[str, float]]:
    """What the parameters may be; of a constant churn the whole beta law.

    With so many due the churn is known up to Beta(lost + 1/2, kept + 1/2), whose
    mean survival is that of sBG with these parameters.
    """
    if model.name != "constant_churn":
        return model.points()
    churn, seen = model["churn"], model.certainty
    return [{"alpha": churn * seen, "beta": (1 - churn) * seen}]


def kaplan_meier(own: Tenures, least_due: int = LEAST_DUE) -> list[float]:
    """From renewal 0 to the last one up to which enough came due."""
    rates = [1.0]
    while own.due.get(len(rates), 0) >= least_due:
        number = len(rates)
        rates.append(rates[-1] * (1 - own.lost[number] / own.due[number]))
    return rates


def fit_sbg(due: dict[int, int], lost: dict[int, int], starts: int) -> Model | None:
    """None where there is no inner optimum, or one that is not sharp."""
    numbers = [number for number in sorted(due) if due[number]]
    if not numbers:
        return None
    k = np.array(numbers, dtype=float)
    came = np.array([due[number] for number in numbers], dtype=float)
    went = np.array([lost.get(number, 0) for number in numbers], dtype=float)

    def log_likelihood(logs: Logs) -> complex:
        alpha, beta = np.exp(logs)
        whole = np.log(alpha + beta + k - 1)
        stayed = np.log(beta + k - 1)
        return np.sum(went * np.log(alpha) + (came - went) * stayed - came * whole)

    if len(numbers) < 2 or not 0 < np.sum(went) < np.sum(came):
        return None
    best = maximise(log_likelihood, [[1, 1], [0.5, 4], [3, 30]])
    # No better than one churn for all renewals: its optimum is at no spread.
    constant = log_likelihood_of(float(np.sum(went)), float(np.sum(came)))
    if best.log_likelihood < constant + LEAST_GAIN:
        return None
    return best.model("sbg", ("alpha", "beta"), starts)


def log_likelihood_of(lost: float, due: float) -> float:
    """Of one churn for all, at its most likely value."""
    shares = ((lost, lost / due), (due - lost, 1 - lost / due))
    return sum(count * math.log(share) for count, share in shares if count)


def is_near(model: Model, own: Tenures) -> bool:
    """Enough came due to see it, and nowhere is it far from what was observed."""
    observed = kaplan_meier(own, least_due=1)
    gaps = [
        abs(observed[k] - survived(model.parameters, k))
        for k, due in own.due.items()
        if due >= LEAST_DUE and k < len(observed)
    ]
    return bool(gaps) and max(gaps) <= WIDEST_GAP


def curves(found: dict[Group, Tenures]) -> dict[Group, Curve]:
    """A curve for each length of terms, and for each plan that has its own."""
    fits = dict(models(found))
    return {
        group: Curve(model, kaplan_meier(found[group]))
        for group, model in fits.items()
        if model.name in ("sbg", "constant_churn")
    }


def models(found: dict[Group, Tenures]) -> Iterator[tuple[Group, Model]]:
    for group, own in sorted(found.items()):
        is_whole = group[0] == "all"
        is_enough = own.starts >= LEAST_STARTS and own.due.get(LEAST_RENEWALS, 0)
        model = None
        if is_whole or is_enough:
            model = fit_sbg(own.due, own.lost, own.starts)
        if model and is_near(model, own):
            yield group, model
        elif is_whole:
            yield group, constant_churn(own, found)
        else:
            yield group, Model("too_few", customers=own.starts)


def constant_churn(own: Tenures, found: dict[Group, Tenures]) -> Model:
    if own.all_due:
        churn, seen = smoothed(own), own.all_due + 1
        kept = own.all_due - own.all_lost
        height = own.all_lost * math.log(churn) + kept * math.log(1 - churn)
        return churning(churn, seen, own, height)
    whole = [one for (plan, _), one in found.items() if plan == "all" and one.all_due]
    due = sum(one.all_due for one in whole)
    if not due:
        return Model("none", customers=own.starts)
    # The mean hazard of a month, over all months that ended in a renewal due.
    hazards = sum(-one.all_due * math.log(1 - smoothed(one)) for one in whole)
    months = sum(one.all_due * one.length_days for one in whole) / DAYS_PER_MONTH
    churn = 1 - math.exp(-hazards / months * own.length_days / DAYS_PER_MONTH)
    return churning(churn, due + 1, own, None)


def smoothed(own: Tenures) -> float:
    """Lost by due, with half a loss in one renewal more."""
    return (own.all_lost + 0.5) / (own.all_due + 1)


def churning(churn: float, seen: int, own: Tenures, height: float | None) -> Model:
    error = math.sqrt(churn * (1 - churn) / (seen + 1))
    return Model(
        "constant_churn",
        {"churn": churn},
        {"churn": error},
        height,
        customers=own.starts,
        certainty=seen,
    )


def curve_of(term: NumberedTerm, known: dict[Group, Curve]) -> tuple[Curve | None, str]:
    """The plan's own if it has one, and how the method is called."""
    own = known.get((term.run_plan, term.term_name))
    if own and term.run_plan != "all":
        return own, "sbg_plan"
    shared = known.get(("all", term.term_name))
    return shared, shared.method if shared else "none"


def fitted_survival(rows: list[Row], fits: dict[Group, Model]) -> list[Row]:
    """The survival mart with the model's curve beside the observed one."""
    return [row | {"fitted_survival_rate": fitted_rate(row, fits)} for row in rows]


def fitted_rate(row: dict[str, Any], fits: dict[Group, Model]) -> float | None:
    interval, months = row["billing_interval"], row["tenure_months"]
    model = fits.get((row["plan_id"], interval))
    if model is None or model.name != "sbg":
        return None
    if interval in DAYS:
        made = months * 365 // (12 * DAYS[interval])
    else:
        made = months // MONTHS[interval]
    return survived(model.parameters, made)
