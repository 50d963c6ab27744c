"""A shop on Spark: small builds as dbt leaves them, published as real ones are.

Each table of a build carries the build's number, so that two builds on one page
would show.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from published import MARTS, NUMBERED, id_of, left_by

from perennial.audits import Accepted
from perennial.engines import Target
from perennial.spark.kept import list_kept, roll_back
from perennial.spark.publish import publish_build
from perennial.spark.session import session_of
from perennial.spark.sides import Namespaces, find_namespaces, literal, tag_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
}


class SparkShop:
    """The namespaces of one shop in a catalog, and what is done with them."""

    def __init__(self, spark: SparkSession, name: str) -> None:
        """Take a session, and a name that begins those of the namespaces."""
        self.spark = spark
        self.name = name
        self.target = target_of(name)

    @property
    def namespaces(self) -> Namespaces:
        """The namespaces as the commands find them."""
        return find_namespaces(self.target, self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What a command is told for this shop."""
        return {
            "PERENNIAL_SPARK_SCHEMA": self.name,
            "PERENNIAL_PUBLIC_SCHEMA": f"public_{self.name}",
        }

    def run(self, sql: str) -> list[tuple]:
        """The answer to a query, or none."""
        return [tuple(row) for row in self.spark.sql(sql).collect()]

    def make(self) -> None:
        """Make what dbt leaves, but for a build."""
        for folder in ("utilities", "marts", "snapshots"):
            self.run(f"create namespace {self.name}_{folder}")
        self.run(
            f"create table {self.name}_utilities.dbt_runs (invocation_id string,"
            " command string, started_at timestamp, ended_at timestamp,"
            " nodes_done int, nodes_failed int, nodes_missing int,"
            " first_failure string, note string) using iceberg"
        )
        self.run(
            f"create table {self.name}_snapshots.snap_builds"
            " (input_name string, build_id string, told_at timestamp) using iceberg"
        )
        self.run(
            f"create table {self.name}_snapshots.snap_closed_months"
            " (input_name string, policy_key string, told_month date,"
            " metric_name string, told_at timestamp, reason string) using iceberg"
        )

    def build(self, number: int, **given: Any) -> str:
        """Leave what a whole build leaves; its id."""
        left = left_by(number, **given)
        build_id, input_name = left.build_id, literal(left.input_name)
        self.run(
            f"insert into {self.name}_utilities.dbt_runs values ('{build_id}',"
            f" 'build', timestamp '{left.started_at}',"
            f" timestamp '{left.ended_at}', 30, 0, 0, null, null)"
        )
        if left.history:
            self.run(
                f"insert into {self.name}_snapshots.snap_builds values"
                f" ({input_name}, '{build_id}', timestamp '{left.told_at}')"
            )
            self.run(
                f"insert into {self.name}_snapshots.snap_closed_months values"
                f" ({input_name}, '{left.policy_key}', date '2025-01-01', 'mrr',"
                f" timestamp '{left.told_at}', '')"
            )
        tables = {
            "build_info": f"select '{build_id}' as build_id, date '{left.as_of}' as"
            f" as_of_date, timestamp '{left.started_second}' as"
            f" started_at, {literal(left.written_policies)} as policies,"
            f" {input_name} as input_name, '{left.policy_key}' as policy_key,"
            f" (select min(told_at) from {self.name}_snapshots.snap_builds where"
            f" input_name = {input_name}) as history_since,"
            " cast(null as timestamp) as published_at,"
            " cast(null as string) as accepted_audits",
            "rpt_input_reconciliation": _union(
                f"select '{name}' as table_name, '{currency}' as currency,"
                f" cast({count} as bigint) as raw_rows"
                for name, currency, count in left.raw_rows
            ),
            "rpt_closed_months": _union(
                f"select date '{month}' as closed_month, '{metric}' as metric_name,"
                f" cast({value} as decimal(18, 6)) as metric_value"
                for month, metric, value in left.closed_months
            ),
            "rpt_restatements": "select date '2025-01-01' as restated_month, 'mrr' as"
            " metric_name, timestamp '2025-03-03 06:00:00.932794' as restated_at,"
            " cast(null as string) as reason",
            "fct_customer_lifetime_value": "select 'files:1' as customer_key,"
            " cast(10 as decimal(18, 6)) as total_clv",
        }
        for table in NUMBERED:
            tables[table] = f"select {number} as built_by"
        for table, sql in tables.items():
            self.run(
                f"create or replace table {self.name}_marts.{table} using iceberg"
                f" as {sql}"
            )
        return build_id

    def publish(
        self, before_commit: Callable[[], None] = lambda: None, **accepted: Any
    ) -> list[str]:
        """Publish what was built; what a person was told."""
        said: list[str] = []
        publish_build(
            *(self.spark, self.namespaces, sorted(MARTS), Accepted(**accepted)),
            said.append,
            before_commit=before_commit,
        )
        return said

    def roll_back(self, wanted: str | None = None) -> list[str]:
        """Publish a kept build again; what did not follow."""
        return roll_back(self.spark, self.namespaces, wanted)[1]

    def kept(self) -> list[int]:
        """The numbers of the builds that are kept, the newest first."""
        listing = list_kept(self.spark, self.namespaces)
        assert not listing.unreadable
        return [
            int(one.build.build_id[:8]) for one in listing.builds if not one.is_present
        ]

    def tags(self, table: str) -> set[str]:
        """The tags and branches of a table."""
        rows = self.run(f"select name from {self.name}_marts.{table}.refs")
        return {name for (name,) in rows} - {"main"}

    def pinned(self, table: str, number: int) -> str:
        """A table as one build left it."""
        return f"{self.name}_marts.{table} version as of '{tag_of(id_of(number))}'"

    def number(self) -> int:
        """The build that is published, wholly."""
        ((build_id,),) = self.run(
            f"select build_id from public_{self.name}.published_builds"
            " where is_published"
        )
        number = int(build_id[:8])
        selects = (f"select built_by from {self.pinned(t, number)}" for t in NUMBERED)
        assert self.run(" union ".join(selects)) == [(number,)]
        for table in MARTS:
            assert tag_of(build_id) in self.tags(table)
        return number


def target_of(name: str) -> Target:
    """The target as the profile has it, for a shop."""
    credentials = SimpleNamespace(method="session", server_side_parameters=SETTINGS)
    return Target("spark", "spark", name, credentials)


def _union(selects: Any) -> str:
    return " union all ".join(selects)


def main(name: str) -> None:
    """Publish, but for the commit: this process is killed before it."""

    def wait() -> None:
        print("tagged", flush=True)
        sys.stdin.read()

    with session_of(target_of(name)) as spark:
        SparkShop(spark, name).publish(before_commit=wait)


if __name__ == "__main__":
    main(*sys.argv[1:])
