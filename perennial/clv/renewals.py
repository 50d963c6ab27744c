"""How many renewals a subscription will make: the shifted beta-geometric.

Fader and Hardie (2007), "How to project customer retention", Journal of
Interactive Marketing 21(1). Each run of terms has a churn probability of its
own, the same at every renewal, drawn from Beta(alpha, beta). Of those due at
renewal k the share lost is then alpha / (alpha + beta + k - 1) (equation 7
there: one minus the retention rate), so the likelihood of counts is binomial,
renewal by renewal, and runs that are still open need no treatment: they are
in `due` as often as they came due.

The ladder of one group:

| status | when |
|---|---|
| `sbg` | the optimum lies inside, and stands near Kaplan-Meier |
| `constant_churn` | a group of all plans for which sbg does not hold |
| `too_few` | a plan for which sbg does not hold: it uses all plans' curve |
| `none` | nothing has come due in any group: there is no rate to use |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.optimize import minimize
from scipy.special import xlogy

from perennial.clv.estimate import Estimate
from perennial.clv.wording import counted

ALL_PLANS = "all"
LEAST_STARTS_OF_A_PLAN = 100
LEAST_RENEWALS_OF_A_PLAN = 3
# A share of fewer than 30 moves by more than the gate for one renewal.
LEAST_DUE_TO_COMPARE = 30
LARGEST_GAP = 0.05
LARGEST_LOG_ERROR = 3.0
LEAST_GAIN = 0.01
# Beyond these the curve is constant churn, or all or nothing, to 4 digits.
LOG_BOUNDS = (-9.0, 11.0)
STARTS = (0.3, 3.0, 30.0, 1000.0)
DAYS_PER_MONTH = 365 / 12
# SQL divides by the survival of the renewals made: it must not underflow to 0.
LEAST_SURVIVAL = 1e-300


@dataclass(frozen=True)
class FittedRenewals:
    """The renewals of one group: a plan, or all plans, and one length of term.

    `survival[k]` is the share expected to make renewals 1 to k, by the
    estimate; `predictive_survival[k]` the same averaged over what the
    parameters may be. Both have shape (K + 1,), begin at 1 and never rise;
    both are empty with status `too_few` and `none`.
    """

    plan_id: str
    term_name: str
    estimate: Estimate
    survival: np.ndarray
    predictive_survival: np.ndarray


@dataclass(frozen=True)
class _Group:
    """The counts of one group, sorted by renewal number; nothing due left out."""

    plan_id: str
    term_name: str
    number: np.ndarray
    due: np.ndarray
    lost: np.ndarray
    starts: int
    term_length_days: float

    @property
    def is_all(self) -> bool:
        return self.plan_id == ALL_PLANS


def fit_renewals(
    plan_id: Sequence[str],
    term_name: Sequence[str],
    renewal_number: Sequence[int],
    due: Sequence[int],
    lost: Sequence[int],
    starts: Sequence[int],
    term_length_days: Sequence[float],
    lifetime_days: float,
) -> list[FittedRenewals]:
    """Fit every group of one cut; the groups come sorted by term and plan.

    The arguments but the last have one entry per group (plan_id, term_name)
    and renewal_number: how many runs were due at that renewal and how many of
    them were lost; `starts`, the runs begun, is the same on every row of a
    group. Rows with due = 0 only say that the group exists. `lifetime_days`
    is how far beyond the longest run the curves have to reach.
    """
    groups = _grouped(
        plan_id, term_name, renewal_number, due, lost, starts, term_length_days
    )
    rate = _monthly_hazard([group for group in groups if group.is_all])
    return [_fit_group(group, rate, lifetime_days) for group in groups]


def sbg_log_likelihood(
    alpha: float, beta: float, number: np.ndarray, due: np.ndarray, lost: np.ndarray
) -> float:
    """Return the log likelihood of counts per renewal number, all of shape (n,).

    Equation 6 of Fader and Hardie (2007) rearranged by renewal: sums of
    ln P(T = t) over the lost and ln S over the others.
    """
    kept = due - lost
    return float(
        np.sum(
            xlogy(lost, alpha)
            + xlogy(kept, beta + number - 1)
            - xlogy(due, alpha + beta + number - 1)
        )
    )


def sbg_survival(alpha: float, beta: float, last: int) -> np.ndarray:
    """Return S(0) to S(last), shape (last + 1,): equation 7, multiplied up."""
    number = np.arange(1, last + 1)
    log_kept = np.log1p(-alpha / (alpha + beta + number - 1))
    log_survival = np.concatenate([[0.0], np.cumsum(log_kept)])
    return np.exp(np.maximum(log_survival, np.log(LEAST_SURVIVAL)))


def kaplan_meier(number: np.ndarray, due: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Return the observed survival after each renewal number, shape (n,)."""
    order = np.argsort(number)
    observed = np.empty(len(number))
    observed[order] = np.cumprod(1 - lost[order] / due[order])
    return observed


