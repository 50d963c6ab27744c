"""`perennial fit`: the fit of an engine without Python models, on DuckDB.

It goes the whole way through dbt, out and back, so that the two roads can be
held against each other.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import DEMO, run_dbt, run_perennial

VARIABLES = f"{{input_path: {DEMO}, as_of_date: 2025-12-31, clv_fitted_by: command}}"
# What the scores need to be the same: the fit is made on the same counts.
TOLERANCE = 1e-12


def run_fit(scratch: Path, variables: str) -> subprocess.CompletedProcess[str]:
    return run_perennial("fit", "--vars", variables, folder=scratch)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fit_command")


@pytest.fixture(scope="module")
def unfitted(scratch: Path) -> subprocess.CompletedProcess[str]:
    """A build before anything is fitted."""
    return run_dbt("build", "--vars", VARIABLES, scratch=scratch, check=False)


@pytest.fixture(scope="module")
def outcome(
    scratch: Path, unfitted: subprocess.CompletedProcess[str]
) -> subprocess.CompletedProcess[str]:
    """The fit, and the build that scores with it."""
    fitted = run_fit(scratch, VARIABLES)
    assert fitted.returncode == 0, fitted.stdout + fitted.stderr
    run_dbt("build", "--vars", VARIABLES, scratch=scratch)
    return fitted


def test_a_build_without_a_fit_says_what_to_run(
    unfitted: subprocess.CompletedProcess[str],
) -> None:
    assert unfitted.returncode == 1
    assert "there is no table fitted.clv_models; run perennial fit" in unfitted.stdout
    assert "Traceback" not in unfitted.stdout


def test_it_says_what_became_of_each_model(
    outcome: subprocess.CompletedProcess[str],
) -> None:
    lines = outcome.stdout.splitlines()
    assert any(line.startswith("as_of  orders  all  bg_nbd: ") for line in lines)
    assert any(line.startswith("backtest  orders  all  ") for line in lines)
    assert any(line.startswith("as_of  renewals  all, month  ") for line in lines)


def test_what_it_reads_is_neither_printed_nor_logged(
    scratch: Path, outcome: subprocess.CompletedProcess[str]
) -> None:
    """With a million customers it is a million lines."""
    header = "| cut_name | frequency | recency_days |"
    assert header not in outcome.stdout
    assert header not in (scratch / "logs/dbt.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table",
    [
        "marts.fct_customer_lifetime_value",
        "marts.clv_model_parameters",
        "marts.rpt_clv_backtest",
        "marts.rpt_subscription_survival",
    ],
)
def test_the_scores_are_those_of_the_fit_within_the_build(
    scratch: Path,
    outcome: subprocess.CompletedProcess[str],
    demo_scratch: Path,
    table: str,
) -> None:
    by_command = read(scratch / "work.duckdb", table)
    by_dbt = read(demo_scratch / "work.duckdb", table)
    assert len(by_command) == len(by_dbt) > 0
    for ours, theirs in zip(by_command, by_dbt, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            if isinstance(one, float) and isinstance(other, float):
                assert one == pytest.approx(other, rel=TOLERANCE, abs=TOLERANCE)
            else:
                assert one == other


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2025-12-31", "2025-11-30", "and this build has cut 2025-11-30"),
        # The same customers, purchases and days; another value of each order.
        (
            "}",
            ", revenue_includes_shipping: true}",
            "and this build has cut 2025-12-31",
        ),
        ("}", ", max_lifetime_months: 72}", "365.0 days ahead, at most 2190.0"),
    ],
)
def test_the_fit_of_another_history_stops_the_build(
    scratch: Path,
    outcome: subprocess.CompletedProcess[str],
    old: str,
    new: str,
    told: str,
) -> None:
    stopped = run_dbt(
        *("build", "--select", "+int_clv_models_fitted"),
        *("--vars", VARIABLES.replace(old, new)),
        scratch=scratch,
        check=False,
    )
    assert stopped.returncode == 1
    text = " ".join(stopped.stdout.split())
    assert "are fitted to another history: cut 2025-12-31" in text
    assert told in text


def test_what_dbt_cannot_build_is_one_line(tmp_path: Path) -> None:
    failed = run_fit(tmp_path, "{input_path: nowhere}")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("Error: dbt build failed")
    assert "Traceback" not in failed.stdout + failed.stderr


def read(work_file: Path, table: str) -> list[tuple]:
    with duckdb.connect(work_file, read_only=True) as connection:
        return connection.execute(f"select * from {table} order by all").fetchall()
