"""Variables and options: what is no value of theirs never reaches SQL.

Free text (a folder, a name, a reason) may hold anything, and stays text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from conftest import PROJECT, opened
from dbt_sequence import Case, Result, run_cases
from worlds import write_story

from perennial.cli import main

CLASSICS = (
    "x' or 1=1 --",
    "1; drop table x",
    "{{ 1/0 }}",
    "$$; select 1; $$",
    "one\ntwo",
    "x\\' or 1=1 --",
    "UTC' or 1=1 --",
    "2025-12-31' or 1=1 --",
    "true or 1=1",
    "default' or 1=1 --",
    "0 or 1=1",
)
# No texts, and of no kind that a variable takes.
STRANGE: tuple[Any, ...] = (float("inf"), float("nan"), -1e308, [["x"]], [{"a": 1}])
FREE_TEXTS = {"input_path", "history_name", "restatement_reason"}
DEFAULTS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
# One run of each kind; the other variables of the kind are asked by the macro.
RUNS: dict[str, tuple[str, Any]] = {
    "choice": ("order_grain", CLASSICS[0]),
    "choices": ("mrr_statuses", [CLASSICS[0]]),
    "preset": ("metric_preset", CLASSICS[2]),
    "pattern": ("input_schema", CLASSICS[0]),
    "currency": ("reporting_currency", "US' or 1=1 --"),
    "date": ("as_of_date", CLASSICS[0]),
    "zone": ("reporting_timezone", CLASSICS[0]),
    "no zone at all": ("source_timezone", ["UTC"]),
    "boolean": ("inclusive_end_dates", "true or 1=1"),
    "number": ("max_rejected_share", CLASSICS[1]),
    "whole number": ("lapsed_after_days", CLASSICS[3]),
    "no number that SQL has": ("monthly_overheads", float("inf")),
    "mapping": ("input_columns", CLASSICS[0]),
    "a template": ("history_name", "{{ run_query('select 1') }}"),
    "text of one line": ("restatement_reason", "one\ntwo"),
    # What a variable says is published.
    "an address": ("restatement_reason", "asked for by jane@example.com"),
    "an address in a path": ("input_path", "/home/jane@example.com/shop"),
    "an address in a word": ("order_grain", "jane%40example.com"),
    "an address in a mapping": (
        "input_columns",
        {"orders": {"platform": "jane@example.com"}},
    ),
}
MAPPINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "table": ("there is no table x' or 1=1 --", {"input_columns": {CLASSICS[0]: {}}}),
    "column": (
        "table orders has no column x' or 1=1 --",
        {"input_columns": {"orders": {CLASSICS[0]: "id"}}},
    ),
    "columns": (
        "input_columns: orders takes a mapping",
        {"input_columns": {"orders": CLASSICS[0]}},
    ),
    "input": (
        "there is no input x' or 1=1 --",
        {"clv_calculator_overrides": {CLASSICS[0]: 1}},
    ),
    "value": (
        "median_invoice takes a number",
        {"clv_calculator_overrides": {"median_invoice": CLASSICS[0]}},
    ),
    "infinite value": (
        "median_invoice takes a number",
        {"clv_calculator_overrides": {"median_invoice": float("inf")}},
    ),
    "variable": ("there is no variable x' or 1=1 --", {CLASSICS[0]: 1}),
}
# A folder, a name and a reason that nobody would choose.
FREE_TEXT = "x' or 1=1 -- $$; drop table x"


# Lists each variable with the place of each value that it takes.
ASKING = """
    {% for name, rule in policies().items() %}
    {% for value in fromyaml(TEXT) %}
    {% if _is_accepted(value, rule) %}<{{ name }}:{{ loop.index0 }}>{% endif %}
    {% endfor %}
    {% endfor %}
    select 1
