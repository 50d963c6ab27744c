"""Builds the project once per input, in its own process, into throw-away files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import postgres_cluster
import pytest
import spark_cluster
from browser import Browser, started
from comparison import Built
from postgres_cluster import Cluster
from reference import compute
from spark_cluster import SparkCluster
from worlds import AS_OF, write_story, write_worlds

# Tests that run in the background, or under nohup, would ignore these, and so
# would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

PROJECT = Path(__file__).parents[2]
DEMO = PROJECT / "data/demo"
# Every policy that changes a number, set to something else than its default; but
# full_snapshot, of which test_full_snapshot.py has inputs.
ABROAD: dict[str, Any] = {
    "order_grain": "line",
    "reporting_timezone": "America/St_Johns",
    "source_timezone": "America/New_York",
    "inclusive_end_dates": True,
    "reporting_currency": "EUR",
    "fx_rate_policy": "version_start",
    "revenue_includes_shipping": True,
    "default_gross_margin": Decimal("0.6"),
    "subscription_gross_margin": Decimal("0.8"),
    "lapsed_after_days": 100,
    "high_value_full_price_share": Decimal("0.8"),
    "high_value_period_months": 7,
    "clv_period_months": 2,
    "max_lifetime_months": 24,
    "clv_horizon_months": 18,
    "annual_discount_rate": Decimal("0.2"),
    "backtest_share": 0.25,
    "churn_window_months": 3,
    "monthly_overheads": Decimal(50),
    "clv_calculator_overrides": {"customer_churn_rate": 0.05, "median_invoice": 25},
    "mrr_statuses": ["active", "unpaid"],
    "mrr_discounts": "all",
    "churn_recognition": "cancel_requested_at",
    "reactivation_grace_days": 20,
    "churn_rate_basis": "start_plus_new",
    "net_churn_includes_reactivation": False,
    "renewal_grace_days": 7,
    "renewal_match": "customer",
    "renewal_horizon_days": 45,
    "count_refunded_orders": False,
    "match_customers_by_email": False,
}


def environment_of(scratch: Path) -> dict[str, str]:
    """The environment of a command that writes below `scratch` only."""
    return {
        **os.environ,
        "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
        "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
        "PERENNIAL_PUBLISHED_FILE": str(scratch / "published.duckdb"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_USE_COLORS": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run_dbt(
    *arguments: str, scratch: Path, check: bool = True, unit_tests: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run dbt with everything it writes below `scratch`.

    Unit tests bring their own rows: once, with the demo, is enough of them.
    """
    if arguments[0] == "build" and not unit_tests:
        arguments = (*arguments, "--exclude-resource-type", "unit_test")
    # A subprocess, because an in-process dbt keeps the database file open.
    outcome = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *arguments],
        cwd=PROJECT,
        env=environment_of(scratch),
        capture_output=True,
        text=True,
        check=False,
    )
    if check:
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome


def show(
    inline: str,
    scratch: Path,
    target: str,
    environment: dict[str, str],
    **variables: str,
) -> list[dict[str, Any]]:
    """The rows of a query that dbt compiles and runs on an engine."""
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "show"),
            *("--target", target, "--vars", json.dumps(variables)),
            *("--inline", inline, "--limit", "-1", "--output", "json"),
        ],
        cwd=PROJECT,
        env={**environment_of(scratch), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-3000:]
    said = outcome.stdout
    return json.loads(said[said.index("{") : said.rindex("}") + 1])["show"]


