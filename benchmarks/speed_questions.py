"""The questions that contenders are measured on: inputs, result and targets.

Each begins at the typed tables that the project's model reads, the same files
for all contenders, and ends with the rows of that model, all of its columns.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question: what is read, what answers it, what is wanted."""

    title: str
    # Of the project, in their order; the last one's rows are the answer.
    models: tuple[str, ...]
    # Upstream table -> the columns without which there is no answer.
    inputs: dict[str, tuple[str, ...]]
    # CPU seconds of the project over those of the floor, at a million customers;
    # None where the question is only there to compare with.
    wanted_ratio: float | None
    wanted_peak_mb: float | None = None


_VERSIONS = {
    "int_mrr_recognised": ("customer_key", "mrr", "valid_from", "valid_to"),
    "util_as_of_date": ("as_of_date",),
}
_CHANGES = ("customer_key", "changed_date", "mrr_change", "mrr_after")
_MONTHS = ("revenue_month", "next_month", "is_complete_month")

QUESTIONS = {
    "change_points": Question(
        title="MRR change points",
        models=("int_mrr_changes",),
        inputs=_VERSIONS,
        wanted_ratio=1.0,
    ),
    "customer_months": Question(
        title="customer-months from change points",
        models=("fct_customer_mrr",),
        inputs={
            "int_mrr_changes": ("customer_key", "changed_date", "mrr_after"),
            "util_months": ("revenue_month",),
        },
        wanted_ratio=2.0,
        wanted_peak_mb=400,
    ),
    # What a month spine does in one step.
    "versions_to_months": Question(
        title="customer-months from versions",
        models=("int_mrr_changes", "fct_customer_mrr"),
        inputs={**_VERSIONS, "util_months": ("revenue_month",)},
        wanted_ratio=None,
    ),
    "order_aggregates": Question(
        title="order aggregates",
        models=("int_orders_aggregated_to_customers",),
        inputs={
            "int_orders_valued": (
                "source_name",
                "order_id",
                "customer_key",
                "is_subscription_billing",
                "gross_amount",
                "discount_amount",
                "net_revenue",
                "gross_margin",
                "ordered_at",
                "order_date",
            ),
            "int_orders_sold_below_full_price": ("source_name", "order_id"),
            "util_as_of_date": ("as_of_date",),
        },
        wanted_ratio=3.5,
    ),
    "cohorts": Question(
        title="cohorts",
        models=(
            "int_cohort_customers_found",
            "int_cohort_months_numbered",
            "int_cohort_activities_aggregated",
            "int_cohort_revenues_aggregated",
            "rpt_retention_cohorts",
        ),
        inputs={
            "int_orders_valued": (
                "customer_key",
                "order_date",
                "is_subscription_billing",
            ),
            "int_mrr_changes": _CHANGES,
            "int_customer_revenues_dated": (
                "customer_key",
                "revenue_date",
                "revenue_source",
                "revenue",
                "margin",
            ),
            "util_as_of_date": ("as_of_date",),
            "util_months": _MONTHS,
            "util_numbers": ("number",),
        },
        wanted_ratio=12.0,
    ),
}
CONTENDERS = ("ours", "floor", "spine", "pandas", "polars")
# A month spine answers questions of months; and orders need none.
WITHOUT_SPINE = ("change_points", "order_aggregates")
# What the project's CPU seconds were as multiples of the floor's when last looked
# at, with GUARD_CUSTOMERS: a test fails where one is LEEWAY times as much.
GUARD_CUSTOMERS = 50_000
LEEWAY = 1.5
RATIOS = {
    "change_points": 1.4,
    "customer_months": 1.3,
    "versions_to_months": 1.5,
    "order_aggregates": 1.6,
    "cohorts": 3.3,
}


def falls_behind(question: str, ratio: float) -> bool:
    """Whether a ratio at the guard's size is too far from what it was."""
    return ratio > LEEWAY * RATIOS[question]
