"""What dbt_runs says of each run, by which a build is known to be whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT, environment_of, opened
from dbt_sequence import Case, Result, run_cases
from worlds import write_story

ORDERS = [
    {"order_id": "o1", "customer_id": "a", "ordered_at": "2025-01-05"},
    {"order_id": "o2", "customer_id": "b", "ordered_at": "2025-03-01"},
]
DATA_ONLY = ["--exclude-resource-type", "unit_test"]
SOME_TESTS = "sound_rows_util_input_gate"
# In this order, in one work file; a refused run and a test leave no row.
RUNS = {
    "green": ["build", *DATA_ONLY],
    "refused": ["build", "--vars", "{input_paht: x}"],
    "part": ["build", "--select", "util_numbers", *DATA_ONLY],
    "empty": ["build", "--empty", "--select", "util_numbers", *DATA_ONLY],
    "sample": ["build", "--sample", "3 days", "--select", "util_numbers", *DATA_ONLY],
    "with unit tests": ["build", "--select", "rpt_closed_months"],
    "run": ["run", "--select", "util_numbers"],
    "seed": ["seed", "--select", "rfm_segments"],
    "test": ["test", "--select", SOME_TESTS],
}
RECORDED = [name for name in RUNS if name not in ("refused", "test")]
Row = dict[str, Any]


def rows_of(work_file: Path) -> list[Row]:
    """The rows of dbt_runs, oldest first."""
    with opened(work_file) as connection:
        cursor = connection.execute(
            "select * from utilities.dbt_runs order by started_at"
        )
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def tables_of(work_file: Path) -> list[tuple]:
    if not work_file.exists():
        return []
    with opened(work_file) as connection:
        return connection.execute("select * from information_schema.tables").fetchall()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An input of two orders."""
    folder = tmp_path_factory.mktemp("record") / "input"
    orders = [order | {"gross_amount": "10"} for order in ORDERS]
    return write_story(folder, orders=orders)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each work file, with what stands in it before the run."""
    names = ("runs", "failing", "history ahead", "work file ahead")
    folders = {name: tmp_path_factory.mktemp("work") for name in names}
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    with duckdb.connect(folders["failing"] / "work.duckdb") as work_file:
        work_file.execute("create schema utilities")
        work_file.execute(
            "create table utilities.util_input_gate as"
            " select 'orders' as table_name from range(2)"
        )
    with duckdb.connect(folders["history ahead"] / "history.duckdb") as history:
        history.execute("create schema snapshots")
        history.execute(
            "create table snapshots.snap_builds as select ?::timestamp as told_at",
            [ahead],
        )
    with duckdb.connect(folders["work file ahead"] / "work.duckdb") as work_file:
        work_file.execute("create schema utilities")
        work_file.execute(
            "create table utilities.dbt_runs as select ?::timestamp as started_at",
            [ahead],
        )
    return folders


@pytest.fixture(scope="module")
def results(
    source: Path, folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Result]:
    """What each run printed. dbt_runs is read after the last one."""
    variables = json.dumps({"input_path": str(source)})
    cases = {
        name: Case(
            arguments if "--vars" in arguments else [*arguments, "--vars", variables],
            str(folders["runs"] / "work.duckdb"),
        )
        for name, arguments in RUNS.items()
    }
    cases["failing"] = Case(
        ["build", "--select", SOME_TESTS, "--vars", variables],
        str(folders["failing"] / "work.duckdb"),
    )
    for name in ("history ahead", "work file ahead"):
        cases[name] = Case(
            ["build", "--select", "util_numbers", "--vars", variables],
            str(folders[name] / "work.duckdb"),
        )
    scratch = tmp_path_factory.mktemp("sequence")
    return dict(zip(cases, run_cases(list(cases.values()), scratch), strict=True))


@pytest.fixture(scope="module")
def recorded(results: dict[str, Result], folders: dict[str, Path]) -> dict[str, Row]:
    """The row of each run that leaves one."""
    rows = rows_of(folders["runs"] / "work.duckdb")
    assert len(rows) == len(RECORDED), rows
    return dict(zip(RECORDED, rows, strict=True))


def test_a_green_build_is_whole_and_the_one_of_build_info(
    recorded: dict[str, Row], results: dict[str, Result], folders: dict[str, Path]
) -> None:
    assert results["green"].returncode == 0, results["green"].text
    row = recorded["green"]
    with opened(folders["runs"] / "work.duckdb") as warehouse:
        build = warehouse.execute("select build_id from marts.build_info").fetchone()

    assert build == (row["invocation_id"],)
    assert row["command"] == "build"
    assert row["started_at"] < row["ended_at"] < datetime.now(UTC).replace(tzinfo=None)
    assert row["nodes_done"] > 300
    assert (row["nodes_failed"], row["nodes_missing"]) == (0, 0)
    assert (row["first_failure"], row["note"]) == (None, None)


def test_what_was_not_selected_is_missing(recorded: dict[str, Row]) -> None:
    whole = recorded["green"]["nodes_done"]
    for name in ("part", "empty", "sample", "run", "seed"):
        row = recorded[name]
        assert 0 < row["nodes_done"] < 10, name
        assert row["nodes_done"] + row["nodes_missing"] == whole, name
        assert row["nodes_failed"] == 0


def test_unit_tests_do_not_count(
    recorded: dict[str, Row], results: dict[str, Result]
) -> None:
    # The model with its data tests; the unit test would be one more.
    assert "START unit_test rpt_closed_months" in results["with unit tests"].text
    done = recorded["with unit tests"]["nodes_done"]
    missing = recorded["with unit tests"]["nodes_missing"]
    assert done + missing == recorded["green"]["nodes_done"]


def test_a_run_that_reads_less_than_all_says_so(recorded: dict[str, Row]) -> None:
    notes = {name: row["note"] for name, row in recorded.items() if row["note"]}

    assert notes == {"empty": "--empty", "sample": "--sample"}


def test_every_command_that_changes_tables_leaves_its_name(
    recorded: dict[str, Row],
) -> None:
    assert recorded["run"]["command"] == "run"
    assert recorded["seed"]["command"] == "seed"


def test_a_refused_run_leaves_nothing(
    recorded: dict[str, Row], results: dict[str, Result]
) -> None:
    # `recorded` has one row for each other run: this one has none.
    assert results["refused"].returncode == 1
    assert "there is no variable input_paht" in results["refused"].text


def test_a_failed_data_test_is_named_without_its_message(
    results: dict[str, Result], folders: dict[str, Path]
) -> None:
    assert results["failing"].returncode == 1
    (row,) = rows_of(folders["failing"] / "work.duckdb")

    assert row["ended_at"] is not None
    assert (row["nodes_done"], row["nodes_failed"]) == (0, 1)
    name, _, status = row["first_failure"].partition(": ")
    assert name.startswith(f"test.perennial.{SOME_TESTS}")
    assert status == "fail"


def test_a_failed_test_of_rows_says_which_rule_was_broken(
    results: dict[str, Result],
) -> None:
    rule = "more than one row with the same table_name (primary_key)"

    assert f"{SOME_TESTS}, 1 row: {rule}" in results["failing"].text


@pytest.mark.parametrize(
    ("name", "known", "remedy"),
    [
        ("history ahead", "the history has a build", "history.duckdb"),
        ("work file ahead", "the work file has a run", "work.duckdb"),
    ],
)
def test_a_clock_that_was_set_back_is_refused(
    name: str,
    known: str,
    remedy: str,
    results: dict[str, Result],
    folders: dict[str, Path],
) -> None:
    result = results[name]

    assert result.returncode == 1
    assert "Traceback" not in result.text
    (line,) = [line for line in result.text.splitlines() if known in line]
    assert "the clock of this machine was set back" in line
    assert str(folders[name] / remedy) in line
    assert "util_numbers" not in str(tables_of(folders[name] / "work.duckdb"))


def test_a_killed_build_has_no_end(source: Path, tmp_path: Path) -> None:
    work_file = tmp_path / "work.duckdb"
    kill_after(" 9 of ", source, tmp_path)

    (row,) = rows_of(work_file)
    assert row["command"] == "build"
    assert row["ended_at"] is None
    assert (row["nodes_done"], row["nodes_missing"]) == (None, None)
    assert len(tables_of(work_file)) > 2


def kill_after(line_with: str, source: Path, scratch: Path) -> None:
    """Begin a build and kill its process group as soon as it prints a text."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dbt.cli.main", "build", *DATA_ONLY),
            *("--vars", json.dumps({"input_path": str(source)})),
        ],
        cwd=PROJECT,
        env=environment_of(scratch) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line_with in line and " OK " in line:
                break
        else:
            pytest.fail("the build ended before it was killed: " + "".join(printed))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
