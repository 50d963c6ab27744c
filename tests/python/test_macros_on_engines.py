"""Macros that engines write differently, and what each has to give on all of them.

One query for each engine: every macro on a table of texts, held against what was
worked out by hand. Another for the test of rows, on rows that break each rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import show
from postgres_cluster import Cluster
from spark_cluster import SparkCluster

Cases = dict[str, dict[str | None, str | None]]
# Far from UTC, and on both sides of it.
VARIABLES = {
    "source_timezone": "Europe/Berlin",
    "reporting_timezone": "America/New_York",
}
DOUBLE = "'cast(given as ' ~ perennial.type_double() ~ ')'"
# A column of instants, as staging makes text of it.
INSTANT_TYPE = "'timestamp' ~ ('' if target.type == 'spark' else 'tz')"
INSTANT = (
    "perennial.binary_text(perennial.typed_as_text("
    f"'cast(given as ' ~ {INSTANT_TYPE} ~ ')', {INSTANT_TYPE}))"
)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


# Macro, as Jinja on the column `given` -> what is given -> what comes out.
CASES: Cases = {
    "perennial.trimmed('given')": {
        " a b ": "a b",
        "\u00a0\u3000a\u2009\u202f": "a",
        "\ta\n": "\ta\n",
        "\u200ba": "\u200ba",
        "  ": "",
        None: None,
    },
    "perennial.clean_text('given')": {" \u00a0": None, " x": "x"},
    "perennial.lower_case('given')": {
        "ÀÉÎ ÑØ": "àéî ñø",
        "ΟΔΟΣ": "οδοσ",
        "İI": "ii",
        "ЖAZ09_": "жaz09_",
        None: None,
    },
    "perennial.upper_case('given')": {"eur": "EUR", "àéжσ": "ÀÉЖΣ", None: None},
    # By its bytes, a capital and a hyphen stand before a, and a tilde behind z.
    "'case when ' ~ perennial.binary_text('given')"
    " ~ \" < 'a' then 1 when \" ~ perennial.binary_text('given')"
    " ~ \" > 'z' then 3 else 2 end\"": {
        **{"B": "1", "-z": "1", "10": "1", "b": "2", "aé": "2"},
        **{"~a": "3", "É": "3", "漢": "3"},
    },
    'perennial.sql_text("it\'s \\\\ so")': {"": "it's \\ so"},
    # The whole text, and so no end of a line behind it either.
    "perennial.matches_pattern('given', '[0-9]+|x')": {
        **{"12": "true", "x": "true", "12x": "false", "x12": "false"},
        **{"12\n": "false", "\n12": "false", "": "false", None: None},
    },
    "perennial.contains_pattern('given', '[0-9]x')": {
        **{"a1xb": "true", "1\nx": "false", "1X": "false"},
    },
    "perennial.hash_number('given') ~ ' = ' ~ perennial.hash_number(\"'a'\")": {
        **{"a": "true", "b": "false", "a ": "false"},
    },
    f"perennial.divide('1', {DOUBLE})": {"2": "0.5", "0": None, "-4": "-0.25"},
    # Halves away from zero.
    f"perennial.money({DOUBLE})": {
        **{"0.0000005": "0.000001", "0.0000025": "0.000003", "0": "0.000000"},
        **{"-0.0000005": "-0.000001", "-0.0000025": "-0.000003"},
        **{"33.3333333": "33.333333", "66.6666667": "66.666667"},
        **{"123456789.25": "123456789.250000", None: None},
    },
    "perennial.typed_value('given', 'amount')": {
        **{"12.5": "12.500000", " -.5\u00a0": "-0.500000", "+7": "7.000000"},
        **{"999999999999": "999999999999.000000", "1000000000000": None},
        **{"1e5": None, "NaN": None, "Infinity": None, "1_000": None, "1,5": None},
        **{"٣": None, "5.": None, "": None, "0x10": None, "12\n": None, None: None},
        **{"0.0000005": "0.000001", "-0.0000025": "-0.000003"},
    },
    "perennial.typed_value('given', 'count')": {
        **{"1": "1", "0012.00": "12", "1000": "1000"},
        **{"0": None, "1001": None, "1.5": None, "-1": None},
    },
    "perennial.typed_value('given', 'score')": {"10.0": "10", "0": "0", "11": None},
    "perennial.typed_value('given', 'rate')": {
        **{"1.25": "1.250000000000", "-1": None, "1e-3": None},
    },
    "perennial.typed_value('given', 'boolean')": {
        **{"Yes": "true", "T": "true", "0": "false", "NO ": "false", "on": None},
    },
    "perennial.typed_value('given', 'category')": {
        **{" Past-Due x": "past_due_x", "": None, "a@b.example": "~personal"},
    },
    "perennial.typed_value('given', 'currency')": {"eur": "EUR", "": "USD"},
    "perennial.typed_value('given', 'id')": {
        "A-1": "A-1",
        "a@b.example": f"~email:{md5('a@b.example')}",
        "A@b.example": f"~email:{md5('a@b.example')}:{md5('A@b.example')[:8]}",
        "by a@b.example": f"~personal:{md5('by a@b.example')}",
    },
    # Each of a list; what stands before a colon stays if it is a source.
    "perennial.typed_value('given', 'ids')": {
        "A;B": "A;B",
        "stripe:1; a@b.example;": f"stripe:1;~email:{md5('a@b.example')};",
        "ana:a@b.example": f"~email:{md5('ana:a@b.example')}",
    },
    "perennial.typed_value('given', 'date')": {
        # A century is a leap year only if four hundred divide it.
        **{"1900-02-29": None, "2000-02-29": "2000-02-29", "2100-02-29": None},
        **{"2024-02-29": "2024-02-29", "2023-02-29": None, "2400-02-29": "2400-02-29"},
        **{"1000-01-01": "1000-01-01", "0999-12-31": None, "9999-12-31": "9999-12-31"},
        **{f"2024-{month:02}-31": None for month in (2, 4, 6, 9, 11)},
        **{f"2023-{m:02}-31": f"2023-{m:02}-31" for m in (1, 3, 5, 7, 8, 10, 12)},
        **{f"2023-{m:02}-30": f"2023-{m:02}-30" for m in (4, 6, 9, 11)},
        **{"2024-02-30": None, "2024-13-01": None, "2024-00-10": None},
        **{"2024-01-00": None, "2024-01-32": None, "2024-2-1": None},
        **{"03/02/2026": None, "2024-01-01\n": None, " 2024-01-01 ": "2024-01-01"},
        # An instant falls on a day of the reporting zone.
        **{"2024-01-01T03:00Z": "2023-12-31", "2024-07-01T04:00Z": "2024-07-01"},
    },
    "perennial.typed_value('given', 'timestamp')": {
        # As the clock of the source says, in winter and in summer.
        "2024-01-01": "2023-12-31 23:00:00",
        "2024-07-01 12:00": "2024-07-01 10:00:00",
        "2024-07-01T12:00:30": "2024-07-01 10:00:30",
        # An hour that the clock leaves out, and one that it has twice.
        "2024-03-31 02:30": "2024-03-31 01:30:00",
        "2024-10-27 02:30": "2024-10-27 01:30:00",
        "2024-01-01T00:00Z": "2024-01-01 00:00:00",
        "2024-01-01 00:00:00 UTC": "2024-01-01 00:00:00",
        "2024-01-01T00:00:00-05": "2024-01-01 05:00:00",
        "2024-01-01T00:00:00+0530": "2023-12-31 18:30:00",
        "2024-01-01T00:00+14:00": "2023-12-31 10:00:00",
        "2024-01-01T00:00-14:00": "2024-01-01 14:00:00",
        # Cut off, not rounded, with an offset and without.
        "2024-01-01T00:00:00.123456789Z": "2024-01-01 00:00:00.123456",
        "2024-01-01T01:59:59.999999999": "2024-01-01 00:59:59.999999",
        "2024-01-01T01:00:00.5": "2024-01-01 00:00:00.5",
        **{f"2024-01-01T00:00{offset}": None for offset in ("+15:00", "-16", "+99")},
        **{"2024-01-01 24:00": None, "2024-01-01 23:60": None, "2024-02-30Z": None},
        **{"2024-02-30 10:00": None, "2023-02-29T10:00Z": None, "12:00": None},
        **{"2024-01-01T00:00:60": None, "2024-01-01T00:00 Europe/Berlin": None},
        **{"2024-01-01T00:00Z\n": None, "now": None, "infinity": None, None: None},
    },
    # As it stands in a table of the warehouse.
    f"perennial.typed_as_text({DOUBLE}, perennial.type_double())": {
        **{"29.9": "29.9", "12345678.9": "12345678.9", "-0.5": "-0.5"},
        **{"7": "7", "100": "100", "0": "0", "-0.00001": "-0.00001"},
        **{"123456789012345678": "123456789012345680", "1e-13": "0", None: None},
        **{"1234567890.12345": "1234567890.12345", "1e18": "1" + 18 * "0"},
    },
    "perennial.typed_as_text('cast(given as decimal(30, 12))', 'decimal(30,12)')": {
        **{"0": "0.000000000000", "1234567.5": "1234567.500000000000", None: None},
        "-0.000000000001": "-0.000000000001",
    },
    f"perennial.typed_value({INSTANT}, 'timestamp')": {
        "2024-07-01 12:00:00+00:00": "2024-07-01 12:00:00",
        "2024-07-01 12:00:00.25-05:00": "2024-07-01 17:00:00.25",
    },
    "'cast(' ~ dbt.dateadd('month', 1, 'cast(given as date)') ~ ' as date)'": {
        **{"2024-01-31": "2024-02-29", "2023-12-31": "2024-01-31"},
    },
    "dbt.dateadd('day', -1, 'cast(given as timestamp)')": {
        "2024-03-01 00:00:00.25": "2024-02-29 00:00:00.25",
    },
    "dbt.datediff(\"cast('2024-01-31' as date)\", 'cast(given as date)', 'day')": {
        **{"2024-03-01": "30", "2024-01-30": "-1"},
    },
    "dbt.datediff(\"cast('2024-01-31' as date)\", 'cast(given as date)', 'month')": {
        **{"2024-02-01": "1", "2023-12-31": "-1"},
    },
}
# Only where dbt's unit tests compare texts.
POSTGRES_CASES: Cases = {
    "perennial.compared_as_text('cast(given as numeric)')": {
        **{"1.50": "1.5", "1.5": "1.5", "1.51": "1.51", "1.501": "1.501"},
        **{"0.000000": "0", "100": "100", "-20.00": "-20", "10.010": "10.01"},
    },
    "perennial.compared_as_text('given')": {"a1.50": "a1.50", "1.50.0": "1.50.0"},
}
SPARK_CASES: Cases = {
    "perennial.compared_as_text('cast(given as double)')": {
        **{"0.6000000000000001": "6.00000000000000e-01", "0.6": "6.00000000000000e-01"},
        **{"0.60000000001": "6.00000000010000e-01"},
    },
    "perennial.compared_as_text('given')": {"a1.50": "a1.50", "1.50": "1.50"},
}
# A row for each whole number up to the limit, and none below 0 or without one.
JOINED = """
select -1, 0, '=' || stretches.given || cast(numbers.number as {text})
from (
    select 'a' as given, 2 as term_count
    union all select 'b', 0
    union all select 'c', -1
    union all select 'd', null
) as stretches
{join}
"""
NUMBERS = " union all ".join(f"select {number} as number" for number in range(4))


def query(cases: Cases) -> str:
    """Of each case its number and that of the text given, and the answer."""
    text = "{{ dbt.type_string() }}"
    parts = []
    for number, (macro, answers) in enumerate(cases.items()):
        rows = " union all ".join(
            f"select {row} as row_number, cast({literal(given)} as {text}) as given"
            for row, given in enumerate(answers)
        )
        parts.append(
            f"select {number} as case_number, row_number,"
            f" '=' || cast({{{{ {macro} }}}} as {text}) as answer"
            f" from ({rows}) as texts"
        )
    parts.append(
        JOINED.format(text=text, join="{{ perennial.join_numbers('term_count') }}")
    )
    return f"with numbers as ({NUMBERS}) " + " union all ".join(parts)


def literal(given: str | None) -> str:
    """A text for Jinja, which makes it one of the engine."""
    if given is None:
        return "null"
    return f"{{{{ perennial.sql_text({json.dumps(given, ensure_ascii=False)}) }}}}"


def answers(
    target: str,
    cases: Cases,
    scratch: Path,
    environment: dict[str, str],
) -> tuple[Cases, list[str]]:
    """What an engine makes of the cases, and the rows of `join_numbers`."""
    rows = show(query(cases), scratch, target, environment, **VARIABLES)
    names = list(cases)
    found: Cases = {name: {} for name in names}
    joined = []
    for number, row, answer in map(dict.values, rows):
        answer = answer and answer[1:]
        if number < 0:
            joined.append(answer)
            continue
        found[names[number]][list(cases[names[number]])[row]] = answer
    return found, sorted(joined)


def differences(
    cases: Cases,
    found: Cases,
) -> list[tuple[str, str | None, str | None, str | None]]:
    """Macro, what was given, what came out, and what should have."""
    return [
        (macro, given, found[macro].get(given, "no row"), expected)
        for macro, answers in cases.items()
        for given, expected in answers.items()
        if found[macro].get(given, "no row") != expected
    ]


@pytest.fixture
def by_bytes(postgres_server: Cluster) -> Iterator[Cluster]:
    """A database that knows the letters from A to Z only."""
    database = replace(postgres_server, database="by_bytes")
    default = database.with_default()
    default.run(
        f"create database by_bytes owner {database.user} template template0"
        " locale_provider libc locale 'C'",
        user="postgres",
    )
    yield database
    database.drop_database()


def check(
    target: str, cases: Cases, scratch: Path, environment: dict[str, str]
) -> None:
    found, joined = answers(target, cases, scratch, environment)
    wrong = differences(cases, found)
    assert joined == ["a0", "a1", "a2", "b0"]
    assert wrong == [], "\n".join(map(repr, wrong))


def test_each_macro_on_duckdb(tmp_path: Path) -> None:
    check("duckdb", CASES, tmp_path, {})


def test_each_macro_on_postgresql_that_sorts_as_a_dictionary(
    postgres: Cluster, tmp_path: Path
) -> None:
    check("postgres", CASES | POSTGRES_CASES, tmp_path, postgres.environment)


def test_each_macro_on_postgresql_that_sorts_by_bytes(
    by_bytes: Cluster, tmp_path: Path
) -> None:
    check("postgres", CASES, tmp_path, by_bytes.environment)


def test_each_macro_on_spark(spark: SparkCluster, tmp_path: Path) -> None:
    check("spark", CASES | SPARK_CASES, tmp_path, spark.environment)


# -------------------------------------------------------- rows against their rules


RULES = {
    "primary_key": ["id", "part"],
    "not_null": ["note"],
    "accepted_values": {
        "kind": ["new", "it's"],
        "score": [1, 2],
        "is_settled": [True],
    },
    "accepted_ranges": {
        "rate": {"min_value": 0, "max_value": 1},
        "low": {"max_value": "high"},
        "high": {"min_value": 0},
    },
}
COLUMNS = {
    **{"id": "int", "part": "string", "note": "string", "kind": "string"},
    **{"score": "int", "is_settled": "boolean"},
    **{"rate": "numeric", "low": "int", "high": "int"},
}
GOOD = {
    **{"id": 1, "part": "a", "note": "n", "kind": "new", "score": 1},
    **{"is_settled": True, "rate": 0.5, "low": 1, "high": 2},
}
OPTIONAL = ("kind", "score", "is_settled", "rate", "low", "high")
# Each row that differs from a good one -> which rules it is told to break.
ROWS: list[tuple[dict[str, Any], str | None]] = [
    ({"id": 2}, None),
    # Null is outside of nothing, and a bound is inside.
    ({"id": 3, **dict.fromkeys(OPTIONAL)}, None),
    ({"id": 4, "rate": 0, "low": 0, "high": 0, "kind": "it's"}, None),
    ({"id": 5, "rate": 1, "score": 2}, None),
    ({"id": 6, "part": "b"}, None),
    ({"id": 6, "part": "a"}, None),
    ({"id": 7}, None),
    ({"id": 7}, "more than one row with the same id, part (primary_key)"),
    ({"id": None}, "id is null (primary_key)"),
    ({"id": 8, "part": None}, "part is null (primary_key)"),
    ({"id": 9, "note": None}, "note is null (not_null)"),
    ({"id": 10, "kind": "New"}, "kind is none of new, it's (accepted_values)"),
    ({"id": 11, "kind": ""}, "kind is none of new, it's (accepted_values)"),
    ({"id": 12, "score": 3}, "score is none of 1, 2 (accepted_values)"),
    ({"id": 13, "is_settled": False}, "is_settled is none of True (accepted_values)"),
    ({"id": 14, "rate": -0.1}, "rate is below 0 or above 1 (accepted_ranges)"),
    ({"id": 15, "rate": 1.1}, "rate is below 0 or above 1 (accepted_ranges)"),
    ({"id": 16, "low": 3}, "low is above high (accepted_ranges)"),
    ({"id": 17, "low": -2, "high": -1}, "high is below 0 (accepted_ranges)"),
    (
        {"id": 18, "note": None, "rate": 2},
        "note is null (not_null); rate is below 0 or above 1 (accepted_ranges)",
    ),
]


def row_query(rules: dict[str, Any]) -> str:
    """What the test finds in these rows, as a query with Jinja in it."""
    selects = [
        "select "
        + ", ".join(
            f"cast({_value(({**GOOD, **row})[column])} as {_type(kind)}) as {column}"
            for column, kind in COLUMNS.items()
        )
        for row, _ in ROWS
    ]
    return (
        f"{{% set given %}}({' union all '.join(selects)}) given{{% endset %}}"
        "select broken_rules from ("
        f"{{{{ perennial.test_sound_rows(given, **{json.dumps(rules)}) }}}}) broken"
    )


def _value(given: object) -> str:
    if isinstance(given, str):
        return literal(given)
    return "null" if given is None else str(given)


def _type(kind: str) -> str:
    return f"{{{{ dbt.type_{kind}() }}}}" if kind != "numeric" else "decimal(18, 6)"


def check_rows(target: str, scratch: Path, environment: dict[str, str]) -> None:
    found = show(row_query(RULES), scratch, target, environment)

    assert sorted(row["broken_rules"].removesuffix("; ") for row in found) == sorted(
        rule for _, rule in ROWS if rule
    )


def test_rows_that_break_a_rule_are_found_on_duckdb(tmp_path: Path) -> None:
    check_rows("duckdb", tmp_path, {})


def test_rows_that_break_a_rule_are_found_on_postgresql(
    postgres: Cluster, tmp_path: Path
) -> None:
    check_rows("postgres", tmp_path, postgres.environment)


def test_rows_that_break_a_rule_are_found_on_spark(
    spark: SparkCluster, tmp_path: Path
) -> None:
    check_rows("spark", tmp_path, spark.environment)


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ({}, "needs at least one rule"),
        ({"accepted_ranges": {"rate": {}}}, "needs min_value, max_value or both"),
        (
            {"accepted_ranges": {"rate": {"min_value": 0, "maximum": 1}}},
            "and nothing else",
        ),
    ],
)
def test_rules_that_say_nothing_are_refused(
    rules: dict[str, Any], refusal: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=refusal):
        show(row_query(rules), tmp_path, "duckdb", {})