def _grouped(
    plan_id: Sequence[str],
    term_name: Sequence[str],
    renewal_number: Sequence[int],
    due: Sequence[int],
    lost: Sequence[int],
    starts: Sequence[int],
    term_length_days: Sequence[float],
) -> list[_Group]:
    columns = [
        np.asarray(column, dtype=float)
        for column in (renewal_number, due, lost, starts, term_length_days)
    ]
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(term_name, plan_id, strict=True)):
        rows_of.setdefault((str(key[0]), str(key[1])), []).append(row)
    groups = []
    for (term, plan), rows in sorted(rows_of.items()):
        number, due_, lost_, starts_, length = (column[rows] for column in columns)
        order = np.argsort(number)
        order = order[due_[order] > 0]
        groups.append(
            _Group(
                plan_id=plan,
                term_name=term,
                number=number[order],
                due=due_[order],
                lost=lost_[order],
                starts=int(starts_.max()),
                term_length_days=max(float(length.min()), 1.0),
            )
        )
    return groups


def _fit_group(
    group: _Group, monthly_hazard: tuple[float, float] | None, lifetime_days: float
) -> FittedRenewals:
    last = ceil(max(lifetime_days, 0.0) / group.term_length_days) + 2
    last += int(group.number.max(initial=0))
    if (estimate := _fit_sbg(group)).status == "sbg":
        survival = sbg_survival(*estimate.values, last)
        predictive = np.mean(
            [sbg_survival(*point, last) for point in estimate.points()], axis=0
        )
        return _fitted(group, estimate, survival, predictive)
    if group.is_all:
        estimate, certainty = _constant_churn(group, monthly_hazard, estimate.reason)
    if estimate.status != "constant_churn":
        return _fitted(group, estimate, np.empty(0), np.empty(0))
    churn = estimate["churn"]
    log_survival = np.log1p(-churn) * np.arange(last + 1)
    survival = np.exp(np.maximum(log_survival, np.log(LEAST_SURVIVAL)))
    # A churn known up to Beta(a, b) has the survival of sbg with these.
    predictive = sbg_survival(churn * certainty, (1 - churn) * certainty, last)
    return _fitted(group, estimate, survival, predictive)


def _fitted(
    group: _Group, estimate: Estimate, survival: np.ndarray, predictive: np.ndarray
) -> FittedRenewals:
    return FittedRenewals(
        group.plan_id, group.term_name, estimate, survival, predictive
    )


