"""A daily run leaves what a full one would: for two hundred random histories."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from daily_histories import DAYS, Day, write_histories
from dbt_sequence import Case, run_cases
from table_comparison import compare
from worlds import write_story

DATA_ONLY = ["--exclude-resource-type", "test", "unit_test"]
DAILY = "Only customers of whom something is new are computed anew"
AGAIN = next(n for n in range(1, len(DAYS)) if DAYS[n] == DAYS[n - 1])
SHOWN = 5
# By other choices more of what is known of a customer depends on the day.
OTHER_CHOICES = {
    "renewal_match": "customer",
    "renewal_grace_days": 5,
    "reactivation_grace_days": 10,
    "churn_recognition": "cancel_requested_at",
    "fx_rate_policy": "version_start",
    "mrr_statuses": ["active", "unpaid"],
    "mrr_discounts": "all",
    "order_grain": "line",
    "full_snapshot": True,
    "reporting_timezone": "America/St_Johns",
}


@dataclass(frozen=True)
class Histories:
    """What daily and full runs of the same days have left, day by day."""

    days: list[Day]
    daily: list[Path]
    full: list[Path]
    said: list[str]
    scratch: Path


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    """All days, by the default choices."""
    return told(tmp_path_factory.mktemp("daily"), DAYS, {})


@pytest.fixture(scope="module")
def other_histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    """Some of them, by others."""
    return told(tmp_path_factory.mktemp("others"), DAYS[::2], OTHER_CHOICES)


def told(scratch: Path, dates: list[date], choices: dict[str, Any]) -> Histories:
    """Both ways see each day once, in order, and keep their own history.

    The work file of a way goes from day to day under the same name; a copy of
    it stays for the comparison.
    """
    as_exports = choices.get("full_snapshot", False)
    days = write_histories(scratch, dates, as_exports=as_exports)
    copies: dict[str, list[Path]] = {"daily": [], "anew": []}
    said = []
    for number, day in enumerate(days):
        cases = []
        for way, flags in (("daily", []), ("anew", ["--full-refresh"])):
            folder = scratch / way
            folder.mkdir(exist_ok=True)
            variables = {
                "input_path": str(scratch / "input"),
                "as_of_date": day.as_of.isoformat(),
                "max_rejected_share": 1.0,
                **choices,
            }
            arguments = ["build", *flags, *DATA_ONLY, "--vars", json.dumps(variables)]
            cases.append(Case(arguments, str(folder / "work.duckdb")))
        link = scratch / "input"
        link.unlink(missing_ok=True)
        link.symlink_to(day.folder)
        results = run_cases(cases, scratch / "runs")
        for way, case, result in zip(copies, cases, results, strict=True):
            assert result.returncode == 0, result.text[-4000:]
            copy = scratch / way / f"{number}.duckdb"
            copy.write_bytes(Path(case.work_file).read_bytes())
            copies[way].append(copy)
        said.append(results[0].text)
    return Histories(days, copies["daily"], copies["anew"], said, scratch)


def touched_models(scratch: Path) -> list[tuple[str, str]]:
    """Schema and name of every model that is kept by touched customers."""
    manifest = json.loads((scratch / "runs/target/manifest.json").read_text())
    return [
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        if node["config"].get("incremental_strategy") == "touched"
    ]


def test_all_days_but_the_first_are_daily_runs(histories: Histories) -> None:
    assert "Everything is computed anew: nothing was built yet" in histories.said[0]
    for text in histories.said[1:]:
        assert DAILY in text


def test_a_day_touches_some_customers_and_not_the_others(histories: Histories) -> None:
    shares = []
    for file in histories.daily[1:]:
        with duckdb.connect(str(file), read_only=True) as connection:
            shares += connection.execute(
                "select count(*) filter (where touched_by ="
                " (select max_by(invocation_id, started_at) from utilities.dbt_runs))"
                " / count(*) from intermediate.int_customers_tracked"
            ).fetchone()
    assert shares.pop(AGAIN - 1) == 0
    assert all(0.1 < share < 0.8 for share in shares), shares


def test_each_model_is_equal_to_a_full_refresh(histories: Histories) -> None:
    assert_models_are_equal(histories)


def test_so_it_is_by_other_choices(other_histories: Histories) -> None:
    assert all(DAILY in text for text in other_histories.said[1:])
    assert_models_are_equal(other_histories)


def assert_models_are_equal(histories: Histories) -> None:
    """Row by row and to the last decimal, for every history and day."""
    models = touched_models(histories.scratch)
    assert len(models) >= 12
    differing: dict[str, set[str]] = {}
    worlds: set[str] = set()
    with duckdb.connect() as connection:
        for number in range(len(histories.days)):
            for way in ("daily", "anew"):
                file = histories.scratch / way / f"{number}.duckdb"
                connection.execute(f"attach '{file}' as {way} (read_only)")
            for schema, name in models:
                rows = connection.execute(
                    f"(from daily.{schema}.{name} except all"
                    f" from anew.{schema}.{name}) union all"
                    f" (from anew.{schema}.{name} except all"
                    f" from daily.{schema}.{name})"
                ).fetchall()
                for row in rows:
                    world = re.search(r"\bw\d{3}\b", str(row))
                    found = f"day {number}, {name}: {row}"
                    key = world.group() if world else "none"
                    differing.setdefault(key, set()).add(found)
                keys = connection.execute(
                    f"select distinct customer_key from anew.{schema}.{name}"
                ).fetchall()
                worlds |= set(re.findall(r"\bw\d{3}\b", str(keys)))
            connection.execute("detach daily")
            connection.execute("detach anew")
    shown = [text for texts in differing.values() for text in sorted(texts)[:SHOWN]]
    print(f"{len(worlds - set(differing))} of {len(worlds)} histories are equal")
    assert not differing, "\n".join(shown[:40])
    assert len(worlds) >= 100


def test_public_tables_are_equal_to_a_full_refresh(histories: Histories) -> None:
    for daily, full in zip(histories.daily, histories.full, strict=True):
        outcomes = compare(daily, full)
        shown = [text for outcome in outcomes for text in outcome.shown]
        assert sum(outcome.differences for outcome in outcomes) == 0, shown
        assert len(outcomes) >= 30


def test_a_batch_that_comes_twice_changes_nothing(histories: Histories) -> None:
    before, after = histories.daily[AGAIN - 1 : AGAIN + 1]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{before}' as before (read_only)")
        connection.execute(f"attach '{after}' as after (read_only)")
        for schema, name in touched_models(histories.scratch):
            (count,) = connection.execute(
                f"select count(*) from ((from before.{schema}.{name} except all"
                f" from after.{schema}.{name}) union all"
                f" (from after.{schema}.{name} except all"
                f" from before.{schema}.{name}))"
            ).fetchone()
            assert count == 0, name


def test_models_are_made_of_what_is_tracked(histories: Histories) -> None:
    """Whatever else a model by touched customers reads would go unnoticed.

    Upstream of it, every path from an input leads through a table whose rows
    int_customers_tracked adds up. The as-of date, months and seeds are the same
    for all customers: a change of them makes a full run, or is in the sums.
    """
    manifest = json.loads((histories.scratch / "runs/target/manifest.json").read_text())
    nodes = manifest["nodes"]
    (tracked,) = (n for n in nodes if n.endswith(".int_customers_tracked"))
    ends = {tracked, *nodes[tracked]["depends_on"]["nodes"]}
    for name, node in nodes.items():
        if node["resource_type"] == "seed" or node.get("schema") == "utilities":
            ends.add(name)
    for name, node in nodes.items():
        if node["config"].get("incremental_strategy") != "touched":
            continue
        assert tracked in node["depends_on"]["nodes"], name
        waiting, seen = [name], set()
        while waiting:
            parent = waiting.pop()
            if parent in seen or parent in ends:
                continue
            seen.add(parent)
            assert "_unioned" not in parent, f"{name} is made of {parent}"
            assert "_checked" not in parent, f"{name} is made of {parent}"
            assert nodes[parent]["resource_type"] == "model", f"{name}, {parent}"
            waiting += nodes[parent]["depends_on"]["nodes"]


# In this order, in one work file: how a run is called, and why it is a full one.
FULL_RUNS: list[tuple[list[str], dict[str, object], str]] = [
    ([], {}, "nothing was built yet"),
    (["--select", "util_numbers"], {}, ""),
    ([], {}, "the last run did not build everything"),
    ([], {"lapsed_after_days": 90}, "the project or its variables have changed"),
    ([], {"as_of_date": "2025-04-01", "lapsed_after_days": 90}, "a month has begun"),
    ([], {"lapsed_after_days": 90}, "the as-of date was 2025-04-01"),
]


def test_a_run_that_can_not_build_on_the_last_one_is_full(tmp_path: Path) -> None:
    folder = write_story(
        tmp_path / "input",
        orders=[
            {"order_id": "o1", "customer_id": "a", "ordered_at": "2025-01-05"}
            | {"gross_amount": "10"}
        ],
        subscriptions=[
            {"subscription_id": "s1", "customer_id": "a", "started_at": "2025-01-05"}
            | {"unit_amount": "10", "billing_interval": "month"}
        ],
    )
    cases = []
    for arguments, variables, _ in FULL_RUNS:
        given = {"input_path": str(folder), "as_of_date": "2025-03-31", **variables}
        command = ["build", *arguments, *DATA_ONLY, "--vars", json.dumps(given)]
        cases.append(Case(command, str(tmp_path / "work.duckdb")))
    results = run_cases(cases, tmp_path / "runs")
    for (_, _, reason), result in zip(FULL_RUNS, results, strict=True):
        assert result.returncode == 0, result.text[-4000:]
        said = re.findall("Everything is computed anew: (.*)", result.text)
        assert said == ([reason] if reason else [])
