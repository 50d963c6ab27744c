"""The style guide, as far as a machine can read it."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from comparison import Built
from conftest import PROJECT

INTERFACE = PROJECT / "tests/python/interface.yml"
GRAIN = re.compile(r"One row per [^.]+\.")
# A Python model says it in its docstring.
HEADER = re.compile(r"(?:\{#\s*|\"\"\")(One row per [^.]+\.)(?:\s*#\}|)")
CLOCK = re.compile(
    r"\b((current_(date|time|timestamp)|localtime|localtimestamp|sysdate)\b"
    r"|(now|today|getdate|get_current_timestamp)\s*\()",
    re.IGNORECASE,
)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
MACRO = re.compile(
    r"(?P<header>\{#(?:(?!#\}).)*#\}\s*)?\{%-? macro (?P<name>\w+)", re.DOTALL
)
POLICY = re.compile(r"^ {8}'(\w+)': \{", re.MULTILINE)
# _private helpers, and the variants of a dispatched macro for one engine.
NOT_PUBLIC = re.compile(r"^_|^[a-z]+__")
COLUMN_KEYS = {
    *("name", "data_type", "description", "data_tests", "config"),
    # Of the calendar of the semantic layer.
    "granularity",
}
MODEL_KEYS = {
    *("name", "description", "columns", "data_tests", "config"),
    "time_spine",
}
MAX_COLUMNS = 80
MAX_LINES = 120
# A table without an id of its own: equal rows are two rows. And one whose
# rows the next model holds unchanged, with the test.
KEYLESS = {"int_marketing_spend_unioned", "int_clv_models_estimated"}

Node = dict


@pytest.fixture(scope="session")
def manifest(demo_scratch: Path) -> Node:
    return json.loads((demo_scratch / "target/manifest.json").read_text())


@pytest.fixture(scope="session")
def models(manifest: Node) -> list[Node]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]


@pytest.fixture(scope="session")
def marts(models: list[Node]) -> list[Node]:
    return [model for model in models if layer_of(model) == "marts"]


@pytest.fixture(scope="session")
def database_columns(demo: Built) -> dict[tuple[str, str], set[str]]:
    columns = defaultdict(set)
    for schema, table, column in demo.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
    ):
        columns[schema, table].add(column)
    return columns


# Descriptions


def test_description_opens_with_the_grain(models: list[Node]) -> None:
    missing = [m["name"] for m in models if not GRAIN.match(words(m["description"]))]

    assert missing == []


def test_header_repeats_the_grain(models: list[Node]) -> None:
    differing = [
        m["name"]
        for m in models
        if grain(GRAIN, m["description"]) != grain(HEADER, m["raw_code"])
    ]

    assert differing == []


def test_every_mart_says_what_it_answers_and_what_it_is_not_for(
    marts: list[Node],
) -> None:
    missing = [
        f"{m['name']}: {part}"
        for m in marts
        for part in ("**Answers**: ", "**Not for**: ", "**Rule**: ")
        if part not in m["description"]
    ]

    assert missing == []


def test_every_model_has_its_own_yaml_beside_it(models: list[Node]) -> None:
    elsewhere = [
        m["name"]
        for m in models
        if (m["patch_path"] or "").removeprefix("perennial://")
        != str(Path(m["original_file_path"]).with_suffix(".yml"))
    ]

    assert elsewhere == []


def test_every_column_is_described_and_every_described_one_exists(
    models: list[Node], database_columns: dict[tuple[str, str], set[str]]
) -> None:
    differing = {
        m["name"]: sorted(described ^ built)
        for m in models
        if (described := {c["name"] for c in m["columns"].values() if c["description"]})
        != (built := database_columns[m["schema"], m["name"]])
    }

    assert differing == {}


def test_a_column_description_says_more_than_the_name(models: list[Node]) -> None:
    idle = [
        f"{m['name']}.{column['name']}"
        for m in models
        for column in m["columns"].values()
        if len(added_words(column["name"], column["description"])) < 2
    ]

    assert idle == []


def test_yaml_holds_only_keys_that_mean_something() -> None:
    # dbt takes `relationship:` under a column for a note, and tests nothing.
    unknown = [
        f"{path.name}: {name}: {key}"
        for path in (PROJECT / "models").rglob("*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", [])
        for name, keys in keys_of(model)
        for key in keys
    ]

    assert unknown == []


# Guarantees


def test_every_model_has_a_primary_key_test(manifest: Node, models: list[Node]) -> None:
    keyed = {
        test["attached_node"]
        for test in row_tests(manifest)
        if test["test_metadata"]["kwargs"].get("primary_key")
    }
    keyless = {
        m["name"]
        for m in models
        if m["unique_id"] not in keyed
        and not m["description"].startswith("One row per build")
    }

    assert keyless == KEYLESS


def test_the_rules_of_a_table_stand_in_one_test_with_its_name(manifest: Node) -> None:
    """A test costs the same whatever it asks."""
    single = {"not_null", "unique", "accepted_values"}
    names = defaultdict(list)
    for test in row_tests(manifest):
        if not test["config"]["where"]:
            names[test["attached_node"].split(".")[-1]].append(test["name"])

    assert {
        node["test_metadata"]["name"]
        for node in manifest["nodes"].values()
        if "test_metadata" in node
    } & single == set()
    assert [
        (table, of_table)
        for table, of_table in names.items()
        if f"sound_rows_{table}" != min(of_table, key=len)
    ] == []


def test_every_mart_has_an_enforced_contract(marts: list[Node]) -> None:
    assert [m["name"] for m in marts if not m["contract"]["enforced"]] == []


def test_every_mart_is_public_in_the_group_of_its_folder(marts: list[Node]) -> None:
    elsewhere = [
        m["name"] for m in marts if (m["access"], m["group"]) != ("public", m["fqn"][2])
    ]

    assert elsewhere == []


def test_only_marts_are_public(models: list[Node], marts: list[Node]) -> None:
    public = {m["name"] for m in models if m["access"] == "public"}

    assert public - {m["name"] for m in marts} == set()


def test_the_marts_have_the_columns_of_the_interface_and_no_others(
    database_columns: dict[tuple[str, str], set[str]],
) -> None:
    interface = yaml.safe_load(INTERFACE.read_text("utf-8"))
    listed = {(mart, column) for mart in interface for column in interface[mart]}
    built = {
        (relation, column)
        for (schema, relation), columns in database_columns.items()
        for column in columns
        if schema == "marts"
    }

    assert (sorted(listed - built), sorted(built - listed)) == ([], [])


def test_every_mart_is_listed_in_the_interface(marts: list[Node]) -> None:
    interface = yaml.safe_load(INTERFACE.read_text("utf-8"))

    assert {m["name"] for m in marts} == set(interface)


# SQL


def test_no_model_reads_a_clock(models: list[Node]) -> None:
    reading = [
        m["name"] for m in models if CLOCK.search(COMMENT.sub("", m["raw_code"]))
    ]

    assert reading == []


def test_no_macro_reads_a_clock() -> None:
    reading = [
        path.name
        for path in (PROJECT / "macros").rglob("*.sql")
        if CLOCK.search(COMMENT.sub("", path.read_text()))
    ]

    assert reading == []


def test_no_line_of_sql_is_over_80_columns() -> None:
    long_lines = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in sql_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > MAX_COLUMNS
    ]

    assert long_lines == []


def test_no_model_is_over_120_lines() -> None:
    too_long = {
        path.stem
        for path in (PROJECT / "models").rglob("*.sql")
        if len(path.read_text().splitlines()) > MAX_LINES
    }

    assert too_long == set()


# Macros and policies


def test_every_public_macro_has_a_header() -> None:
    assert [name for name, header in public_macros() if not header] == []


def test_every_public_macro_is_in_the_macros_yaml() -> None:
    file = PROJECT / "macros/_macros.yml"
    listed = {macro["name"] for macro in yaml.safe_load(file.read_text())["macros"]}

    assert {name for name, _ in public_macros()} == listed


def test_what_is_no_python_in_the_package_is_installed_with_it() -> None:
    text = (PROJECT / "pyproject.toml").read_text("utf-8")
    data = tomllib.loads(text)["tool"]["setuptools"]["package-data"]
    installed = {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in (PROJECT / package.replace(".", "/")).glob(pattern)
    }
    there = {
        path
        for path in (PROJECT / "perennial").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert there == installed


def test_every_policy_is_a_variable_with_a_default() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    policies = POLICY.findall((PROJECT / "macros/policies/policies.sql").read_text())

    assert sorted(policies) == sorted(project["vars"])


# What the tests above are made of


def words(text: str) -> str:
    return " ".join(text.split())


def grain(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.match(words(text))
    return match[match.lastindex or 0] if match else None


def layer_of(model: Node) -> str:
    return model["fqn"][1]


def added_words(name: str, description: str) -> set[str]:
    return set(re.findall(r"\w+", description.lower())) - set(name.split("_"))


def keys_of(model: Node) -> list[tuple[str, set[str]]]:
    """Each model and column of it with the keys that nobody reads."""
    return [
        (model["name"], model.keys() - MODEL_KEYS),
        *(
            (f"{model['name']}.{column['name']}", column.keys() - COLUMN_KEYS)
            for column in model.get("columns", [])
        ),
    ]


def row_tests(manifest: Node) -> list[Node]:
    return [
        node
        for node in manifest["nodes"].values()
        if node.get("test_metadata", {}).get("name") == "sound_rows"
    ]


def sql_files() -> list[Path]:
    folders = ("models", "macros", "tests/generic", "tests/singular", "analyses")
    return [path for name in folders for path in (PROJECT / name).rglob("*.sql")]


def public_macros() -> list[tuple[str, bool]]:
    """Each macro that others call, and whether a comment stands over it."""
    return [
        (match["name"], bool(match["header"]))
        for path in (PROJECT / "macros").rglob("*.sql")
        for match in MACRO.finditer(path.read_text())
        if not NOT_PUBLIC.match(match["name"])
    ]