def _fit_sbg(group: _Group) -> Estimate:
    """Return status sbg, or too_few with the reason why not."""
    if reason := _why_not_to_try(group):
        return _without_parameters(group, "too_few", reason)
    theta = _maximise(group)
    log_likelihood = sbg_log_likelihood(
        *np.exp(theta), group.number, group.due, group.lost
    )
    due, lost = group.due.sum(), group.lost.sum()
    constant = xlogy(lost, lost / due) + xlogy(due - lost, 1 - lost / due)
    is_inside = np.all((theta > LOG_BOUNDS[0] + 0.01) & (theta < LOG_BOUNDS[1] - 0.01))
    if not is_inside or log_likelihood < constant + LEAST_GAIN:
        return _without_parameters(
            group,
            "too_few",
            "The renewals show no falling churn: the shifted beta-geometric has "
            "its optimum at the boundary.",
        )
    gradient, hessian = _derivatives(theta, group)
    covariance = _inverse(-hessian)
    if covariance is None or np.abs(gradient).max() > 1e-4 * due:
        return _without_parameters(
            group, "too_few", "The Hessian of the shifted beta-geometric is singular."
        )
    log_errors = np.sqrt(np.diag(covariance))
    if log_errors.max() > LARGEST_LOG_ERROR:
        return _without_parameters(
            group,
            "too_few",
            "The renewals hardly tell the parameters of the shifted "
            f"beta-geometric: a standard error of {log_errors.max():.1f} in "
            "logarithms.",
        )
    values = np.exp(theta)
    gap, at = _largest_gap(values, group)
    said = (
        f"largest gap to Kaplan-Meier {gap:.3f}, at renewal {at}; allowed {LARGEST_GAP}"
    )
    if gap > LARGEST_GAP:
        return _without_parameters(
            group, "too_few", f"The shifted beta-geometric does not fit: {said}."
        )
    return Estimate(
        status="sbg",
        reason=(
            f"Fitted on {counted(due, 'renewal')} due, {lost:.0f} of them lost: {said}."
        ),
        names=("alpha", "beta"),
        values=values,
        standard_errors=values * log_errors,
        log_covariance=covariance,
        log_likelihood=log_likelihood,
        customers=group.starts,
    )


def _why_not_to_try(group: _Group) -> str:
    """Return why the data cannot carry two parameters, '' if they can."""
    furthest = int(group.number.max(initial=0))
    if not group.is_all and group.starts < LEAST_STARTS_OF_A_PLAN:
        return (
            f"{counted(group.starts, 'run')} begun on this plan; "
            f"a curve of its own needs {LEAST_STARTS_OF_A_PLAN}."
        )
    if not group.is_all and furthest < LEAST_RENEWALS_OF_A_PLAN:
        return (
            f"No run of this plan has come due for renewal "
            f"{LEAST_RENEWALS_OF_A_PLAN}; a curve of its own needs one."
        )
    if len(group.number) == 0:
        return "No renewal has come due in this group."
    if group.due.max() < LEAST_DUE_TO_COMPARE:
        return (
            f"At most {counted(group.due.max(), 'run')} came due at any one renewal; "
            f"the fit needs {LEAST_DUE_TO_COMPARE} to be checked."
        )
    if len(group.number) == 1:
        return f"Only renewal {furthest} has come due: how churn changes is unseen."
    if group.lost.sum() == 0:
        return "No run has been lost at a renewal so far."
    if (group.lost == group.due).all():
        return "Every run was lost when it came due."
    return ""


def _maximise(group: _Group) -> np.ndarray:
    """Return the optimum (ln alpha, ln beta): a search in a box, then Newton."""

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value = sbg_log_likelihood(*np.exp(theta), group.number, group.due, group.lost)
        return -value / scale, -_derivatives(theta, group)[0] / scale

    scale = group.due.sum()
    churn = (group.lost.sum() + 0.5) / (scale + 1)
    best = min(
        (
            minimize(
                objective,
                np.clip(np.log([churn * size, (1 - churn) * size]), *LOG_BOUNDS),
                jac=True,
                method="L-BFGS-B",
                bounds=[LOG_BOUNDS, LOG_BOUNDS],
                options={"ftol": 1e-14, "gtol": 1e-10},
            )
            for size in STARTS
        ),
        key=lambda result: result.fun,
    )
    theta, value = best.x, best.fun
    for _ in range(20):
        gradient, hessian = _derivatives(theta, group)
        covariance = _inverse(-hessian)
        if covariance is None:
            break
        step = covariance @ gradient
        there = np.clip(theta + step, *LOG_BOUNDS)
        if not (objective(there)[0] <= value):
            break
        theta, value = there, objective(there)[0]
        if np.abs(step).max() < 1e-10:
            break
    return theta


