"""Metrics by name: MetricFlow gives the numbers of the marts, for every metric."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from comparison import Built
from conftest import PROJECT, opened, run_dbt
from semantic_layer import SemanticLayer

sys.path.insert(0, str(PROJECT / "tests"))
import metrics_by_name

METRICS = yaml.safe_load((PROJECT / "models/semantic/_metrics.yml").read_text("utf-8"))[
    "metrics"
]
TYPES = {metric["name"]: metric["type"] for metric in METRICS}
SEMANTIC_MODELS = 14
# Money and rates have six places, so a ratio of them is half of one off.
TOLERANCE = Decimal("0.000001")
MONTH = "metric_time__month"


@dataclass(frozen=True)
class Rows:
    """The rows of a mart that a question by name gives, too."""

    group_by: tuple[str, ...]
    keys: tuple[str, ...]
    where: str = "true"
    # Of a mart of facts, whose rows are summed first.
    is_summed: bool = False


PAID = "marts.fct_customer_lifetime_value join marts.dim_customers using (customer_key)"
ORDERED = "marts.fct_orders"
# Where a mart is more than its name.
SOURCES = {"payers": PAID, "orders": ORDERED}
ATTRIBUTES = {
    "segment": "customer__segment",
    "channel": "channel",
    "platform": "platform",
    "country": "customer__country",
    "age_band": "customer__age_band",
    "gender": "customer__gender",
    "income_band": "customer__income_band",
    "plan": "customer__current_plan",
    "feedback_band": "customer__feedback_band",
}
BY_MONTH = Rows((MONTH,), ("revenue_month",))
ROWS = {
    "rpt_mrr_monthly": [BY_MONTH],
    "rpt_mrr_by_slice_monthly": [
        Rows(
            (MONTH, group_by),
            ("revenue_month", "slice_value"),
            f"slice_name = '{slice_name}'",
        )
        for slice_name, group_by in {
            "plan": "plan",
            "channel": "customer__channel",
            "country": "customer__country",
        }.items()
    ],
    "rpt_churn_monthly": [BY_MONTH],
    "rpt_closed_months": [Rows((MONTH,), ("closed_month",))],
    "rpt_trials_monthly": [BY_MONTH],
    "rpt_platform_monthly": [Rows((MONTH, "platform"), ("revenue_month", "platform"))],
    "rpt_cac_monthly": [Rows((MONTH, "channel"), ("spend_month", "channel"))],
    "rpt_renewals_monthly": [
        Rows((MONTH,), ("renewal_month",), "billing_interval = 'all'"),
        Rows(
            (MONTH, "billing_interval"),
            ("renewal_month", "billing_interval"),
            "billing_interval <> 'all'",
        ),
    ],
    "rpt_segment_value": [
        Rows((group_by,), ("attribute_value",), f"attribute_name = '{attribute}'")
        for attribute, group_by in ATTRIBUTES.items()
    ],
    "rpt_retention_cohorts": [
        Rows(
            (MONTH, "cohort__cohort_type", "cohort__months_since_first"),
            ("cohort_month", "cohort_type", "months_since_first"),
            "is_mature",
        )
    ],
    "rpt_upcoming_renewals": [
        Rows(
            (MONTH, "plan"),
            ("date_trunc('month', term_end_date)", "plan_id"),
            is_summed=True,
        )
    ],
    "fct_churn_events": [
        Rows((MONTH,), ("date_trunc('month', churned_date)",), is_summed=True)
    ],
    "fct_mrr_movements": [
        Rows(
            (MONTH, "mrr_movement__movement_type"),
            ("date_trunc('month', moved_date)", "movement_type"),
            is_summed=True,
        )
    ],
    "fct_customer_lifetime_value": [Rows((), (), is_summed=True)],
    "payers": [
        Rows(
            (MONTH, "channel"),
            ("acquired_month", "acquisition_channel"),
            "first_paid_date is not null",
            is_summed=True,
        ),
        Rows((), (), "first_paid_date is not null", is_summed=True),
    ],
    "fct_customer_segments": [Rows((), (), is_summed=True)],
    "orders": [
        Rows(
            (MONTH,),
            ("date_trunc('month', order_date)",),
            "not is_subscription_billing",
            is_summed=True,
        ),
        Rows((), (), "not is_subscription_billing", is_summed=True),
    ],
}
# Per reason the marts have types, too.
for metric, model in {
    "churned_customers_by_reason": "churn_event",
    "churned_mrr_by_reason": "churn_reason_month",
}.items():
    ROWS[metric] = [
        Rows(
            (MONTH, f"{model}__churn_type", f"{model}__churn_reason"),
            ("revenue_month", "churn_type", "churn_reason"),
        )
    ]
    SOURCES[metric] = "marts.rpt_churn_reasons_monthly"
# What no mart has as a column: parts of rates, and sums over facts.
EXPRESSIONS = {
    "gained_mrr": ("rpt_mrr_monthly", "new_mrr + reactivation_mrr + expansion_mrr"),
    "lost_mrr": ("rpt_mrr_monthly", "-(contraction_mrr + churned_mrr)"),
    "customers_lost": ("rpt_churn_monthly", "churned_customers"),
    "customers_at_risk": ("rpt_churn_monthly", "starting_customers"),
    "mrr_at_risk": ("rpt_mrr_monthly", "starting_mrr"),
    "net_churned_mrr": (
        "rpt_mrr_monthly",
        "-(churned_mrr + contraction_mrr + expansion_mrr + reactivation_mrr)",
    ),
    "churned_customers_by_reason": ("churned_customers_by_reason", "churned_customers"),
    "churned_mrr_by_reason": ("churned_mrr_by_reason", "churned_mrr"),
    "falls_to_zero": ("fct_churn_events", "count(*)"),
    "mrr_of_falls": ("fct_churn_events", "sum(churned_mrr)"),
    "mrr_movements": ("fct_mrr_movements", "count(*)"),
    "mrr_moved": ("fct_mrr_movements", "sum(mrr_change)"),
    "upcoming_renewals": ("rpt_upcoming_renewals", "count(*)"),
    "upcoming_mrr_due": ("rpt_upcoming_renewals", "sum(mrr_due)"),
    "upcoming_expected_mrr": ("rpt_upcoming_renewals", "sum(expected_mrr)"),
    "margin": ("fct_customer_lifetime_value", "sum(historical_margin)"),
    "historical_margin": ("fct_customer_lifetime_value", "sum(historical_margin)"),
    "gross_order_amount": ("orders", "sum(gross_amount)"),
    "discounts": ("orders", "sum(discount_amount)"),
    "refunds": ("orders", "sum(refunded_amount)"),
    "order_margin": ("orders", "sum(gross_margin)"),
    "order_margin_rate": ("orders", "sum(gross_margin) / sum(net_revenue)"),
    "full_price_orders": ("orders", "count(case when is_full_price then 1 end)"),
    "full_price_share": ("orders", "avg(case when is_full_price then 1 else 0 end)"),
    "buying_customers": ("orders", "count(distinct customer_key)"),
    "orders_per_buying_customer": (
        "orders",
        "count(*) / count(distinct customer_key)",
    ),
    "orders_with_sessions": (
        "rpt_platform_monthly",
        "case when sessions is not null then orders end",
    ),
    "total_clv": ("payers", "sum(total_clv)"),
    "historical_clv": ("payers", "sum(historical_margin)"),
    "average_historical_clv": ("payers", "avg(historical_margin)"),
    "predicted_clv": ("payers", "sum(predicted_clv)"),
    "average_predicted_clv": ("payers", "avg(predicted_clv)"),
    "customers_with_order": (
        "fct_customer_segments",
        "count(case when frequency >= 1 then 1 end)",
    ),
    "repeat_customers": (
        "fct_customer_segments",
        "count(case when is_repeat_customer then 1 end)",
    ),
    "high_value_customers": (
        "fct_customer_segments",
        "count(case when is_high_value then 1 end)",
    ),
    "lifetime_orders": ("fct_customer_segments", "sum(frequency)"),
    "lifetime_order_revenue": ("fct_customer_segments", "sum(monetary_value)"),
    "acquired_clv": ("rpt_cac_monthly", "average_clv * new_customers"),
}
# Only the two that purchase_frequency divides have no public column.
NOT_COMPARED = {"orders_in_full_periods", "months_with_order"}


def columns_of(metric: dict) -> list[str]:
    return metric.get("config", {}).get("meta", {}).get("equals", [])


def cases() -> Iterator[tuple[str, str, str, Rows]]:
    """Each metric beside each column that says the same, by each rows of it."""
    for metric in METRICS:
        name = metric["name"]
        pairs = [tuple(e.split(".")) for e in columns_of(metric) if "." in e]
        if name in EXPRESSIONS:
            pairs = [EXPRESSIONS[name]]
        for mart, expression in pairs:
            for rows in ROWS[mart]:
                yield name, mart, expression, rows


CASES = list(cases())


def case_id(case: tuple[str, str, str, Rows]) -> str:
    return f"{case[0]}-{case[1]}-{','.join(case[3].group_by)}"


@pytest.fixture(scope="session")
def layer(demo_scratch: Path) -> SemanticLayer:
    return SemanticLayer(demo_scratch / "target/semantic_manifest.json")


# What is there


def test_the_manifest_has_every_model_and_metric_that_is_written(
    demo_scratch: Path,
) -> None:
    manifest = json.loads((demo_scratch / "target/semantic_manifest.json").read_text())
    metrics = {metric["name"] for metric in manifest["metrics"]}

    # The newer spelling of both parses to none, without a word.
    assert len(manifest["semantic_models"]) == SEMANTIC_MODELS
    assert len(manifest["metrics"]) == len(METRICS) >= 100
    assert metrics == set(TYPES)


def test_every_metric_is_compared_with_something() -> None:
    compared = {case[0] for case in CASES}

    assert set(TYPES) - compared == NOT_COMPARED


# What it says


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_metric_is_what_the_mart_says(
    case: tuple[str, str, str, Rows], layer: SemanticLayer, demo: Built
) -> None:
    metric, *_ = case

    assert differences(case, layer, demo.warehouse) == {}
    assert found_rows(metric, case[3], layer, demo.warehouse)


def differences(
    case: tuple[str, str, str, Rows],
    layer: SemanticLayer,
    warehouse: duckdb.DuckDBPyConnection,
) -> dict[tuple, tuple]:
    """Where both sides differ: what MetricFlow says, and what the mart says."""
    metric, mart, expression, rows = case
    found = found_rows(metric, rows, layer, warehouse)
    wanted = wanted_rows(mart, expression, rows, warehouse)
    assert wanted
    is_amount = TYPES[metric] == "simple"
    differing = {}
    for key in found.keys() | wanted.keys():
        one, other = found.get(key), wanted.get(key)
        # Where nothing happened a mart says 0 and MetricFlow has no row; a rate
        # that is there is empty on both sides or on none.
        if is_amount or key not in found or key not in wanted:
            one, other = one or 0, other or 0
        if not is_near(one, other):
            differing[key] = (one, other)
    return differing


def is_near(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return abs(Decimal(str(one)) - Decimal(str(other))) <= TOLERANCE


def found_rows(
    metric: str,
    rows: Rows,
    layer: SemanticLayer,
    warehouse: duckdb.DuckDBPyConnection,
) -> dict[tuple, object]:
    answer = warehouse.execute(layer.sql(metric, rows.group_by))
    names = [column[0] for column in answer.description]
    places = [names.index(name) for name in rows.group_by]
    value = names.index(metric)
    return {
        tuple(worded(row[place]) for place in places): row[value]
        for row in answer.fetchall()
        # By month, who never paid has none.
        if all(row[place] is not None for place in places)
    }


def wanted_rows(
    mart: str,
    expression: str,
    rows: Rows,
    warehouse: duckdb.DuckDBPyConnection,
) -> dict[tuple, object]:
    where = rows.where
    if mart == "rpt_closed_months":
        where, expression = f"metric_name = '{expression}'", "metric_value"
    source = SOURCES.get(mart, f"marts.{mart}")
    columns = ", ".join((*rows.keys, f"{expression} as wanted"))
    grouped = f"group by {', '.join(rows.keys)}" if rows.is_summed and rows.keys else ""
    query = f"select {columns} from {source} where {where} {grouped}"
    return {
        tuple(worded(value) for value in row[:-1]): row[-1]
        for row in warehouse.execute(query).fetchall()
    }


def worded(value: object) -> str:
    """A month is the same as its first midnight."""
    if isinstance(value, datetime):
        value = value.date()
    return str(value)


# Longer than a month


@pytest.mark.parametrize("grain", ["quarter", "year"])
def test_mrr_of_a_longer_period_is_that_of_its_last_month(
    grain: str, layer: SemanticLayer, demo: Built
) -> None:
    rows = Rows((f"metric_time__{grain}",), ())
    last = demo.rows(
        f"""
        select date_trunc('{grain}', revenue_month), arg_max(ending_mrr, revenue_month),
            arg_max(ending_customers, revenue_month),
            arg_min(starting_mrr, revenue_month),
            arg_min(starting_customers, revenue_month)
        from marts.rpt_mrr_monthly group by 1
        """
    )
    metrics = ("mrr", "active_customers", "starting_mrr", "starting_customers")

    for place, metric in enumerate(metrics, start=1):
        found = found_rows(metric, rows, layer, demo.warehouse)
        assert found == {(worded(row[0]),): row[place] for row in last}, metric


# Of a longer period: sums over its months, or what its last month says.
OF_PERIODS = {
    "churn_rate": "sum(churned_customers) / sum(starting_customers)",
    "gross_revenue_churn_rate": (
        "-sum(churned_mrr + contraction_mrr) / nullif(sum(starting_mrr), 0)"
    ),
    "net_new_mrr": "sum(net_new_mrr)",
    "churned_customers": "sum(churned_customers)",
    "quick_ratio": (
        "sum(new_mrr + reactivation_mrr + expansion_mrr)"
        " / -sum(churned_mrr + contraction_mrr)"
    ),
    "arpa": "max_by(arpa, revenue_month)",
    "net_revenue_retention": "max_by(net_revenue_retention_12m, revenue_month)",
    "gross_revenue_retention": "max_by(gross_revenue_retention_12m, revenue_month)",
}


@pytest.mark.parametrize("grain", ["quarter", "year"])
@pytest.mark.parametrize("metric", OF_PERIODS)
def test_a_rate_of_a_longer_period_is_that_of_its_months(
    metric: str, grain: str, layer: SemanticLayer, demo: Built
) -> None:
    wanted = demo.rows(
        f"""
        select date_trunc('{grain}', revenue_month), {OF_PERIODS[metric]}
        from marts.rpt_mrr_monthly
        join marts.rpt_churn_monthly using (revenue_month, churned_customers,
            starting_customers)
        group by 1
        """
    )

    found = found_rows(
        metric, Rows((f"metric_time__{grain}",), ()), layer, demo.warehouse
    )
    rates = {(worded(period),): rate for period, rate in wanted}
    assert found.keys() == rates.keys()
    assert [key for key in rates if not is_near(found[key], rates[key])] == []


# What the demo has too little of to notice


@pytest.fixture(scope="module")
def changed(
    demo_scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The work file of the demo, to be changed and rolled back."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copy(demo_scratch / "work.duckdb", folder)
    with duckdb.connect(str(folder / "work.duckdb")) as warehouse:
        yield warehouse


# What makes no difference, and to which metrics.
MAKES_NO_DIFFERENCE = {
    "a fall that is followed by a return": (
        """insert into marts.fct_churn_events
        select * replace (false as is_netted_churn, 'other ' || customer_key
            as customer_key) from marts.fct_churn_events""",
        "voluntary_churned_customers involuntary_churned_customers"
        " churned_customers_by_reason",
    ),
    "that a renewal is late": (
        """update marts.fct_subscription_terms set renewal_status = 'late'
        where renewal_status = 'renewed'""",
        "terms_due terms_renewed mrr_due mrr_renewed",
    ),
    "a term that is replaced or open": (
        """update marts.fct_subscription_terms set mrr_due = 7, mrr_renewed = 7
        where renewal_status in ('replaced', 'open')""",
        "mrr_due mrr_renewed",
    ),
    "an order that bills a subscription": (
        """insert into marts.fct_orders
        select * replace (true as is_subscription_billing, 'other ' || order_id
            as order_id, 'other ' || customer_key as customer_key)
        from marts.fct_orders""",
        "orders order_revenue gross_order_amount discounts refunds order_margin"
        " full_price_orders buying_customers",
    ),
    "a customer who never paid": (
        """update marts.fct_customer_lifetime_value
        set total_clv = 1, historical_margin = 1, predicted_clv = 1
        where customer_key in (
            select customer_key from marts.dim_customers where first_paid_date is null
        )""",
        "customers total_clv historical_clv predicted_clv",
    ),
    "a cohort's month that is not over": (
        """insert into marts.rpt_retention_cohorts
        select * replace (false as is_mature, months_since_first + 1000
            as months_since_first) from marts.rpt_retention_cohorts""",
        "cohort_customers cohort_active_customers",
    ),
}


@pytest.mark.parametrize("what", MAKES_NO_DIFFERENCE)
def test_what_a_metric_does_not_mean_makes_no_difference(
    what: str, layer: SemanticLayer, changed: duckdb.DuckDBPyConnection
) -> None:
    change, metrics = MAKES_NO_DIFFERENCE[what]

    def totals() -> dict[str, object]:
        everything = Rows((), ())
        return {
            metric: found_rows(metric, everything, layer, changed)[()]
            for metric in metrics.split()
        }

    before = totals()
    changed.execute("begin")
    ((rows,),) = changed.execute(change).fetchall()
    after = totals()
    changed.execute("rollback")

    assert rows > 0
    assert after == before


@pytest.mark.parametrize("metric", ["mrr", "active_customers"])
def test_a_plan_of_a_quarter_has_what_it_has_in_the_last_month(
    metric: str, layer: SemanticLayer, demo: Built
) -> None:
    rows = Rows(("metric_time__quarter", "plan"), ())
    column = {"mrr": "ending_mrr", "active_customers": "ending_customers"}[metric]
    wanted = demo.rows(
        f"""
        select date_trunc('quarter', revenue_month), slice_value,
            arg_max({column}, revenue_month)
        from marts.rpt_mrr_by_slice_monthly where slice_name = 'plan' group by 1, 2
        """
    )

    assert found_rows(metric, rows, layer, demo.warehouse) == {
        (worded(quarter), plan): value for quarter, plan, value in wanted
    }


# Under other choices

CHOICES = {
    "churn_rate_basis": "start_plus_new",
    "net_churn_includes_reactivation": False,
}
CHOSEN = {"churn_rate", "net_revenue_churn_rate", "annualised_churn_rate"}


def test_churn_rates_follow_the_policies(
    demo_scratch: Path, tmp_path: Path, layer: SemanticLayer, demo: Built
) -> None:
    for name in ("work.duckdb", "history.duckdb"):
        shutil.copy(demo_scratch / name, tmp_path)
    models = ("rpt_churn_monthly", "int_customer_plans_spread_over_months")
    run_dbt("run", "--vars", json.dumps(CHOICES), "--select", *models, scratch=tmp_path)
    rates = [c for c in CASES if c[0] in CHOSEN and c[1] == "rpt_churn_monthly"]

    with opened(tmp_path / "work.duckdb") as warehouse:
        assert [differences(case, layer, warehouse) for case in rates] == [{}, {}, {}]
        for metric, mart, expression, rows in rates:
            chosen = wanted_rows(mart, expression, rows, warehouse)
            usual = wanted_rows(mart, expression, rows, demo.warehouse)
            assert chosen != usual, metric


# What the documents say

README = (PROJECT / "README.md").read_text("utf-8")
BY_NAME = metrics_by_name.DOCUMENT.read_text("utf-8")
# Numeric columns of these have to be a metric, or named as what is none.
NAMED = ("rpt_", "fct_customer_lifetime_value")
NOT_METRICS = {
    *("rpt_closed_months", "rpt_input_reconciliation", "rpt_restatements"),
}


def commands(text: str) -> list[str]:
    return re.findall(r"^mf .+", text, re.MULTILINE)


def test_the_table_of_metrics_is_that_of_the_models() -> None:
    written = BY_NAME.partition(metrics_by_name.START)[2]

    assert metrics_by_name.START + written == metrics_by_name.tables()


@pytest.mark.parametrize("metric", TYPES)
def test_a_metric_may_be_asked_by_all_that_its_row_names(
    metric: str, layer: SemanticLayer, demo: Built
) -> None:
    asked_by = metrics_by_name.group_bys()[metric]
    if "customer" in asked_by:
        asked_by += re.findall(r"`(customer__\w+)`", BY_NAME.partition("## ")[0])

    found = demo.warehouse.execute(layer.sql(metric, (MONTH, *asked_by)))

    assert {MONTH, *asked_by, metric} <= {column[0] for column in found.description}


def test_every_number_of_a_mart_is_a_metric_or_named_as_none(demo: Built) -> None:
    known = {column for metric in METRICS for column in columns_of(metric)}
    numbers = demo.rows(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'marts'
            and (data_type like 'DECIMAL%' or data_type in ('DOUBLE', 'INTEGER'))
            and column_name not in ('months_since_first', 'tenure_months')
        """
    )
    nameless = {
        f"{mart}.{column}"
        for mart, column in numbers
        if mart.startswith(NAMED)
        and mart not in NOT_METRICS
        and f"{mart}.{column}" not in known
        and not is_named_as_none(mart, column)
    }

    assert nameless == set()


