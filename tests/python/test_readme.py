"""What the documents say is so: commands run, queries answer, names exist."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT, opened, run_perennial
from reference import compute
from test_time_zones import BERLIN_TIMES

README = (PROJECT / "README.md").read_text(encoding="utf-8")
METRICS = (PROJECT / "docs/metrics.md").read_text(encoding="utf-8")
REASONS = (PROJECT / "docs/reject_reasons.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    [
        *PROJECT.glob("*.md"),
        *(PROJECT / "docs").rglob("*.md"),
    ]
)
AS_OF = date(2025, 12, 31)
NOT_BUILT_YET = "## Not there yet"

# Why a command of README.md is not run by a test of this file.
NOT_RUN = {
    "git clone <address of this repository> perennial": "needs the network",
    "cd perennial": "the tests are there already",
    "pip install -r requirements.txt && dbt build": (
        "the fixture `demo` builds it; what it installs is tested in test_tooling"
    ),
    "python -m perennial publish": "the fixture `published_folder` runs it",
    "python -m perennial rollback --list": "run on the demo in test_operations",
    "python -m perennial rollback": "needs two builds: test_rollback",
    "python -m perennial export rpt_mrr_monthly --output mrr.csv": "test_export",
    "dbt build --vars '{input_path: warehouse/cdnow}'": "test_cdnow builds it",
    "dbt build --vars '{clv_calculator_overrides: {customer_churn_rate: 0.02}}'": (
        "test_calculator builds with overrides"
    ),
    ". .venv/bin/activate": "the tests are in an environment already",
    "mf query --metrics mrr,churn_rate --group-by metric_time__month,plan"
    " --order -metric_time__month,plan --limit 3 --decimals 4 --quiet": (
        "test_semantic runs it, and compares what is shown"
    ),
    "python -m perennial check warehouse/journey": "run after its converter, below",
}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def table_rows(text: str) -> list[list[str]]:
    """The cells of all Markdown tables, without their rules."""
    rows = [
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return [row for row in rows if set("".join(row)) - set("-: ")]


def macro_literal(path: str) -> dict:
    """The dict that a macro returns; its rules are written as plain values."""
    text = (PROJECT / path).read_text(encoding="utf-8")
    literal = re.search(r"do return\((\{.*\})\) %\}", text, re.DOTALL).group(1)
    return ast.literal_eval(re.sub(r"\btrue\b", "True", literal))


# ------------------------------------------------------------------- questions

QUESTIONS = [
    (question, table.strip("`"), query.strip("`"))
    for question, table, query in (row for row in table_rows(README) if len(row) == 3)
    if question.endswith("?")
]


@pytest.fixture(scope="module")
def published(published_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of the demo."""
    with opened(published_folder / "published.duckdb") as connection:
        yield connection


def test_readme_answers_at_least_ten_questions():
    assert len(QUESTIONS) >= 10


@pytest.mark.parametrize(
    ("table", "query"),
    [question[1:] for question in QUESTIONS],
    ids=[question[0] for question in QUESTIONS],
)
def test_each_query_of_the_readme_has_an_answer_in_the_demo(table, query, published):
    assert f"marts.{table}" in query
    assert published.execute(query).fetchall()


def test_each_public_table_answers_a_question(published):
    public = published.execute("""
        select table_name from information_schema.tables
        where table_schema = 'marts'
    """).fetchall()
    assert {table for _, table, _ in QUESTIONS} == {table for (table,) in public}


# -------------------------------------------------------------------- commands