@contextmanager
def profile_here(environment: dict[str, str]) -> Iterator[None]:
    """Let this process find the profile, and the server that it names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        patch.setenv("DBT_PROFILES_DIR", str(PROJECT))
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def run_perennial(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of perennial on the three files of a folder."""
    return subprocess.run(
        [sys.executable, "-m", "perennial", *arguments],
        cwd=PROJECT,
        env=environment_of(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def build_folder(folder: Path, as_of: date, scratch: Path, **policies: Any) -> None:
    """One `dbt build` of a folder that is dirty on purpose."""
    variables = {
        "input_path": str(folder),
        "as_of_date": as_of.isoformat(),
        "max_rejected_share": 1.0,
    }
    scratch.mkdir(parents=True, exist_ok=True)
    written = json.dumps(variables | policies, default=float)
    run_dbt("build", "--vars", written, scratch=scratch)


@contextmanager
def opened(work_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection."""
    with duckdb.connect(work_file, read_only=True) as connection:
        yield connection


@contextmanager
def story_built(
    scratch: Path, as_of: date, tables: dict[str, list[dict]], **policies: Any
) -> Iterator[Built]:
    """A hand-made case as built, beside the reference."""
    folder = write_story(scratch / "input", **tables)
    build_folder(folder, as_of, scratch / "build", **policies)
    expected = compute(folder, as_of, **policies)
    with opened(scratch / "build/work.duckdb") as warehouse:
        yield Built("story", folder, as_of, warehouse, expected)


@pytest.fixture(scope="session")
def demo_scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one full `dbt build` of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    run_dbt("build", scratch=folder, unit_tests=True)
    return folder


@pytest.fixture(scope="session")
def demo(demo_scratch: Path) -> Iterator[Built]:
    """The demo as built, beside the reference."""
    with opened(demo_scratch / "work.duckdb") as warehouse:
        (as_of,) = warehouse.execute(
            "select as_of_date from marts.build_info"
        ).fetchone()
        yield Built("demo", DEMO, as_of, warehouse, compute(DEMO, as_of))


@pytest.fixture(scope="session")
def published_folder(
    demo_scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of the demo's work file, its history, and what is published."""
    folder = tmp_path_factory.mktemp("published")
    for name in ("work.duckdb", "history.duckdb"):
        shutil.copy(demo_scratch / name, folder)
    outcome = run_perennial("publish", folder=folder)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (folder / "said.txt").write_text(outcome.stdout, encoding="utf-8")
    return folder


# Every test that needs one takes this one: playwright cannot run twice at a time.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium, of which every page is a new window."""
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Cluster]:
    """A running PostgreSQL with an empty database."""
    try:
        with postgres_cluster.running() as cluster:
            yield cluster
    except postgres_cluster.ClusterError as error:
        pytest.fail(str(error))


@pytest.fixture
def postgres(
    postgres_server: Cluster, request: pytest.FixtureRequest
) -> Iterator[Cluster]:
    """A database of the test's own on the running PostgreSQL."""
    database = postgres_server.with_database(f"test_{id(request.node):x}")
    yield database
    database.drop_database()


@pytest.fixture(scope="session")
def spark(
    postgres_server: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SparkCluster]:
    """A running Spark cluster with an empty catalog."""
    catalog = postgres_server.with_database("spark_catalog")
    folder = tmp_path_factory.mktemp("spark") / "cluster"
    try:
        with spark_cluster.started(folder, catalog.environment) as cluster:
            yield cluster
    except spark_cluster.SparkError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def worlds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input files of two hundred random worlds."""
    return write_worlds(tmp_path_factory.mktemp("worlds") / "input")


@pytest.fixture(scope="session")
def expected_worlds(worlds_folder: Path) -> dict[str, list[dict]]:
    """What the reference says of the worlds."""
    return compute(worlds_folder, AS_OF)


@pytest.fixture(scope="session")
def worlds_scratch(
    worlds_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of one full `dbt build` of all worlds."""
    folder = tmp_path_factory.mktemp("worlds_build")
    build_folder(worlds_folder, AS_OF, folder)
    return folder


@pytest.fixture(scope="session")
def worlds(
    worlds_scratch: Path, worlds_folder: Path, expected_worlds: dict[str, list[dict]]
) -> Iterator[Built]:
    """The worlds as built, beside the reference."""
    with opened(worlds_scratch / "work.duckdb") as warehouse:
        yield Built("worlds", worlds_folder, AS_OF, warehouse, expected_worlds)


@pytest.fixture(scope="session")
def abroad_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input files of other worlds, by line."""
    folder = tmp_path_factory.mktemp("abroad") / "input"
    return write_worlds(folder, order_grain="line")


@pytest.fixture(scope="session")
def expected_abroad(abroad_folder: Path) -> dict[str, list[dict]]:
    """What the reference says of them, with every policy another choice."""
    return compute(abroad_folder, AS_OF, **ABROAD)


@pytest.fixture(scope="session")
def abroad(
    abroad_folder: Path,
    expected_abroad: dict[str, list[dict]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    """Other worlds, by line, under policies that are all another choice."""
    scratch = tmp_path_factory.mktemp("abroad_build")
    build_folder(abroad_folder, AS_OF, scratch, **ABROAD)
    with opened(scratch / "work.duckdb") as warehouse:
        yield Built("worlds abroad", abroad_folder, AS_OF, warehouse, expected_abroad)


@pytest.fixture(scope="session", params=["demo", "worlds", "abroad"])
def built(request: pytest.FixtureRequest) -> Built:
    """Each of the three builds in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def as_of(built: Built) -> date:
    """The as-of date of the build."""
    return built.as_of
