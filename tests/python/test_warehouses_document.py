"""docs/warehouses.md: its commands, variables, macros and tables are so."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import PROJECT
from other_dialects import SOURCES
from test_readme import blocks

TEXT = (PROJECT / "docs/warehouses.md").read_text(encoding="utf-8")
PROFILE = (PROJECT / "profiles.yml").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in blocks(TEXT, "sh")
    for line in block.splitlines()
    if line.startswith(("python -m perennial ", "dbt "))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_the_options_that_it_is_given(command: str) -> None:
    words = command.split()
    start = [*words[:4]] if words[0] == "python" else words[:2]
    program = [sys.executable, "-m", *start[2:]] if words[0] == "python" else start
    if words[0] == "dbt":
        program = [sys.executable, "-m", "dbt.cli.main", words[1]]
    shown = subprocess.run(
        [*program, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout

    assert set(re.findall(r"--[a-z-]+", command)) <= set(
        re.findall(r"--[a-z-]+", shown)
    )


def test_the_way_of_postgresql_is_the_one_that_parity_goes() -> None:
    steps = [" ".join(command.split()[:4]) for command in COMMANDS[:3]]
    code = (PROJECT / "tests/python/engine_builds.py").read_text(encoding="utf-8")
    run = re.findall(r'run\("(?:perennial|dbt.cli.main)", "(\w+)", \*options', code)

    assert run == ["load", "fit", "build"]
    assert [step.split()[3 if "perennial" in step else 1] for step in steps] == run


def test_each_variable_of_the_environment_is_read() -> None:
    code = PROFILE + "".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "perennial").rglob("*.py")
    )
    named = set(re.findall(r"PERENNIAL_[A-Z_]+", TEXT))

    assert named
    assert {name for name in named if name not in code} == set()


def test_each_variable_of_the_target_is_documented() -> None:
    named = set(re.findall(r"PERENNIAL_(?:POSTGRES|SPARK)_[A-Z_]+", PROFILE))

    assert {name for name in named if "POSTGRES" in name and name not in TEXT} == set()


def test_each_macro_that_the_document_names_is_dispatched_or_made_of_such() -> None:
    macros = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "macros").rglob("*.sql")
    )
    section = TEXT.split("## What engines do differently")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert {"divide", "trimmed", "money"} <= named
    assert {name for name in named if f"macro {name}(" not in macros} == set()


@pytest.mark.parametrize("dialect", SOURCES)
def test_each_dialect_has_its_place(dialect: str) -> None:
    assert dialect in TEXT.lower()