def _derivatives(theta: np.ndarray, group: _Group) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (2,) and Hessian (2, 2) in (ln alpha, ln beta)."""
    alpha, beta = np.exp(theta)
    behind = beta + group.number - 1
    both = alpha + behind
    kept = group.due - group.lost
    by_alpha = group.lost.sum() / alpha - np.sum(group.due / both)
    by_beta = np.sum(kept / behind) - np.sum(group.due / both)
    common = np.sum(group.due / both**2)
    by_alpha_alpha = common - group.lost.sum() / alpha**2
    by_beta_beta = common - np.sum(kept / behind**2)
    gradient = np.array([alpha * by_alpha, beta * by_beta])
    hessian = np.array(
        [
            [alpha**2 * by_alpha_alpha + gradient[0], alpha * beta * common],
            [alpha * beta * common, beta**2 * by_beta_beta + gradient[1]],
        ]
    )
    return gradient, hessian


def _inverse(matrix: np.ndarray) -> np.ndarray | None:
    """Return the inverse of a positive definite matrix, None if it is not one."""
    determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] ** 2
    if not (determinant > 1e-12 * abs(matrix[0, 0] * matrix[1, 1])):
        return None
    if not matrix[0, 0] > 0:
        return None
    inverse = np.array([[matrix[1, 1], -matrix[0, 1]], [-matrix[0, 1], matrix[0, 0]]])
    return inverse / determinant


def _largest_gap(values: np.ndarray, group: _Group) -> tuple[float, int]:
    """Return the largest gap of the model to Kaplan-Meier, and its renewal."""
    number = group.number.astype(int)
    model = sbg_survival(*values, number.max())[number]
    observed = kaplan_meier(group.number, group.due, group.lost)
    gaps = np.where(group.due >= LEAST_DUE_TO_COMPARE, np.abs(model - observed), -1.0)
    at = int(np.argmax(gaps))
    return float(gaps[at]), int(number[at])


def _smoothed_churn(due: float, lost: float) -> float:
    """Return the mean of Jeffreys' posterior of a share: never 0, never 1."""
    return (lost + 0.5) / (due + 1)


def _monthly_hazard(groups: list[_Group]) -> tuple[float, float] | None:
    """Return the hazard per month of all groups together, and how many were due."""
    hazard = months = due = 0.0
    for group in groups:
        if not (here := group.due.sum()):
            continue
        churn = _smoothed_churn(here, group.lost.sum())
        hazard -= here * np.log1p(-churn)
        months += here * group.term_length_days / DAYS_PER_MONTH
        due += here
    return (hazard / months, due) if due else None


def _constant_churn(
    group: _Group, monthly_hazard: tuple[float, float] | None, why: str
) -> tuple[Estimate, float]:
    """Return the estimate, and how many renewals it is worth (a + b of a Beta)."""
    due, lost = float(group.due.sum()), float(group.lost.sum())
    if due > 0:
        churn, certainty = _smoothed_churn(due, lost), due + 1
        said = f"{lost:.0f} lost of {due:.0f} due"
        log_likelihood = float(xlogy(lost, churn) + xlogy(due - lost, 1 - churn))
    elif monthly_hazard is not None:
        hazard, others = monthly_hazard
        months = group.term_length_days / DAYS_PER_MONTH
        churn, certainty = float(-np.expm1(-hazard * months)), others + 1
        # A term so long that all are lost would leave no digits to multiply.
        churn = min(churn, 1 - 1e-12)
        said = "the monthly churn of all lengths of term, over this one"
        log_likelihood = None
    else:
        reason = "No renewal has come due anywhere: there is no churn to go by."
        return _without_parameters(group, "none", reason), 0.0
    error = float(np.sqrt(churn * (1 - churn) / (certainty + 1)))
    estimate = Estimate(
        status="constant_churn",
        reason=f"{why} Constant churn per term: {said}.",
        names=("churn",),
        values=np.array([churn]),
        standard_errors=np.array([error]),
        log_covariance=None,
        log_likelihood=log_likelihood,
        customers=group.starts,
    )
    return estimate, certainty


def _without_parameters(group: _Group, status: str, reason: str) -> Estimate:
    return Estimate(
        status=status,
        reason=reason,
        names=(),
        values=np.empty(0),
        standard_errors=np.empty(0),
        log_covariance=None,
        log_likelihood=None,
        customers=group.starts,
    )
