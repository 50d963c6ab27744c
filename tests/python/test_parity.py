"""Every engine builds all, and says the same: each cell of each public table.

One input of the demo, random worlds and awkward rows, built over three days and
then under other policies, on each engine with the history between them; see
parity_input. Then the marts are compared by key, all rows and all columns but
those that name a build.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import engine_builds
import parity_input
import pytest
from comparison import KEYS
from conftest import ABROAD, PROJECT, environment_of, opened
from engine_builds import (
    BUILDS,
    Build,
    Day,
    build_on_duckdb,
    build_on_postgres,
    build_on_spark,
)
from other_dialects import fault_of
from postgres_cluster import Cluster
from spark_cluster import WORKERS, SparkCluster
from table_comparison import NOT_COMPARED, Outcome, as_table, compare, told

# --- The engines ------------------------------------------------------------

ENGINES = ("duckdb", "postgresql", "spark")
# Spark takes minutes for a build of any size: beside all other tests it does the
# first one, and all of them with `make test-spark`.
BUILDS_OF_SPARK = BUILDS if os.environ.get("PERENNIAL_TEST_ALL_DAYS") else BUILDS[:1]
COMPARED = [("postgresql", build) for build in BUILDS] + [
    ("spark", build) for build in BUILDS_OF_SPARK
]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    folder = tmp_path_factory.mktemp("parity_input")
    first, later = parity_input.write_days(folder)
    first_day = Day(first, parity_input.FIRST_DAY)
    next_day = Day(later, parity_input.NEXT_DAY)
    return [first_day, first_day, next_day, replace(next_day, policies=ABROAD)]


@pytest.fixture(scope="module")
def duckdb_builds(
    days: list[Day], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Build]:
    builds = build_on_duckdb(days, tmp_path_factory.mktemp("parity_duckdb"))
    return dict(zip(BUILDS, builds, strict=True))


@pytest.fixture(scope="module")
def postgresql_builds(
    days: list[Day],
    postgres_server: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Build]:
    """Builds on a PostgreSQL that sorts texts as a dictionary does."""
    cluster = postgres_server.with_database("parity")
    scratch = tmp_path_factory.mktemp("parity_postgres")
    return dict(zip(BUILDS, build_on_postgres(days, scratch, cluster), strict=True))


@pytest.fixture(scope="module")
def spark_builds(
    days: list[Day], spark: SparkCluster, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Build]:
    scratch = tmp_path_factory.mktemp("parity_spark")
    builds = build_on_spark(days[: len(BUILDS_OF_SPARK)], scratch, spark)
    return dict(zip(BUILDS_OF_SPARK, builds, strict=True))


@pytest.fixture(scope="module")
def on_duckdb(duckdb_builds: dict[str, Build]) -> dict[str, Path]:
    """The marts of DuckDB after each build."""
    return {name: build.tables for name, build in duckdb_builds.items()}


@pytest.mark.parametrize(("engine", "build"), COMPARED)
def test_every_cell_is_that_of_duckdb(
    on_duckdb: dict[str, Path],
    request: pytest.FixtureRequest,
    engine: str,
    build: str,
) -> None:
    builds = request.getfixturevalue(f"{engine}_builds")
    outcomes = compare(on_duckdb[build], builds[build].tables)
    print(f"\n{engine} against duckdb, {build}\n{as_table(outcomes)}")

    assert_equal(outcomes)


def assert_equal(outcomes: list[Outcome]) -> None:
    assert sum(one.differences for one in outcomes) == 0, told(outcomes)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_model_snapshot_seed_and_test_passes(
    request: pytest.FixtureRequest, engine: str
) -> None:
    builds = request.getfixturevalue(f"{engine}_builds")
    print(f"\n{engine}\n{engine_builds.as_table(builds)}")

    for build in builds.values():
        assert set(build.others) <= {"no-op"}
        assert build.passed("model") > 160
        assert build.passed("test") > 220
        assert (build.passed("snapshot"), build.passed("seed")) == (3, 2)
    # DuckDB runs them with the demo.
    if engine != "duckdb":
        assert builds["first build"].passed("unit_test") >= 190


def test_what_spark_runs_can_be_said_to_databricks(
    spark_builds: dict[str, Build],
) -> None:
    compiled = spark_builds[BUILDS_OF_SPARK[-1]].compiled
    faults = {
        name: fault
        for name, sql in compiled.items()
        if (fault := fault_of(sql, "databricks"))
    }

    assert not faults
    assert len(compiled) > 380


def test_spark_joins_customers_in_buckets_where_they_lie(
    spark_builds: dict[str, Build], spark: SparkCluster, tmp_path: Path
) -> None:
    assert spark_builds
    shown = subprocess.run(
        [sys.executable, "-c", PLAN],
        cwd=PROJECT,
        env={**os.environ, **environment_of(tmp_path), **spark.environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "SortMergeJoin" in shown
    assert "Window" in shown
    assert "Exchange" not in shown


# No table is small enough to be sent to every worker.
PLAN = """
from perennial.engines import read_target
from perennial.spark.session import session_of

