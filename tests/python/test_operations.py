"""What docs/operations.md says is so: recipes run, messages and names exist."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import duckdb
import pytest
from conftest import PROJECT, run_perennial
from test_readme import DOCUMENTS, README, table_rows

from perennial.cli import main

TEXT = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.S))
PUBLISHED = "warehouse/published.duckdb"
REFUSED = (
    "from read_csv('/etc/hosts')",
    "attach 'another.duckdb'",
    "copy (select 1) to 'out.csv'",
    "set enable_external_access = true",
    "set memory_limit = '1GB'",
    "create table marts.another (id int)",
    "drop table marts.build_info",
    "load httpfs",
)


def run_python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(published_folder: Path, tmp_path: Path) -> Path:
    """A project folder with the published demo and its history."""
    (tmp_path / "warehouse").mkdir()
    for name in ("published.duckdb", "history.duckdb"):
        shutil.copy(published_folder / name, tmp_path / "warehouse")
    return tmp_path


def section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


# -------------------------------------------------------------------- messages


def texts_of(path: Path) -> list[str]:
    """The texts of a module; what is filled in is `…`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        "".join(
            part.value if isinstance(part, ast.Constant) else "…"
            for part in node.values
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    ] + [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


SAID = "\n".join(
    text
    for path in sorted((PROJECT / "perennial").rglob("*.py"))
    for text in texts_of(path)
)
MACROS = "\n".join(
    text
    for path in sorted((PROJECT / "macros").rglob("*.sql"))
    for text in re.findall(r"\"([^\"\n]+)\"", path.read_text(encoding="utf-8"))
)
MESSAGES = [
    (row[1].strip("`"), row[2])
    for row in table_rows(section("When a build fails"))
    if row[0] != "what"
]
MESSAGES_OF_REPORTS = [
    message
    for row in table_rows(section("Mailed reports"))
    if row[0] not in ("what", "variable") and not row[0].startswith("`")
    for message in row[1].strip("`").split("`, `")
]


def test_each_finding_of_an_audit_is_in_the_table():
    options = set(re.findall(r"--accept-[a-z-]+", SAID))
    assert options == set(re.findall(r"--accept-[a-z-]+", str(MESSAGES)))
    assert len(MESSAGES) >= 12


@pytest.mark.parametrize(
    "message", [*(message for message, _ in MESSAGES), *MESSAGES_OF_REPORTS]
)
def test_each_message_of_the_table_is_one_that_is_said(message):
    pieces = [piece.strip() for piece in message.split("…")]
    missing = [piece for piece in pieces if piece not in SAID + MACROS]
    assert missing == [], "no longer said like this"


# -------------------------------------------------------------------- commands

ALL_TEXTS = {
    str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
    for path in DOCUMENTS
}


def commands_in(text: str) -> list[str]:
    """Each `perennial ...` of a document that names a command, on one line."""
    joined = text.replace("\\\n", " ")
    return [
        found.strip()
        for found in re.findall(r"python -m perennial ([^`\n>\"]*)", joined)
    ]


@pytest.mark.parametrize(
    ("name", "command"),
    [(name, one) for name, text in ALL_TEXTS.items() for one in commands_in(text)],
)
def test_each_command_has_the_options_that_a_document_gives_it(name, command):
    words = command.split()
    known = main.commands.get(words[0])
    assert known, f"{name}: perennial {words[0]}"
    options = {
        option
        for parameter in known.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    assert {word for word in words if word.startswith("--")} - options == set()


def test_each_variable_of_the_environment_that_is_named_is_read():
    code = SAID + (PROJECT / "profiles.yml").read_text(encoding="utf-8")
    code += "\n".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "models").rglob("*.sql")
    )
    named = set(re.findall(r"\bPERENNIAL_[A-Z_]+", TEXT + README))
    assert len(named) >= 6
    assert {name for name in named if name not in code} == set()


def test_the_settings_of_memory_and_disk_reach_dbt_and_publishing():
    profile = (PROJECT / "profiles.yml").read_text(encoding="utf-8")
    settings = [
        row[0].strip("`")
        for row in table_rows(section("Memory and disk"))
        if row[0].startswith("`")
    ]
    assert len(settings) == 3
    assert [name for name in settings if name not in profile] == []
    assert [name for name in settings if name not in SAID] == []


def test_the_files_of_the_table_are_those_that_publishing_leaves(published_folder):
    left = {
        re.sub(r"^warehouse/", "", path.strip("`").rstrip("/"))
        for row in table_rows(section("What a build leaves, and where"))
        for path in row[0].split(", ")
        if path.startswith("`warehouse/")
    }
    there = {path.name for path in published_folder.iterdir()} - {"said.txt"}
    assert left - there == {"published.duckdb.new"}
    assert there - left == set()


def test_the_kept_builds_are_listed(published_folder):
    (line,) = [
        one for one in commands_in(section("Rollback")) if one.endswith("--list")
    ]
    outcome = run_perennial(*line.split(), folder=published_folder)
    assert outcome.returncode == 0, outcome.stderr
    assert "published now" in outcome.stdout


# -------------------------------------------------------------------- schedule


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    """The script of cron, with a perennial that only says what it is given."""
    checkout, logs = tmp_path / "perennial", tmp_path / "log"
    (checkout / ".venv/bin").mkdir(parents=True)
    logs.mkdir()
    python = checkout / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$@"\nexit "${FAILS:-0}"\n')
    python.chmod(0o755)
    script = SNIPPETS["daily.sh"].replace("/srv/perennial", str(checkout))
    path = tmp_path / "daily.sh"
    path.write_text(script.replace("/var/log/perennial", str(logs)))
    return path


