"""The Iceberg tables that dbt builds on Spark, each at one of its snapshots.

A table that is replaced keeps its earlier snapshots, and a tag keeps one for as
long as the tag is there. So a build is a snapshot of each table.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perennial.engines import EngineError, Target
from perennial.publishing import find_public_schema
from perennial.sides import Side
from perennial.warehouse import Build, build_from

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What every engine and catalog takes without quotes.
NAME = re.compile(r"[a-z_][a-z0-9_]*")
TAG = re.compile(r"build_(?P<build_id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# The snapshot of each table, by the name of a tag or branch.
References = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Namespaces:
    """Where tables stand in the catalog."""

    target: Target
    public: str

    @property
    def published_builds(self) -> str:
        """The table that says which build is published."""
        return f"`{self.public}`.`published_builds`"

    def table(self, folder: str, name: str) -> str:
        """A table that dbt builds."""
        return f"`{self.target.schema_of(folder)}`.`{name}`"

    def mart(self, name: str) -> str:
        """A public table, as dbt builds it."""
        return self.table("marts", name)

    def view(self, name: str) -> str:
        """The published build of a public table."""
        return f"`{self.public}`.`{name}`"


def find_namespaces(
    target: Target, environment: Mapping[str, str] = os.environ
) -> Namespaces:
    """Where a target builds, and where the environment says that readers look.

    Raises:
        EngineError: what readers see cannot be called so.
    """
    public = find_public_schema(target, environment)
    if not NAME.fullmatch(public):
        raise EngineError(
            f"PERENNIAL_PUBLIC_SCHEMA is {public}; name one of a to z, 0 to 9 and _"
        )
    return Namespaces(target, public)


def tag_of(build_id: str) -> str:
    """What the snapshots of a build are called."""
    return f"build_{build_id}"


def read_references(spark: "SparkSession", namespaces: Namespaces) -> References:
    """The tags and branches of all tables that dbt has built as marts."""
    schema = namespaces.target.schema_of("marts")
    if not spark.catalog.databaseExists(schema):
        return {}
    names = {row.tableName for row in spark.sql(f"show tables in `{schema}`").collect()}
    asked = " union all ".join(
        f"select '{name}', name, snapshot_id from {namespaces.mart(name)}.refs"
        for name in sorted(names)
    )
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for table, reference, snapshot in spark.sql(asked).collect() if names else ():
        found[table][reference] = snapshot
    return found


def pins(references: References, name: str) -> dict[str, int]:
    """The tables that a tag or branch names, each with its snapshot."""
    return {
        table: snapshots[name]
        for table, snapshots in references.items()
        if name in snapshots
    }


class SparkSide(Side):
    """Public tables at one snapshot each; the runs and the history as they are."""

    def __init__(
        self,
        spark: "SparkSession",
        name: str,
        namespaces: Namespaces,
        snapshots: Mapping[str, int],
    ) -> None:
        """Take the snapshots of the public tables."""
        self._spark = spark
        self._namespaces = namespaces
        self._snapshots = snapshots
        self.name = name
        self.build = self._read_build()

    def find_runs(self) -> str | None:
        """The record of dbt's runs."""
        return self._find("utilities", "dbt_runs")

    def find_mart(self, name: str) -> str | None:
        """A public table at its snapshot."""
        if (snapshot := self._snapshots.get(name)) is None:
            return None
        return f"{self._namespaces.mart(name)} version as of {snapshot}"

    def find_snapshot(self, name: str) -> str | None:
        """A table of the history."""
        return self._find("snapshots", name)

    def columns_of(self, mart: str) -> set[str]:
        """The columns of a public table at its snapshot."""
        table = self.find_mart(mart)
        return (
            set(self._spark.sql(f"select * from {table}").columns) if table else set()
        )

    def rows(self, sql: str) -> list[tuple]:
        """The answer of Spark, times in UTC whatever the zone of this machine."""
        answer = self._spark.sql(sql)
        plain = [
            answer[number].cast("timestamp_ntz")
            if kind == "timestamp"
            else answer[number]
            for number, (_, kind) in enumerate(answer.dtypes)
        ]
        return [tuple(row) for row in answer.select(plain).collect()]

    def literal(self, text: str) -> str:
        """A text as Spark reads it: two quotes are none there."""
        return literal(text)

    def _find(self, folder: str, name: str) -> str | None:
        table = self._namespaces.table(folder, name)
        return table if self._spark.catalog.tableExists(table) else None

    def _read_build(self) -> Build | None:
        table = self.find_mart("build_info")
        if table is None:
            return None
        names = self._spark.sql(f"select * from {table}").columns
        rows = self.rows(f"select * from {table}")
        return build_from(dict(zip(names, rows[0], strict=True)) if rows else {})


def literal(text: str) -> str:
    """A text as a literal of Spark's SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
