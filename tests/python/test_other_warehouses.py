"""Warehouses that no test can start: what is compiled can be said in their SQL.

All models, snapshots, tests of data and analyses, as compiled for PostgreSQL,
are translated to each dialect by sqlglot and read again there; for Databricks
what Spark runs is, in test_parity. docs/warehouses.md says what that proves, and
what it does not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import PROJECT, environment_of
from other_dialects import COMPILED, FROM_POSTGRES, SOURCES, fault_of, sql_of_nodes
from postgres_cluster import Cluster
from worlds import write_story

ORDER = {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-01-01"}
ORDER |= {"gross_amount": "10"}
SUBSCRIPTION = {"subscription_id": "s1", "customer_id": "c1", "unit_amount": "10"}
SUBSCRIPTION |= {"started_at": "2024-01-01", "billing_interval": "month"}


@pytest.fixture(scope="module")
def compiled(
    postgres_server: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Node to its SQL, as compiled for a PostgreSQL that holds every table."""
    scratch = tmp_path_factory.mktemp("other_warehouses")
    story = {"orders": [ORDER], "subscriptions": [SUBSCRIPTION]}
    folder = write_story(scratch / "input", **story)
    database = postgres_server.with_database("other_warehouses")
    target = ("--target", "postgres")
    variables = ("--vars", "{input_schema: raw}")
    for arguments in (
        ("perennial", "load", *target, str(folder), "--schema", "raw"),
        ("dbt.cli.main", "compile", *target, *variables),
    ):
        outcome = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT,
            env=environment_of(scratch) | database.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    yield sql_of_nodes(scratch / "target/manifest.json")
    database.drop_database()


@pytest.mark.parametrize("dialect", FROM_POSTGRES)
def test_everything_that_is_compiled_can_be_said_in_another_dialect(
    compiled: dict[str, str], dialect: str
) -> None:
    faults = {
        name: fault
        for name, sql in compiled.items()
        if (fault := fault_of(sql, dialect))
    }

    assert not faults
    assert {name.split(".")[0] for name in compiled} == COMPILED
    assert len(compiled) > 380


@pytest.mark.parametrize("dialect", SOURCES)
def test_what_cannot_be_read_is_told(dialect: str) -> None:
    assert fault_of("select a from (select 1 as a", dialect)


def test_what_a_dialect_lacks_is_told() -> None:
    nulls = "select sum(a) over (order by b nulls last) from t"

    assert "NULLS LAST" in fault_of(nulls, "bigquery")
    assert not fault_of(nulls, "snowflake")


def test_a_named_window_is_spelled_out() -> None:
    named = "select sum(a) over w from t window w as (partition by b order by c)"

    assert not fault_of(named, "bigquery")
