"""What a build declares of itself: its marts with their keys, its tests, settings."""

import json
from dataclasses import dataclass
from pathlib import Path

UNIQUE = ("unique", "unique_combination")


@dataclass(frozen=True)
class Declared:
    """The marts with their primary keys, and the names of all tests."""

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
    keys: dict[str, tuple[str, ...]] = dict.fromkeys(marts.values(), ())
    for test in tests:
        mart = marts.get(test.get("attached_node") or "")
        metadata = test.get("test_metadata") or {}
        if mart and not keys[mart] and metadata.get("name") in UNIQUE:
            given = metadata["kwargs"]
            keys[mart] = tuple(given.get("columns") or [given["column_name"]])
    return Declared(
        keys=keys,
        tests=frozenset(
            [test["name"] for test in tests]
            + [
                f"{test['model']}: {test['name']}"
                for test in content.get("unit_tests", {}).values()
            ]
        ),
    )