def is_named_as_none(mart: str, column: str) -> bool:
    """Whether a row of the last table names the column, or all of its mart."""
    return any(
        f"`{mart}`" in row
        or (f"`{mart}.{column}`" in row)
        or (f"`{mart}." in row and f"`{column}`" in row)
        for row in metrics_by_name.NOT_BY_NAME
    )


def test_what_is_read_from_a_mart_says_so() -> None:
    published = {
        metric["name"]: metric["description"].startswith("Published column")
        for metric in METRICS
        if metric.get("config", {}).get("meta", {}).get("is_published_column")
    }

    assert all(published.values())
    assert set(published) == {
        *("net_revenue_retention", "gross_revenue_retention", "cac_payback_months"),
        *("cohort_revenue_retention_rate", "cohort_revenue_per_customer"),
        "cohort_margin_per_customer",
    }


@pytest.fixture(scope="module")
def built_checkout(
    demo_scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What a build leaves in a checkout: `mf` looks nowhere else."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, folder)
    (folder / "warehouse").mkdir()
    (folder / "target").mkdir()
    (folder / "logs").mkdir()
    for name in ("work.duckdb", "history.duckdb"):
        shutil.copy(demo_scratch / name, folder / "warehouse")
    shutil.copy(demo_scratch / "target/semantic_manifest.json", folder / "target")
    return folder


@pytest.mark.parametrize("command", dict.fromkeys(commands(README + BY_NAME)))
def test_the_commands_of_the_documents_answer(
    command: str, built_checkout: Path
) -> None:
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "PERENNIAL_"))
    }
    outcome = subprocess.run(
        ["bash", "-c", command],
        cwd=built_checkout,
        env=outside
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    shown = [
        text
        for text in re.findall(r"^```text\n(.*?)^```$", README, re.M | re.S)
        if command in commands(README) and text.startswith("metric_time__month")
    ]

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.strip()
    for text in shown:
        assert text.strip() in "\n".join(
            line.rstrip() for line in outcome.stdout.splitlines()
        )
