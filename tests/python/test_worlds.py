"""The random worlds reach every kind of thing, and are the same every time."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from reference import compute
from reference.contract import CONTRACTS
from worlds import AS_OF, RECIPES, write_worlds

KINDS = {
    ("fct_mrr_movements", "movement_type"): (
        *("new", "reactivation", "expansion", "contraction", "churn"),
    ),
    ("fct_customer_mrr", "movement_type"): (
        *("new", "reactivation", "expansion", "contraction", "churn"),
        *("retained", "inactive"),
    ),
    ("fct_subscription_terms", "renewal_status"): (
        *("renewed", "lost", "replaced", "open"),
    ),
    ("fct_subscription_terms", "billing_interval"): (
        *("day", "week", "month", "quarter", "year"),
    ),
    ("dim_customers", "customer_status"): ("prospect", "active", "churned", "lapsed"),
    ("dim_customers", "age_band"): (
        *("under 25", "25-34", "35-44", "45-54", "55-64", "65+", "unknown"),
    ),
    ("fct_churn_events", "churn_type"): ("voluntary", "involuntary"),
    ("fct_churn_events", "is_netted_churn"): (True, False),
    ("fct_churn_events", "churn_reason"): (
        *("too_expensive", "payment_failed", "switched", "not_used", "unknown"),
    ),
    ("fct_customer_lifetime_value", "revenue_source"): (
        *("none", "orders", "subscription_orders", "terms", "orders+terms"),
        *("subscription_orders+terms", "orders+subscription_orders+terms"),
        *("invoices", "orders+invoices", "invoices+terms", "orders+invoices+terms"),
    ),
    ("fct_customer_lifetime_value", "churn_based_clv_is_capped"): (True, False),
    ("fct_orders", "is_first_order"): (True, False),
    ("fct_orders", "is_subscription_billing"): (True, False),
    ("fct_orders", "is_full_price"): (True, False),
    ("fct_orders", "margin_is_estimated"): (True, False),
    ("fct_orders", "is_discount_above_price"): (True, False),
    ("dim_customer_identities", "matched_by"): ("id", "email", "external_id"),
    ("dim_customer_identities", "match_round"): (0, 1, 2, 3, 4, 5),
    ("rpt_upcoming_renewals", "is_cancel_requested"): (True, False),
    ("rpt_trials_monthly", "trials_converted"): (0, 1),
    ("rpt_churn_monthly", "arrived_and_lost_customers"): (0, 1),
    ("rpt_mrr_by_slice_monthly", "slice_name"): (
        *("plan", "billing_interval", "channel", "country", "source"),
    ),
    ("rpt_retention_cohorts", "cohort_type"): ("orders", "subscriptions"),
    ("rpt_retention_cohorts", "is_mature"): (True, False),
    ("rpt_subscription_survival", "plan_id"): (
        *("all", "basic", "pro", "team", "unknown"),
    ),
    ("rpt_subscription_survival", "billing_interval"): (
        *("day", "week", "month", "quarter", "year"),
    ),
    ("fct_customer_segments", "rfm_segment"): (
        *("champions", "loyal", "potential_loyalist", "new", "promising"),
        *("needs_attention", "about_to_sleep", "at_risk", "cannot_lose"),
        *("hibernating", "no_orders"),
    ),
    ("fct_customer_segments", "monetary_score"): (None, 1, 2, 3, 4, 5),
    ("fct_customer_segments", "feedback_band"): (
        *("promoter", "passive", "detractor", "none"),
    ),
    ("fct_customer_segments", "event_count"): (0, 1, 2),
    ("rpt_segment_value", "attribute_name"): (
        *("segment", "channel", "platform", "country", "age_band", "gender"),
        *("income_band", "plan", "feedback_band"),
    ),
    ("rpt_cac_monthly", "channel"): ("ads", "referral", "fair", "organic", "unknown"),
}
REASONS = (
    *("missing_id:order_id", "missing_id:customer_id", "missing_id:subscription_id"),
    *("missing_value:ordered_at", "missing_value:gross_amount"),
    *("missing_value:started_at", "missing_value:unit_amount"),
    *("missing_value:billing_interval", "missing_value:changed_at"),
    *("invalid_date:ordered_at", "invalid_date:refunded_at", "invalid_date:ended_at"),
    *("invalid_date:changed_at", "invalid_date:birth_date"),
    *("invalid_date:trial_ends_at", "invalid_date:cancel_requested_at"),
    *("invalid_amount:gross_amount", "invalid_amount:discount_amount"),
    *("invalid_amount:unit_amount", "invalid_number:quantity"),
    *("invalid_number:billing_interval_count", "invalid_boolean:is_involuntary"),
    *("invalid_boolean:discount_is_recurring", "negative_amount:gross_amount"),
    *("negative_amount:discount_amount", "negative_amount:refunded_amount"),
    *("negative_amount:tax_amount", "negative_amount:shipping_amount"),
    *("negative_amount:cost_amount", "negative_amount:unit_amount"),
    *("negative_amount:quantity", "unknown_status", "unknown_billing_interval"),
    *("end_before_start", "ended_without_date", "unknown_subscription"),
    *("outside_subscription", "duplicate_row", "conflicting_id"),
    *("missing_exchange_rate", "superseded_row", "unknown_order"),
    *("deleted_row", "invalid_date:deleted_at"),
    *("missing_id:order_item_id", "missing_id:product_id", "missing_id:invoice_id"),
    *("missing_id:event_id", "missing_id:feedback_id"),
    *("missing_value:quantity", "missing_value:unit_price"),
    *("missing_value:period_start", "missing_value:period_end"),
    *("missing_value:amount_due", "missing_value:spend_date"),
    *("missing_value:channel", "missing_value:amount", "missing_value:rate"),
    *("missing_value:currency", "missing_value:occurred_at"),
    *("missing_value:event_type", "missing_value:submitted_at"),
    *("missing_value:score", "invalid_date:paid_at", "invalid_date:spend_date"),
    *("invalid_date:session_date", "invalid_date:rate_date"),
    *("invalid_date:occurred_at", "invalid_date:submitted_at"),
    *("invalid_date:loaded_at", "invalid_amount:list_price"),
    *("invalid_amount:unit_cost", "invalid_amount:tax_amount"),
    *("invalid_amount:amount_paid", "invalid_amount:amount_refunded"),
    *("invalid_amount:amount", "invalid_number:sessions", "invalid_number:rate"),
    *("invalid_number:score", "negative_amount:list_price"),
    *("negative_amount:amount_due", "negative_amount:amount_paid"),
    *("negative_amount:amount", "negative_amount:sessions", "rate_not_positive"),
)
SOMETIMES_NULL = (
    ("rpt_mrr_monthly", "arpa"),
    ("rpt_mrr_monthly", "quick_ratio"),
    ("rpt_mrr_monthly", "arr_growth_yoy"),
    ("rpt_churn_monthly", "customer_churn_rate"),
    ("rpt_churn_monthly", "annualised_customer_churn_rate"),
    ("rpt_churn_monthly", "gross_revenue_churn_rate"),
    ("rpt_churn_monthly", "net_revenue_churn_rate"),
    ("rpt_churn_monthly", "net_revenue_retention_12m"),
    ("rpt_churn_monthly", "gross_revenue_retention_12m"),
    ("rpt_trials_monthly", "trial_conversion_rate"),
    ("fct_churn_events", "reactivated_date"),
    ("fct_subscription_terms", "mrr_renewed"),
    ("fct_customer_lifetime_value", "formula_clv"),
    ("fct_customer_lifetime_value", "purchase_frequency"),
    ("fct_customer_lifetime_value", "churn_based_clv"),
    ("dim_customers", "current_plan_id"),
    ("rpt_mrr_by_slice_monthly", "customer_churn_rate"),
    ("rpt_retention_cohorts", "retention_rate"),
    ("rpt_retention_cohorts", "revenue_retention_rate"),
    ("fct_customer_segments", "recency_days"),
    ("fct_customer_segments", "last_event_at"),
    ("dim_products", "list_price"),
    ("dim_products", "unit_cost"),
    ("rpt_platform_monthly", "sessions"),
    ("rpt_platform_monthly", "conversion_rate"),
    ("rpt_platform_monthly", "average_order_value"),
    ("rpt_product_profitability", "margin_rate"),
    ("rpt_segment_value", "repeat_rate"),
    ("rpt_segment_value", "formula_clv"),
    ("rpt_cac_monthly", "cac"),
    ("rpt_cac_monthly", "average_clv"),
    ("rpt_cac_monthly", "clv_to_cac_ratio"),
    ("rpt_cac_monthly", "cac_payback_months"),
)


@pytest.mark.parametrize(("mart", "column"), KINDS)
def test_every_kind_occurs(
    expected_worlds: dict[str, list[dict]], mart: str, column: str
) -> None:
    reached = {row[column] for row in expected_worlds[mart]}

    assert set(KINDS[mart, column]) - reached == set()


def test_every_reason_to_reject_a_row_occurs(
    expected_worlds: dict[str, list[dict]],
) -> None:
    rejected = expected_worlds["fct_rejected_rows"]
    reached = {reason for row in rejected for reason in row["reasons"].split("; ")}

    assert reached == set(REASONS)


def test_some_rows_are_rejected_for_several_reasons(
    expected_worlds: dict[str, list[dict]],
) -> None:
    rejected = expected_worlds["fct_rejected_rows"]

    assert any(row["reasons"].count("; ") >= 2 for row in rejected)


def test_every_table_has_rows_after_the_as_of_day(
    expected_worlds: dict[str, list[dict]],
) -> None:
    reconciliation = expected_worlds["rpt_input_reconciliation"]
    late = {row["table_name"] for row in reconciliation if row["after_as_of_rows"]}

    assert late == set(CONTRACTS) - {"customers", "products"}


@pytest.mark.parametrize(("mart", "column"), SOMETIMES_NULL)
def test_every_nullable_rate_is_given_and_is_missing(
    expected_worlds: dict[str, list[dict]], mart: str, column: str
) -> None:
    missing = {row[column] is None for row in expected_worlds[mart]}

    assert missing == {True, False}


def test_late_renewals_occur_abroad(expected_abroad: dict[str, list[dict]]) -> None:
    reached = {r["renewal_status"] for r in expected_abroad["fct_subscription_terms"]}

    assert reached == {"renewed", "late", "lost", "replaced", "open"}


# Each choice alone, and a mart in which it must show.
CHOICES = (
    ("mrr_statuses", ["active", "unpaid"], "fct_mrr_movements"),
    ("mrr_statuses", ["past_due", "paused"], "fct_subscription_terms"),
    ("mrr_discounts", "all", "fct_customer_mrr"),
    ("mrr_discounts", "none", "fct_customer_mrr"),
    ("churn_recognition", "cancel_requested_at", "fct_churn_events"),
    ("reactivation_after", "full_month", "fct_churn_events"),
    ("reactivation_grace_days", 20, "fct_churn_events"),
    ("churn_rate_basis", "start_plus_new", "rpt_churn_monthly"),
    ("net_churn_includes_reactivation", False, "rpt_churn_monthly"),
    ("renewal_grace_days", 7, "fct_subscription_terms"),
    ("renewal_match", "customer", "fct_subscription_terms"),
    ("renewal_horizon_days", 45, "rpt_upcoming_renewals"),
    ("count_refunded_orders", False, "fct_orders"),
    ("match_customers_by_email", False, "dim_customer_identities"),
    ("metric_preset", "recurly", "fct_mrr_movements"),
    ("metric_preset", "stripe", "rpt_churn_monthly"),
)


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Just as many worlds as there are recipes."""
    folder = tmp_path_factory.mktemp("few") / "input"
    return write_worlds(folder, count=len(RECIPES) + 1)


