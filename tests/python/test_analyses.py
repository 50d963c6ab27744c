"""The worked questions of analyses/: each has an answer in the demo."""

from __future__ import annotations

import pytest
from comparison import Built
from conftest import PROJECT, run_dbt

# The columns that name a row of each answer.
KEYS = {
    "which_channel_pays_back_and_when": ("channel",),
    "why_customers_leave_and_what_it_costs": ("churn_type", "churn_reason"),
    "what_the_best_customers_share": ("attribute_name", "attribute_value"),
    "which_cohorts_cost_more_than_they_brought": ("spend_month",),
    "what_lower_churn_would_be_worth": ("points_lower",),
}
Answers = dict[str, list[dict]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each analysis as plain SQL; nothing is built for it."""
    scratch = tmp_path_factory.mktemp("analyses")
    run_dbt("compile", "--select", "resource_type:analysis", scratch=scratch)
    folder = scratch / "target/compiled/perennial/analyses"
    return {path.stem: path.read_text() for path in folder.glob("*.sql")}


@pytest.fixture(scope="module")
def answers(compiled: dict[str, str], demo: Built) -> Answers:
    found = {}
    for name, query in compiled.items():
        cursor = demo.warehouse.execute(query)
        columns = [column[0] for column in cursor.description]
        found[name] = [
            dict(zip(columns, row, strict=True)) for row in cursor.fetchall()
        ]
    return found


def test_every_analysis_is_known_here(compiled: dict[str, str]) -> None:
    written = {path.stem for path in (PROJECT / "analyses").rglob("*.sql")}

    assert set(KEYS) == written == set(compiled)


@pytest.mark.parametrize("name", KEYS)
def test_opens_with_its_question_and_how_to_read_the_answer(name: str) -> None:
    text = (PROJECT / f"analyses/{name}.sql").read_text()
    header = text.partition("#}")[0]

    assert header.startswith("{#\n")
    assert header.splitlines()[1].endswith("?")
    assert "One row per " in header
    assert "read it:" in " ".join(header.split())


@pytest.mark.parametrize("name", KEYS)
def test_answers_with_rows_that_have_a_key_each(name: str, answers: Answers) -> None:
    keys = [tuple(row[column] for column in KEYS[name]) for row in answers[name]]

    assert keys
    assert [key for key in keys if None in key] == []
    assert len(set(keys)) == len(keys)


def test_channels_sum_to_all_spend_and_all_customers(
    answers: Answers, demo: Built
) -> None:
    rows = answers["which_channel_pays_back_and_when"]
    whole = demo.rows(
        "select sum(spend), sum(new_customers) from marts.rpt_cac_monthly"
    )

    assert [tuple(sum(row[c] for row in rows) for c in ("spend", "new_customers"))] == (
        whole
    )


def test_reasons_sum_to_all_netted_churn(answers: Answers, demo: Built) -> None:
    rows = answers["why_customers_leave_and_what_it_costs"]
    whole = demo.rows(
        """
        select
            (select sum(churned_customers) from marts.rpt_churn_monthly),
            sum(churned_mrr)
        from marts.fct_churn_events
        where is_netted_churn
        """
    )

    assert [
        tuple(sum(row[c] for row in rows) for c in ("churned_customers", "churned_mrr"))
    ] == whole
    assert sum(row["mrr_share"] for row in rows) == pytest.approx(1)


def test_the_best_are_a_tenth_and_each_attribute_counts_them_all(
    answers: Answers, demo: Built
) -> None:
    rows = answers["what_the_best_customers_share"]
    ((paying,),) = demo.rows(
        "select count(*) from marts.dim_customers where first_paid_date is not null"
    )
    best = {
        name: sum(r["best_customers"] for r in rows if r["attribute_name"] == name)
        for name in {row["attribute_name"] for row in rows}
    }

    assert set(best.values()) == {-(-paying // 10)}


def test_a_cohort_costs_more_than_it_brought_when_its_margin_is_below_its_spend(
    answers: Answers,
) -> None:
    rows = answers["which_cohorts_cost_more_than_they_brought"]
    losses = [row["margin_after_spend"] for row in rows]

    assert losses == sorted(losses)
    assert [row["costs_more_than_it_brought"] for row in rows] == [
        loss < 0 for loss in losses
    ]


def test_no_point_less_is_the_calculator_and_each_point_less_is_worth_more(
    answers: Answers, demo: Built
) -> None:
    rows = answers["what_lower_churn_would_be_worth"]
    ((clv,),) = demo.rows(
        "select used_value from marts.rpt_clv_calculator where item_name = 'clv'"
    )
    yearly = [row["yearly_churn_rate"] for row in rows]
    gains = [row["clv_gained"] for row in rows]

    assert rows[0]["clv"] == pytest.approx(clv)
    assert gains[0] == pytest.approx(0)
    assert [yearly[0] - rate for rate in yearly] == pytest.approx(
        [point / 100 for point in range(6)]
    )
    assert gains == sorted(gains)