COMMANDS = "".join(blocks(README, "sh")).splitlines()
CONVERTERS = "python benchmarks/"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A throw-away copy of the project, with the example of docs/metrics.md."""
    folder = tmp_path_factory.mktemp("checkout") / "perennial"
    shutil.copytree(
        PROJECT,
        folder,
        ignore=shutil.ignore_patterns(
            *(".git", ".venv", "__pycache__", ".*_cache", "target", "logs"),
            *("*.duckdb", "*.wal"),
        ),
    )
    inputs = folder / "path/to/folder"
    inputs.mkdir(parents=True)
    for table, content in re.findall(
        r"^```csv (\w+)\n(.*?)^```$", METRICS, re.MULTILINE | re.DOTALL
    ):
        (inputs / f"{table}.csv").write_text(content, encoding="utf-8")
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as a reader of README.md would, in an active environment."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "PERENNIAL_", "MAKE"))
    }
    environment = {
        **outside,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def example(checkout: Path) -> Path:
    """The work file of the example, built by the command of README.md."""
    (command,) = [line for line in COMMANDS if "path/to/folder, as_of" in line]
    outcome = run(command, checkout)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return checkout / "warehouse/work.duckdb"


def test_each_command_of_the_readme_is_known_here():
    known = [
        line
        for line in COMMANDS
        if line in NOT_RUN
        or line.startswith(("make ", CONVERTERS))
        or "path/to/folder" in line
    ]
    assert known == COMMANDS
    assert set(NOT_RUN) <= set(COMMANDS)


@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if line.startswith("make ")]
)
def test_each_make_command_of_the_readme_has_its_target(command, checkout):
    outcome = run(command.replace("make ", "make --dry-run ", 1), checkout)
    assert outcome.returncode == 0, outcome.stderr


def test_each_make_target_that_a_document_names_is_in_the_makefile():
    targets = set(
        re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    )
    named = {
        (path.name, target)
        for path in DOCUMENTS
        for target in re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert {(name, target) for name, target in named if target not in targets} == set()


def test_own_data_is_built_as_of_the_day_that_was_given(example):
    with opened(example) as warehouse:
        assert warehouse.execute(
            "select as_of_date, input_origin from marts.build_info"
        ).fetchall() == [(AS_OF, "folder path/to/folder")]


def test_the_converter_of_the_readme_writes_the_sample_it_promises(checkout):
    (command,) = [line for line in COMMANDS if line.startswith(f"{CONVERTERS}cdnow")]
    outcome = run(command, checkout)
    assert outcome.returncode == 0, outcome.stderr
    lines = (checkout / "warehouse/cdnow/orders.csv").read_text().splitlines()
    orders = [line.split(",") for line in lines[1:]]
    customers = {customer_id for _, customer_id, *_ in orders}
    assert f"{len(orders):,} purchases of {len(customers):,} customers" in README, (
        README
    )


def test_check_prints_the_mapping_of_the_readme(checkout):
    for line in COMMANDS:
        if line.endswith("warehouse/journey"):
            outcome = run(line, checkout)
    (shown,) = [text for text in blocks(README, "text") if "input_columns" in text]
    assert outcome.returncode == 1, "four required columns are missing"
    assert outcome.stdout.endswith(shown)


def test_check_finds_the_example_ready(checkout):
    (command,) = [line for line in COMMANDS if "check path/to/folder" in line]
    outcome = run(command, checkout)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Ready to build" in outcome.stdout


def test_the_numbers_of_the_readme_are_those_of_the_demo(published_folder):
    (shown,) = blocks(README, "text")[:1]
    outcome = run_perennial("headlines", folder=published_folder)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == shown
    assert (published_folder / "said.txt").read_text("utf-8").endswith(shown)


def test_what_is_built_by_hand_is_published_by_the_next_command(example, checkout):
    outcome = run("python -m perennial publish", checkout)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    with opened(checkout / "warehouse/published.duckdb") as warehouse:
        assert warehouse.execute(
            "select as_of_date, input_origin from marts.build_info"
        ).fetchall() == [(AS_OF, "folder path/to/folder")]


def test_the_python_of_the_readme_runs(published_folder, tmp_path):
    (script,) = blocks(README, "python")
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse/published.duckdb").symlink_to(
        published_folder / "published.duckdb"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "2025-12-01" in outcome.stdout


# ------------------------------------------------------------- worked examples

EXAMPLES = re.findall(
    r"^```sql\n([^`]*)^```\n\n((?:\|[^\n]*\n)+)", METRICS, re.MULTILINE
)


def test_the_main_metrics_have_a_worked_example():
    assert len(EXAMPLES) == len(blocks(METRICS, "sql")) >= 8


@pytest.mark.parametrize(
    ("query", "table"),
    EXAMPLES,
    ids=[query.split("from ")[-1].split()[0] for query, _ in EXAMPLES],
)
def test_each_worked_example_is_what_the_models_say(query, table, example):
    header, *shown = table_rows(table)
    with opened(example) as warehouse:
        cursor = warehouse.execute(query)
        assert [column[0] for column in cursor.description] == header
        found = cursor.fetchall()
    assert len(found) == len(shown), found
    for row, cells in zip(found, shown, strict=True):
        assert [as_shown(*pair) for pair in zip(row, cells, strict=True)] == cells


def as_shown(value: object, cell: str) -> str:
    """A value as the document writes it: rounded to as many digits as there."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Decimal, float)):
        digits = len(cell.partition(".")[2])
        return f"{value:.{digits}f}"
    return str(value)


