"""The public tables as the project's own tests describe them.

Keys and relations are read from the tests in dbt's manifest, so that what is
drawn is what every build has checked, and nothing else.
"""

from dataclasses import dataclass
from typing import Any

from perennial.row_rules import read_primary_key


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: str
    description: str
    is_key: bool
    refers_to: str | None


@dataclass(frozen=True)
class Table:
    """One public table."""

    name: str
    topic: str
    description: str
    columns: list[Column]

    @property
    def key(self) -> list[str]:
        """The columns that tell one row from another."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def grain(self) -> str:
        """What one row is: the first line of the description."""
        return self.description.split("\n\n")[0].replace("\n", " ").strip()


@dataclass(frozen=True)
class Relation:
    """A column whose values are all in a column of another table."""

    child: str
    column: str
    parent: str
    field: str
    is_one_to_one: bool


def read_tables(manifest: dict[str, Any]) -> tuple[list[Table], list[Relation]]:
    """The public tables by topic and name, and what relates them."""
    nodes = manifest["nodes"]
    public = {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and node["access"] == "public"
    }
    keys = {
        unique_id: read_primary_key(
            test for test in nodes.values() if test.get("attached_node") == unique_id
        )
        for unique_id in public
    }
    relations = [
        Relation(
            child=public[test["attached_node"]]["name"],
            column=test["column_name"],
            parent=public[parent]["name"],
            field=test["test_metadata"]["kwargs"]["field"],
            is_one_to_one=keys[test["attached_node"]] == [test["column_name"]],
        )
        for test in nodes.values()
        if _name_of(test) == "relationships" and test["attached_node"] in public
        for parent in test["depends_on"]["nodes"]
        if parent in public and parent != test["attached_node"]
    ]
    targets = {(one.child, one.column): one.parent for one in relations}
    tables = [
        Table(
            name=node["name"],
            topic=node["group"] or "others",
            description=node["description"],
            columns=[
                Column(
                    name=column["name"],
                    kind=column["data_type"] or "",
                    description=column["description"],
                    is_key=column["name"] in keys[unique_id],
                    refers_to=targets.get((node["name"], column["name"])),
                )
                for column in node["columns"].values()
            ],
        )
        for unique_id, node in public.items()
    ]
    return (
        sorted(tables, key=lambda table: (table.topic, table.name)),
        sorted(relations, key=lambda one: (one.parent, one.child, one.column)),
    )


def _name_of(node: dict[str, Any]) -> str | None:
    return (node.get("test_metadata") or {}).get("name")
