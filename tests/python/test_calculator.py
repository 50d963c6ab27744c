"""The CLV calculator by numbers that a person can work out, and its what-ifs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from comparison import Built, assert_marts_match
from conftest import run_dbt, story_built

AS_OF = date(2024, 6, 30)
OVERRIDES = {
    "customer_churn_rate": 0.05,
    "average_lifespan_months": 30,
    "new_customers_per_month": 4,
}


def sub(number: int, **values: str) -> dict[str, str]:
    usual = {
        **{"subscription_id": f"s{number}", "customer_id": f"c{number}"},
        **{"started_at": "2023-12-01", "unit_amount": "30"},
        **{"billing_interval": "month"},
    }
    return usual | values


# Ten customers at the start of the half-year; one leaves in March, one comes in
# June: 10 + 10 + 10 + 9 + 9 + 9 customer months, 58 payments in them.
STORY = {
    "subscriptions": [
        *(sub(number) for number in range(1, 10)),
        sub(10, ended_at="2024-03-15"),
        sub(11, started_at="2024-06-01"),
    ],
    "marketing_spend": [
        {"spend_date": "2023-12-31", "channel": "ads", "amount": "500"},
        {"spend_date": "2024-01-01", "channel": "ads", "amount": "60"},
    ],
}
MEASURED = {
    "customer_churn_rate": 1 / 57,
    "average_lifespan_months": 57,
    "median_invoice": 30,
    "invoices_per_month": 58 / 57,
    "gross_margin_rate": 1,
    "new_customers_per_month": 1 / 6,
    "marketing_and_sales_spend_per_month": 10,
}
CLV = 30 * 58 / 57 * 30
USED = (
    MEASURED
    | OVERRIDES
    | {
        "monthly_overheads": 100,
        "clv": CLV,
        "cac": 10 / 4,
        "clv_to_cac_ratio": CLV / 2.5,
        "monthly_value_of_new_customers": CLV * 4,
        "break_even_cac": CLV,
        "monthly_margin_after_overheads": CLV * 4 - 10 - 100,
    }
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    scratch = tmp_path_factory.mktemp("calculator")
    policies = {"monthly_overheads": 100, "clv_calculator_overrides": OVERRIDES}
    with story_built(scratch, AS_OF, STORY, **policies) as story:
        yield story


def column(built: Built, name: str, kind: str = "%") -> dict[str, object]:
    return dict(
        built.rows(
            f"""
            select item_name, {name}
            from marts.rpt_clv_calculator
            where item_kind like '{kind}'
            """
        )
    )


def test_every_input_is_measured(built: Built) -> None:
    measured = column(built, "measured_value", "input")
    del measured["monthly_overheads"]

    assert measured == pytest.approx(MEASURED)


def test_what_is_overridden_is_shown_beside_what_is_measured(built: Built) -> None:
    given = column(built, "override_value", "input")

    assert {name: value for name, value in given.items() if value} == OVERRIDES


def test_the_results_follow_from_the_values_used(built: Built) -> None:
    assert column(built, "used_value") == pytest.approx(USED)


def test_a_churn_that_contradicts_the_lifespan_is_said(built: Built) -> None:
    notes = column(built, "note")

    assert "disagree" in notes["customer_churn_rate"]
    assert "disagree" in notes["average_lifespan_months"]


def test_all_marts_match_the_reference(built: Built) -> None:
    assert_marts_match(built)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"churn": 0.1}, ("clv_calculator_overrides", "churn", "customer_churn_rate")),
        ({"median_invoice": "many"}, ("clv_calculator_overrides", "median_invoice")),
    ],
)
def test_an_override_that_means_nothing_is_an_error_that_names_it(
    tmp_path: Path, overrides: dict, words: tuple[str, ...]
) -> None:
    variables = json.dumps({"clv_calculator_overrides": overrides})
    outcome = run_dbt("build", "--vars", variables, scratch=tmp_path, check=False)

    assert outcome.returncode != 0
    assert [word for word in words if word not in outcome.stdout] == []
    assert "Traceback" not in outcome.stdout + outcome.stderr
