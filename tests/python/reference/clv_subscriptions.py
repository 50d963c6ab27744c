"""What running subscriptions will still bring: one future renewal at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from .clv_purchases import DAYS_PER_MONTH
from .clv_renewals import Curve, Group, NumberedTerm, curve_of
from .policies import Policies
from .revenue import Payment
from .subscriptions import billed_on, mrr_on
from .terms import boundary

# A renewal on the last day of the horizon is within it.
NEARLY_NOTHING = 1e-9


@dataclass(frozen=True)
class Renewal:
    """One that may come, seen from the cut."""

    days_ahead: float
    probability: float
    predictive_probability: float


@dataclass(frozen=True)
class Residual:
    """A subscription that runs on the cut, and its renewals to come."""

    term: NumberedTerm
    method: str
    price: float
    margin_rate: float
    annual_discount_rate: float
    curve_group: Group
    renewals: list[Renewal]
    dates_ahead: int

    def worth(self, one: Renewal) -> float:
        """What the renewal brings if it happens, as of the cut."""
        years = one.days_ahead / 365
        discount = (1 + self.annual_discount_rate) ** -years
        return self.price * self.margin_rate * discount

    def within(self, days: float) -> Iterator[Renewal]:
        limit = days + NEARLY_NOTHING
        return (one for one in self.renewals if one.days_ahead <= limit)

    def value(self, days: float) -> float:
        return sum(one.probability * self.worth(one) for one in self.within(days))

    def likely_value(self, days: float, probability: float) -> float:
        """Of the renewals that are more likely than this."""
        return sum(
            self.worth(one)
            for one in self.within(days)
            if one.predictive_probability > probability
        )

    def expected_renewals(self, days: float) -> float:
        return sum(one.probability for one in self.within(days))


def subscription_margins(
    payments: Iterable[Payment], policies: Policies
) -> dict[str, float]:
    """By customer the margin of what its subscriptions brought so far."""
    revenue: dict[str, float] = defaultdict(float)
    margin: dict[str, float] = defaultdict(float)
    for payment in payments:
        if payment.road != "orders":
            revenue[payment.customer_key] += float(payment.revenue)
            margin[payment.customer_key] += float(payment.margin)
    usual = float(policies.subscription_margin)
    rates: dict[str, float] = defaultdict(lambda: usual)
    for customer, earned in revenue.items():
        if earned > 0:
            rates[customer] = max(0.0, margin[customer] / earned)
    return rates


def residuals(
    terms: list[NumberedTerm],
    cut: date,
    longest_days: float,
    known: dict[Group, Curve],
    margins: dict[str, float],
    is_now: bool,
    policies: Policies,
) -> list[Residual]:
    found = []
    for term in terms:
        if not (term.start <= cut < term.end and mrr_on(term.sub, cut) > 0):
            continue
        curve, method = curve_of(term, known)
        asked = term.sub.cancel_requested
        has_end = is_now and term.sub.end is not None
        ends_open = asked is not None and asked <= cut and not has_end
        days = [] if ends_open else renewal_days(term, cut, longest_days, is_now)
        residual = Residual(
            term,
            method,
            float(billed_on(term.sub, cut)),
            margins[term.sub.customer_key],
            float(policies.annual_discount_rate),
            (term.run_plan if method == "sbg_plan" else "all", term.term_name),
            list(renewals(term, days, curve)) if curve else [],
            len(days),
        )
        found.append(residual)
    return found


def renewal_days(
    term: NumberedTerm, cut: date, longest_days: float, is_now: bool
) -> list[float]:
    """In how many days the term is renewed, and each one after it."""
    interval = (term.row["billing_interval"], term.count)
    end = term.end
    # On an earlier day nobody knew that the term would be broken off.
    if not is_now and term.row["renewal_status"] in ("lost", "replaced"):
        end = max(end, boundary(term.start, interval, 1))
    first, days = (end - cut).days, []
    while first + len(days) * term.length_days <= longest_days + NEARLY_NOTHING:
        # Today's plans are known today; on an earlier day they were not. Whether
        # the plan leaves room for one more is told by the calendar.
        falls_on = boundary(term.end, interval, len(days))
        if is_now and term.sub.end and falls_on >= term.sub.end:
            break
        days.append(first + len(days) * term.length_days)
    return days


def renewals(term: NumberedTerm, days: list[float], curve: Curve) -> Iterator[Renewal]:
    made = term.renewal_number - 1
    so_far, likely_so_far = curve.rate(made), curve.predictive_rate(made)
    for number, ahead in enumerate(days, start=1):
        rate, likely = curve.rate(made + number), curve.predictive_rate(made + number)
        yield Renewal(
            ahead,
            rate / so_far if so_far else 0.0,
            likely / likely_so_far if likely_so_far else 0.0,
        )


def months(count: int) -> float:
    """In days."""
    return count * DAYS_PER_MONTH