@pytest.fixture(scope="module")
def by_default(one_of_each: Path) -> dict[str, list[dict]]:
    """What the reference says of them without any choice."""
    return compute(one_of_each, AS_OF)


@pytest.mark.parametrize(("name", "choice", "mart"), CHOICES)
def test_each_choice_changes_what_it_is_about(
    one_of_each: Path,
    by_default: dict[str, list[dict]],
    name: str,
    choice: object,
    mart: str,
) -> None:
    changed = compute(one_of_each, AS_OF, **{name: choice})

    assert changed[mart] != by_default[mart]


def test_many_movements_happen_in_one_month(
    expected_worlds: dict[str, list[dict]],
) -> None:
    months = [
        (row["customer_key"], row["moved_date"].replace(day=1))
        for row in expected_worlds["fct_mrr_movements"]
    ]

    assert max(months.count(month) for month in set(months)) >= 4


def test_every_pair_of_rfm_scores_occurs(
    expected_worlds: dict[str, list[dict]],
) -> None:
    reached = {
        (row["recency_score"], row["frequency_score"])
        for row in expected_worlds["fct_customer_segments"]
    }

    assert reached == {(None, None), *product(range(1, 6), repeat=2)}


def test_every_set_of_marks_of_high_value_occurs(
    expected_worlds: dict[str, list[dict]],
) -> None:
    marks = ("has_full_price_share", "has_several_orders")
    marks += ("has_high_average_order_value",)
    reached = {
        tuple(row[mark] for mark in marks)
        for row in expected_worlds["fct_customer_segments"]
        if row["frequency"]
    }

    assert reached == set(product((True, False), repeat=3))