with session_of(read_target("spark")) as spark:
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", -1)
    print(spark.sql('''
        explain
        select orders.order_id, customers.current_mrr, sum(mrr.ending_mrr) over (
            partition by orders.customer_key
        ) as mrr
        from perennial_marts.fct_orders as orders
        inner join perennial_marts.dim_customers as customers
            on orders.customer_key = customers.customer_key
        left join perennial_marts.fct_customer_mrr as mrr
            on
                orders.customer_key = mrr.customer_key
                and mrr.revenue_month = date '2024-01-01'
    ''').collect()[0][0])
"""


def test_both_workers_of_spark_do_tasks(
    spark_builds: dict[str, Build], spark: SparkCluster
) -> None:
    tasks: dict[str, Counter[str]] = {}
    for log in spark.event_logs.iterdir():
        counted = tasks.setdefault(log.name, Counter())
        for line in log.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["Event"] == "SparkListenerTaskEnd":
                counted[event["Task Info"]["Executor ID"]] += 1
    # The application with most tasks is a build.
    build = max(tasks.values(), key=Counter.total)
    print(f"\ntasks of a build by worker: {dict(build)}")

    assert len(build) == WORKERS
    assert min(build.values()) > 0.2 * build.total()


# --- The input --------------------------------------------------------------


@pytest.mark.parametrize("table", sorted(KEYS))
def test_the_input_reaches_every_table(on_duckdb: dict[str, Path], table: str) -> None:
    with opened(on_duckdb["a day later"]) as marts:
        assert marts.execute(f"select count(*) from marts.{table}").fetchone()[0] > 1


def test_a_build_of_the_same_restates_nothing_and_one_of_the_next_day_does(
    on_duckdb: dict[str, Path],
) -> None:
    counts = []
    for tables in on_duckdb.values():
        with opened(tables) as marts:
            counts += marts.execute(
                "select count(*) from marts.rpt_restatements"
            ).fetchone()

    # Under other policies nothing has been told yet.
    assert counts[:2] == counts[3:] * 2 == [0, 0]
    assert counts[2] > 50


def test_rows_of_demo_worlds_and_awkward_ones_are_rejected_side_by_side(
    on_duckdb: dict[str, Path],
) -> None:
    with opened(on_duckdb["first build"]) as marts:
        reasons = {
            reason
            for (text,) in marts.execute(
                "select distinct reasons from marts.fct_rejected_rows"
            ).fetchall()
            for reason in text.split("; ")
        }
        accepted = marts.execute(
            "select sum(accepted_rows) from marts.rpt_input_reconciliation"
        ).fetchone()[0]

    assert len(reasons) > 50
    assert accepted > 15_000


def test_no_customer_is_in_two_parts_of_the_input(tmp_path: Path) -> None:
    first_day, _ = parity_input.write_days(tmp_path)
    ids = {
        row["customer_id"].strip()
        for row in parity_input.read_tables(first_day)["customers"]
    } - {""}
    parts = [
        {row["customer_id"].strip() for row in part["customers"]} - {""}
        for part in (
            parity_input.read_tables(parity_input.DEMO),
            parity_input.read_tables(tmp_path / "worlds"),
            parity_input.awkward_rows.tables(),
        )
    ]

    assert sum(map(len, parts)) == len(ids)


# --- The comparison itself --------------------------------------------------

FAULTS = {
    "a cent": ("update {t} set total_clv = total_clv + 0.01 where {one}", "total_clv"),
    "a billionth of a rate": (
        "update {t} set lifespan_months = lifespan_months * (1 + 2e-9) where {one}",
        "lifespan_months",
    ),
    "a text": ("update {t} set clv_method = 'other' where {one}", "clv_method: first"),
    "a count": ("update {t} set order_count = order_count + 1 where {one}", "order_co"),
    "a null for a value": (
        "update {t} set formula_clv = null where {one}",
        "formula_clv",
    ),
    "no number for a value": (
        "update {t} set lifespan_months = 'nan' where {one}",
        "lifespan_months",
    ),
    "a row that is gone": ("delete from {t} where {one}", "a row of the first one"),
    "a row too many": (
        "insert into {t} select * from {t} where {one}",
        "a row of the other one",
    ),
    "two keys that changed places": (
        "update {t} set customer_key = case customer_key when '{a}' then '{b}'"
        " else '{a}' end where customer_key in ('{a}', '{b}')",
        "historical_revenue",
    ),
    "another type": (
        "alter table {t} alter order_count type bigint",
        "order_count: type INTEGER, other BIGINT",
    ),
    "a column that is gone": (
        "alter table {t} drop column clv_method",
        "columns ['clv_method'] on one side",
    ),
    "another order of columns": (
        "create or replace table {t} as select total_clv, * exclude (total_clv)"
        " from {t}",
        "order of columns",
    ),
    "a table that is gone": ("drop table {t}", "is not in the other one"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_finds_a_single_fault(
    on_duckdb: dict[str, Path], tmp_path: Path, fault: str
) -> None:
    first, other = (tmp_path / f"{name}.duckdb" for name in ("first", "other"))
    for path in (first, other):
        copy_table(on_duckdb["first build"], path, "fct_customer_lifetime_value")
    assert_equal(compare(first, other))

    statement, expected = FAULTS[fault]
    with duckdb.connect(other) as marts:
        table = "marts.fct_customer_lifetime_value"
        (a,), (b,) = marts.execute(
            f"select min(customer_key) from {table} where formula_clv > 1"
            " and lifespan_months > 0 group by historical_revenue"
            " order by historical_revenue limit 2"
        ).fetchall()
        one = f"customer_key = '{a}'"
        marts.execute(statement.format(t=table, one=one, a=a, b=b))
    outcomes = compare(first, other)

    assert sum(outcome.differences for outcome in outcomes) > 0
    assert expected in told(outcomes)


def test_less_than_a_cent_is_told_but_is_no_difference(
    on_duckdb: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.duckdb"
    copy_table(on_duckdb["first build"], other, "rpt_mrr_monthly")
    with duckdb.connect(other) as marts:
        marts.execute("update marts.rpt_mrr_monthly set arr = arr + 0.000001")
    (outcome,) = compare(on_duckdb["first build"], other, {"rpt_mrr_monthly"})

    assert outcome.differences == 0
    assert outcome.decimals - outcome.decimals_equal == outcome.rows


def test_what_is_not_compared_is_there_and_has_a_reason(
    on_duckdb: dict[str, Path],
) -> None:
    with opened(on_duckdb["first build"]) as marts:
        columns = marts.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'marts'"
        ).fetchall()

    assert set(NOT_COMPARED) <= set(columns)
    assert all(NOT_COMPARED.values())


def copy_table(source: Path, target: Path, table: str) -> None:
    with duckdb.connect(target) as marts:
        marts.execute(f"attach '{source}' as source (read_only); create schema marts")
        marts.execute(f"create table marts.{table} as from source.marts.{table}")
