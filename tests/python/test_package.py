"""perennial as a package of another dbt project: models, macros, variables."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

REPOSITORY = Path(__file__).parents[2]
TEMPLATE = Path(__file__).parent / "package_project"
ORDERS = [
    ("o1", "ada", "2024-01-05", "20.00"),
    ("o2", "ada", "2024-03-05", "30.00"),
    ("o3", "bob", "2024-06-01", "40.00"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's project with two customers' orders, built."""
    folder = tmp_path_factory.mktemp("package") / "shop"
    shutil.copytree(TEMPLATE, folder)
    (folder / "packages.yml").write_text(f"packages:\n  - local: {REPOSITORY}\n")
    (folder / "inputs").mkdir()
    with (folder / "inputs/orders.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "customer_id", "ordered_at", "gross_amount"])
        writer.writerows(ORDERS)
    run(["deps"], folder)
    run(["build", "--exclude-resource-type", "unit_test"], folder)
    return folder


def run(command: list[str], folder: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command, "--profiles-dir", "."],
        cwd=folder,
        env={**os.environ, "DBT_TARGET_PATH": "target", "DBT_LOG_PATH": "logs"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_its_models_macros_and_tests_work_in_the_other_project(project: Path) -> None:
    with duckdb.connect(project / "shop.duckdb", read_only=True) as warehouse:
        rows = warehouse.execute(
            "select customer_key, historical_margin, margin_per_order"
            " from main.best_customers order by customer_key"
        ).fetchall()

    assert [(key, float(margin), each) for key, margin, each in rows] == [
        ("files:ada", 50.0, 25.0),
        ("files:bob", 40.0, 40.0),
    ]


def test_a_variable_of_the_other_project_reaches_the_package(project: Path) -> None:
    with duckdb.connect(project / "shop.duckdb", read_only=True) as warehouse:
        statuses = warehouse.execute(
            "select customer_key, customer_status from marts.dim_customers"
            " order by customer_key"
        ).fetchall()

    # On 2024-06-01 the last order of ada is 88 days old, more than 60.
    assert statuses == [("files:ada", "lapsed"), ("files:bob", "active")]


def test_a_build_of_the_other_project_is_recorded_as_whole(project: Path) -> None:
    with duckdb.connect(project / "shop.duckdb", read_only=True) as warehouse:
        runs = warehouse.execute(
            "select command, ended_at is not null, nodes_failed, nodes_missing, note,"
            " invocation_id = (select build_id from marts.build_info)"
            " from utilities.dbt_runs"
        ).fetchall()

    assert runs == [("build", True, 0, 0, None, True)]