# ---------------------------------------------------------- variables, columns

POLICIES = macro_literal("macros/policies/policies.sql")
CONTRACT = macro_literal("macros/inputs/input_contract.sql")
DEFAULTS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


def accepted_values(rule: dict) -> str:
    """What a variable takes, in the words of the error message."""
    if rule["kind"] == "choices":
        words = "a list of " + ", ".join(rule["allowed"])
    elif rule["kind"] == "choice":
        words = "one of " + ", ".join(rule["allowed"])
    elif rule["kind"] == "boolean":
        words = "true or false"
    elif rule["kind"] == "date":
        words = "a date like 2025-12-31"
    elif rule["kind"] == "text":
        words = "text"
    elif rule["kind"] == "zone":
        words = "a time zone like UTC or Europe/Berlin"
    elif rule["kind"] == "mapping":
        words = "a mapping like {name: value}"
    else:
        words = "a whole number" if rule["kind"] == "whole" else "a number"
        words += f" from {rule['minimum']}" if "minimum" in rule else ""
        words += f" to {rule['maximum']}" if "maximum" in rule else ""
    can_be_empty = rule.get("optional") or rule.get("preset")
    return words + (", or empty" if can_be_empty else "")


def default_in_words(value: object) -> str:
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_each_variable_is_documented_with_its_default_and_what_it_takes():
    documented = {
        row[0].strip("`"): (row[1].strip("`"), row[2])
        for row in table_rows(METRICS.partition("## Variables")[2])
        if len(row) == 4 and row[0].startswith("`")
    }
    assert documented == {
        name: (default_in_words(DEFAULTS[name]).replace("'", ""), accepted_values(rule))
        for name, rule in POLICIES.items()
    }
    assert set(DEFAULTS) == set(POLICIES)


def test_the_days_of_the_document_are_those_of_a_tested_zone():
    rows = [
        tuple(cell.strip() for cell in line.strip()[1:-1].split("|"))
        for line in METRICS.splitlines()
        if re.match(r"  \| 2\d{3}-", line)
    ]
    assert len(rows) == 5
    assert set(rows) <= set(BERLIN_TIMES.values())


