"""Builds the project once per input, in its own process, into throw-away files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest
from comparison import Built
from reference import compute
from worlds import AS_OF, write_worlds

PROJECT = Path(__file__).parents[2]
DEMO = PROJECT / "data/demo"


def run_dbt(
    *arguments: str, scratch: Path, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run dbt with everything it writes below `scratch`."""
    # A subprocess, because an in-process dbt keeps the database file open.
    outcome = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *arguments],
        cwd=PROJECT,
        env={
            **os.environ,
            "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
            "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
            "PERENNIAL_PUBLISHED_FILE": str(scratch / "published.duckdb"),
            "DBT_TARGET_PATH": str(scratch / "target"),
            "DBT_LOG_PATH": str(scratch / "logs"),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_USE_COLORS": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if check:
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome


@contextmanager
def opened(work_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection."""
    with duckdb.connect(work_file, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def demo_scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one full `dbt build` of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    run_dbt("build", scratch=folder)
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
    variables = {
        "input_path": str(worlds_folder),
        "as_of_date": AS_OF.isoformat(),
        # They are dirty on purpose.
        "max_rejected_share": 1.0,
    }
    run_dbt("build", "--vars", json.dumps(variables), scratch=folder)
    return folder


@pytest.fixture(scope="session")
def worlds(
    worlds_scratch: Path, worlds_folder: Path, expected_worlds: dict[str, list[dict]]
) -> Iterator[Built]:
    """The worlds as built, beside the reference."""
    with opened(worlds_scratch / "work.duckdb") as warehouse:
        yield Built("worlds", worlds_folder, AS_OF, warehouse, expected_worlds)


@pytest.fixture(scope="session", params=["demo", "worlds"])
def built(request: pytest.FixtureRequest) -> Built:
    """Each of the two builds in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def as_of(built: Built) -> date:
    """The as-of date of the build."""
    return built.as_of