def run_daily(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(path)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_daily_script_is_silent_when_all_is_well(daily):
    done = run_daily(daily)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (log,) = (daily.parent / "log").iterdir()
    assert re.fullmatch(
        r"-m perennial build --input /srv/exports --as-of \d{4}-\d\d-\d\d\n",
        log.read_text(),
    )


def test_the_daily_script_tells_what_failed(daily):
    done = run_daily(daily, FAILS="1")
    assert done.returncode == 1
    assert done.stdout.startswith("-m perennial build")


def test_the_dag_calls_commands_that_exist():
    tree = ast.parse(SNIPPETS["airflow"])
    commands = [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "bash_command"
    ]
    assert [command.split()[3] for command in commands] == ["check", "build"]


# --------------------------------------------------------------------- readers


def test_a_page_is_of_the_present_build_also_beside_one_that_is_open(folder):
    script = f"""
{SNIPPETS["page"]}
import os, shutil
query = "select build_id from marts.build_info"
published = "{PUBLISHED}"
kept = duckdb.connect(published, read_only=True)
(first,), second = page(query, query)
shutil.copy(published, "next.duckdb")
with duckdb.connect("next.duckdb") as connection:
    connection.sql("update marts.build_info set build_id = 'next'")
os.replace("next.duckdb", published)
assert second == [first] == kept.sql(query).fetchall(), "one build, before"
assert page(query) == [[("next",)]], "the page sees the new build"
assert kept.sql(query).fetchall() == [first], "who keeps a connection does not"
other = duckdb.connect(published, read_only=True)
assert other.sql(query).fetchall() == [first], "nor does a second one to the path"
other.close()
kept.close()
with duckdb.connect(published, read_only=True) as again:
    assert again.sql(query).fetchall() == [("next",)]
"""
    outcome = run_python(script, folder)
    assert outcome.returncode == 0, outcome.stderr


def cli_settings() -> str:
    settings = re.findall(r'-cmd "([^"]*)"', SNIPPETS["cli"])
    opening = f'published = duckdb.connect("{PUBLISHED}", read_only=True)'
    return "\n".join(
        ["import duckdb", opening, *(f"published.execute({s!r})" for s in settings)]
    )


@pytest.mark.parametrize(
    "opening",
    [SNIPPETS["safely"], README.partition("```python\n")[2].partition("```")[0], ""],
    ids=["operations", "readme", "command line"],
)
def test_a_file_that_is_opened_safely_answers_and_does_nothing_else(folder, opening):
    script = f"""
{opening or cli_settings()}
assert published.sql("select 1 from marts.dim_customers").fetchall()
for query in {REFUSED!r}:
    try:
        published.execute(query)
    except duckdb.Error:
        continue
    raise SystemExit("not refused: " + query)
"""
    outcome = run_python(script, folder)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert not (folder / "out.csv").exists()
    assert "-readonly " in SNIPPETS["cli"]


def test_opened_without_care_the_file_does_more(folder):
    with duckdb.connect(str(folder / PUBLISHED), read_only=True) as careless:
        careless.execute(f"copy (select 1) to '{folder / 'out.csv'}'")
    assert (folder / "out.csv").exists()


# --------------------------------------------------------------- personal data


def test_a_customer_is_erased_from_the_history(folder):
    seen = "history.snapshots.snap_files__subscriptions"
    script = SNIPPETS["erase"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse/history.duckdb'}' as history")
        query = f"select distinct subscription_id from {seen} order by 1"
        before = [one for (one,) in connection.execute(query).fetchall()]
    erased = before[:2]
    outcome = run_python(script.replace('["s1", "s2"]', repr(erased)), folder)
    assert outcome.returncode == 0, outcome.stderr
    with duckdb.connect() as connection:
        new = folder / "warehouse/history_new.duckdb"
        connection.execute(f"attach '{new}' as history (read_only)")
        assert [one for (one,) in connection.execute(query).fetchall()] == before[2:]
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'history'"
        ).fetchall()
    assert {"snap_builds", "snap_closed_months"} <= {name for (name,) in tables}


def test_the_history_names_no_customer(folder):
    with duckdb.connect(str(folder / "warehouse/history.duckdb")) as history:
        columns = {
            name
            for (name,) in history.execute(
                "select column_name from duckdb_columns() where not internal"
            ).fetchall()
        }
    assert "subscription_id" in columns
    assert columns & {"customer_id", "customer_key", "email", "interests"} == set()


# ----------------------------------------------------------------------- sizes


def test_the_sizes_are_those_of_the_demo(published_folder):
    sizes = {
        row[0].strip("`"): float(row[1].split()[0])
        for row in table_rows(section("Sizes"))
        if row[1].endswith(" MB")
    }
    inputs = sum(path.stat().st_size for path in (PROJECT / "data/demo").iterdir())
    measured = {
        "data/demo": inputs,
        **{
            name: (published_folder / name).stat().st_size
            for name in ("work.duckdb", "published.duckdb", "history.duckdb")
        },
    }
    assert set(sizes) == set(measured)
    for name, size in measured.items():
        assert sizes[name] == pytest.approx(size / 1e6, rel=0.3), name