@pytest.mark.parametrize("sign", [1, 0, -1])
def test_slices_gain_and_lose_in_months_of_every_direction(
    expected_worlds: dict[str, list[dict]], sign: int
) -> None:
    """A transfer beside a gain, a loss, and no change of the customer."""
    customers = {
        (row["customer_key"], row["revenue_month"]): row["mrr_change"]
        for row in expected_worlds["fct_customer_mrr"]
        if "-t" in row["customer_key"]
    }
    plans = expected_worlds["rpt_mrr_by_slice_monthly"]
    moved = {
        row["revenue_month"]
        for row in plans
        if row["slice_name"] == "plan" and row["transfer_mrr"]
    }

    assert any(
        month in moved and (change > 0) - (change < 0) == sign
        for (_, month), change in customers.items()
    )


def test_some_orders_are_below_list_price_without_a_discount(
    expected_worlds: dict[str, list[dict]],
) -> None:
    cheap = [row for row in expected_worlds["fct_orders"] if not row["is_full_price"]]

    assert any(row["discount_amount"] == 0 for row in cheap)


def test_some_groups_last_at_their_own_pace(
    expected_worlds: dict[str, list[dict]],
) -> None:
    spans = {row["lifespan_months"] for row in expected_worlds["rpt_segment_value"]}

    assert len(spans) > 5


def test_survival_reaches_its_ends(expected_worlds: dict[str, list[dict]]) -> None:
    rates = [
        row["survival_rate"] for row in expected_worlds["rpt_subscription_survival"]
    ]

    assert {0, 1} < set(rates)


def test_there_are_two_hundred_worlds(expected_worlds: dict[str, list[dict]]) -> None:
    keys = [row["customer_key"] for row in expected_worlds["dim_customers"]]

    assert len({key.split("-")[0] for key in keys}) == 200


def test_equal_seeds_give_equal_bytes(worlds_folder: Path, tmp_path: Path) -> None:
    again = write_worlds(tmp_path / "again")

    assert contents(again) == contents(worlds_folder)


def test_another_seed_gives_other_worlds(worlds_folder: Path, tmp_path: Path) -> None:
    other = write_worlds(tmp_path / "other", seed=1)

    assert contents(other) != contents(worlds_folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