def test_each_input_column_is_documented_with_what_it_takes():
    text = (PROJECT / "docs/inputs.md").read_text(encoding="utf-8")
    for table, contract in CONTRACT.items():
        section = re.search(rf"^## {table}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        assert section, table
        documented = {
            row[0].strip("`"): (row[1], row[2] == "yes")
            for row in table_rows(section.group(1))
            if row[0].startswith("`")
        }
        assert documented == {
            column: (kind.replace("_", " "), column in contract["required"])
            for column, kind in contract["columns"].items()
        }


# -------------------------------------------------------------- reject reasons

REASON_SECTIONS = re.findall(
    r"^## `(\w+)`\n(.*?)(?=^## |\Z)", REASONS, re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(
    ("reason", "section"),
    # The reference reads no broken lines; test_input_errors builds one.
    [one for one in REASON_SECTIONS if one[0] != "unreadable_line"],
)
def test_the_example_of_each_reason_is_rejected_for_it(reason, section, tmp_path):
    examples = re.findall(r"^```csv (\w+)\n(.*?)^```$", section, re.M | re.S)
    assert examples
    for table, content in examples:
        (tmp_path / f"{table}.csv").write_text(content, encoding="utf-8")
    choices = {"full_snapshot": True} if reason == "earlier_export" else {}
    marts = compute(tmp_path, AS_OF, **choices)
    found = [row["reasons"] for row in marts["fct_rejected_rows"]]
    assert found
    assert {code.partition(":")[0] for code in found} == {reason}


def test_each_reason_that_occurs_in_the_worlds_is_documented(worlds):
    found = {
        reason.partition(":")[0]
        for (reasons,) in worlds.rows("select reasons from marts.fct_rejected_rows")
        for reason in reasons.split("; ")
    }
    assert found - {reason for reason, _ in REASON_SECTIONS} == set()


# ------------------------------------------------------------- links and names


def anchors(text: str) -> set[str]:
    """The addresses of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=[str(path.relative_to(PROJECT)) for path in DOCUMENTS]
)
def test_each_relative_link_resolves(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target) if target else path
        if not file.exists() or (
            anchor and anchor not in anchors(file.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    assert broken == []


MODELS = {
    path.stem
    for suffix in ("sql", "py")
    for path in (PROJECT / "models").rglob(f"*.{suffix}")
}
NAME_OF_A_MODEL = re.compile(r"\b((?:stg|int|dim|fct|rpt|util)_[a-z_]+[a-z])\b")


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=[str(path.relative_to(PROJECT)) for path in DOCUMENTS]
)
def test_each_model_that_a_document_names_exists(path):
    text = path.read_text(encoding="utf-8").partition(NOT_BUILT_YET)[0]
    assert set(NAME_OF_A_MODEL.findall(text)) - MODELS == set()


def test_what_is_said_not_to_be_there_yet_is_not_there():
    planned = METRICS.partition(NOT_BUILT_YET)[2].partition("\n## ")[0]
    assert planned
    assert set(NAME_OF_A_MODEL.findall(planned)) & MODELS == set()
    assert set(re.findall(r"`(\w+)`", planned)) & set(POLICIES) == set()


def test_the_map_names_each_model_once_or_more():
    text = (PROJECT / "docs/map.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert named == MODELS


def test_the_map_names_the_models_that_read_marts():
    text = (PROJECT / "docs/map.md").read_text(encoding="utf-8")
    starred = set(re.findall(r"^\| `(\w+)` \|.* \* \|$", text, re.MULTILINE))
    assert starred == {
        path.stem
        for path in (PROJECT / "models/intermediate").rglob("*.sql")
        if re.search(r"ref\('(dim|fct|rpt)_", path.read_text(encoding="utf-8"))
    }


def test_each_decision_says_context_options_choice_and_consequence():
    decisions = sorted((PROJECT / "docs/decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    for path in decisions:
        headings = re.findall(r"^## (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert headings == ["Context", "Options", "Choice", "Consequence"], path.name


def test_each_decision_that_the_code_cites_is_written_down():
    numbers = {path.name[:4] for path in (PROJECT / "docs/decisions").glob("*.md")}
    cited = {
        number
        for folder in ("models", "macros", "tests")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in {".sql", ".yml", ".md", ".py"}
        for number in re.findall(r"\bADR (\d{4})\b", path.read_text(encoding="utf-8"))
    }
    assert cited - numbers == set()


def test_the_bundled_example_is_small_enough_to_follow(example):
    with duckdb.connect(str(example), read_only=True) as warehouse:
        (customers,) = warehouse.execute(
            "select count(*) from marts.dim_customers"
        ).fetchone()
    assert customers < 10
