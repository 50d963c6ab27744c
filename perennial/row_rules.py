"""The rules that a test of a table's rows holds, one by one.

To dbt a `sound_rows` test is one test. Who reads the docs, or what a change does,
wants its rules: those are what can be lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]


@dataclass(frozen=True)
class RowRule:
    """One rule of one column, under the name that dbt has for such a test."""

    name: str
    column: str
    arguments: Node = field(default_factory=dict)


def read_rules(test: Node) -> list[RowRule]:
    """The rules of a test in dbt's manifest by column; none of any other test."""
    if _name_of(test) != "sound_rows":
        return []
    given = test["test_metadata"]["kwargs"]
    key = given.get("primary_key", [])
    return [
        *(
            RowRule("primary_key", column, {"columns": key})
            if len(key) > 1
            else RowRule("unique", column)
            for column in key
        ),
        *(RowRule("not_null", column) for column in key),
        *(RowRule("not_null", column) for column in given.get("not_null", [])),
        *(
            RowRule("accepted_values", column, {"values": values})
            for column, values in given.get("accepted_values", {}).items()
        ),
        *(
            RowRule("accepted_range", column, bounds)
            for column, bounds in given.get("accepted_ranges", {}).items()
        ),
    ]


def read_primary_key(tests: Iterable[Node]) -> list[str]:
    """The columns that one of these tests of a table holds to name a row.

    A build of an earlier commit has a test for each rule.
    """
    for test in tests:
        given = (test.get("test_metadata") or {}).get("kwargs", {})
        if _name_of(test) == "sound_rows" and given.get("primary_key"):
            return list(given["primary_key"])
        if _name_of(test) == "unique":
            return [given["column_name"]]
        if _name_of(test) == "unique_combination":
            return list(given["columns"])
    return []


def _name_of(test: Node) -> str | None:
    return (test.get("test_metadata") or {}).get("name")