"""


def variables(given: object) -> str:
    # YAML, since JSON has no infinity.
    return yaml.safe_dump(given, width=10_000, allow_unicode=True)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("injection") / FREE_TEXT
    row = {"customer_id": "c1", "ordered_at": "2025-01-05", "gross_amount": "5"}
    return write_story(folder, orders=[row | {"order_id": "o1"}])


@pytest.fixture(scope="module")
def runs(
    story: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Result, Path]]:
    """Every refused run, and the one with free texts, with one parse."""
    scratch = tmp_path_factory.mktemp("injection_runs")
    # A column may have any name, also this one.
    mapped = scratch / "mapped"
    mapped.mkdir()
    (mapped / "orders.csv").write_text(
        f"{CLASSICS[0]},customer_id,ordered_at,gross_amount\no1,c1,2025-01-05,5\n"
    )
    free = {"input_path": str(story), "as_of_date": "2025-01-31"}
    free |= {"history_name": FREE_TEXT, "restatement_reason": FREE_TEXT}
    by_name = {"input_path": str(mapped), "as_of_date": "2025-01-31"}
    by_name["input_columns"] = {"orders": {"order_id": CLASSICS[0].upper()}}
    chosen = {kind: dict([pair]) for kind, pair in RUNS.items()}
    chosen |= {f"mapping of a {name}": given for name, (_, given) in MAPPINGS.items()}
    chosen |= {"free": free, "mapped column": by_name}
    selections = {
        "free": ["+build_info", "+rpt_closed_months", "snap_closed_months"],
        "mapped column": ["+int_orders_unioned"],
    }
    cases, files = [], []
    for number, (name, given) in enumerate(chosen.items()):
        work_file = scratch / str(number) / "work.duckdb"
        work_file.parent.mkdir()
        files.append(work_file)
        arguments = ["build", "--vars", variables(given), "--select"]
        arguments += selections.get(name, ["+build_info"])
        arguments += ["--exclude-resource-type", "test", "unit_test"]
        cases.append(Case(arguments, str(work_file)))
    asked = ASKING.replace("TEXT", json.dumps(variables([*CLASSICS, *STRANGE])))
    arguments = ["compile", "--inline", asked]
    cases.append(Case(arguments, str(scratch / "asked.duckdb")))
    results = run_cases(cases, scratch / "dbt")
    names = [*chosen, "asked"]
    return dict(zip(names, zip(results, [*files, Path()], strict=True), strict=True))


def test_no_variable_takes_what_is_not_of_its_kind(
    runs: dict[str, tuple[Result, Path]],
) -> None:
    """Every one of them is asked, with every text; what is taken is listed."""
    result, _ = runs["asked"]
    assert result.returncode == 0, result.text
    taken = {
        (name, int(place)) for name, place in re.findall(r"<(\w+):(\d+)>", result.text)
    }

    texts = {name for name, place in taken if place < len(CLASSICS)}
    assert texts == FREE_TEXTS
    # inf and nan are names of schemas as good as any, and nothing more.
    assert {name for name, _ in taken} == FREE_TEXTS | {"input_schema"}
    # One line of free text is fine; two lines are not.
    places = {place for _, place in taken}
    assert places >= {0, 1, 3}
    assert CLASSICS.index("one\ntwo") not in places


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_with_it_stops_before_any_table_and_names_the_variable(
    kind: str, runs: dict[str, tuple[Result, Path]]
) -> None:
    result, work_file = runs[kind]

    assert result.returncode == 1
    assert f"variable {RUNS[kind][0]}: " in result.text
    assert "is not accepted; it takes" in result.text
    assert "Traceback" not in result.text
    assert "jane" not in result.text
    assert tables(work_file) == []


@pytest.mark.parametrize("name", MAPPINGS)
def test_keys_and_values_of_mappings_are_checked_too(
    name: str, runs: dict[str, tuple[Result, Path]]
) -> None:
    result, work_file = runs[f"mapping of a {name}"]

    assert result.returncode == 1
    assert MAPPINGS[name][0] in result.text
    assert "Traceback" not in result.text
    assert tables(work_file) == []


def test_free_text_is_stored_to_the_letter(
    runs: dict[str, tuple[Result, Path]], story: Path
) -> None:
    result, work_file = runs["free"]
    assert result.returncode == 0, result.text

    with opened(work_file) as warehouse:
        policies, name = warehouse.execute(
            "select policies, input_name from marts.build_info"
        ).fetchone()
    assert name == FREE_TEXT
    told = json.loads(policies)
    assert told["input_path"] == str(story)
    assert told["history_name"] == told["restatement_reason"] == FREE_TEXT
    with opened(work_file.with_name("history.duckdb")) as history:
        names = history.execute(
            "select distinct input_name from snapshots.snap_builds"
        ).fetchall()
    assert names == [(FREE_TEXT,)]


def test_a_column_of_such_a_name_is_a_column(
    runs: dict[str, tuple[Result, Path]],
) -> None:
    result, work_file = runs["mapped column"]
    assert result.returncode == 0, result.text

    with opened(work_file) as warehouse:
        rows = warehouse.execute(
            "select order_id, customer_id from intermediate.int_orders_unioned"
        ).fetchall()
    assert rows == [("o1", "c1")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "--as-of", CLASSICS[0]),
        ("rollback", CLASSICS[0]),
        ("export", CLASSICS[0]),
    ],
)
def test_options_are_no_way_round(arguments: tuple[str, ...], tmp_path: Path) -> None:
    names = ("WORK", "PUBLISHED", "HISTORY")
    env = {
        f"PERENNIAL_{name}_FILE": str(tmp_path / f"{name.lower()}.duckdb")
        for name in names
    }
    env |= {"DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}
    result = CliRunner().invoke(main, arguments, env=env)

    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "published.duckdb").exists()


def tables(work_file: Path) -> list[tuple[str]]:
    if not work_file.exists():
        return []
    with opened(work_file) as warehouse:
        return warehouse.execute("select table_name from duckdb_tables()").fetchall()
