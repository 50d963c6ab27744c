"""What a build declares of itself: its marts with their keys, its tests, settings."""

import json
from dataclasses import dataclass
from pathlib import Path

from perennial.row_rules import read_primary_key, read_rules


@dataclass(frozen=True)
class Declared:
    """The marts with their primary keys, and the names of all tests and rules."""

    keys: dict[str, tuple[str, ...]]
    tests: frozenset[str]


def read_declared(manifest: Path) -> Declared:
    """Read them from the manifest that dbt leaves after a build."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    nodes = content["nodes"]
    marts = {
        name: node["name"]
        for name, node in nodes.items()
        if node["resource_type"] == "model" and node["access"] == "public"
    }
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    return Declared(
        keys={
            mart: tuple(
                read_primary_key(
                    test for test in tests if test.get("attached_node") == unique_id
                )
            )
            for unique_id, mart in marts.items()
        },
        tests=frozenset(
            [test["name"] for test in tests]
            + [
                f"{test['name']}: {rule.name} of {rule.column}"
                for test in tests
                for rule in read_rules(test)
            ]
            + [
                f"{test['model']}: {test['name']}"
                for test in content.get("unit_tests", {}).values()
            ]
        ),
    )
