"""A shop on PostgreSQL: small builds as dbt leaves them, published as real ones are.

Each table of a build carries the build's number, so that two builds on one page
would show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from postgres_cluster import Cluster
from published import MARTS, NUMBERED, left_by

from perennial.audits import Accepted
from perennial.engines import Target
from perennial.postgres.kept import list_kept, roll_back
from perennial.postgres.publish import locked, publish_build
from perennial.postgres.sides import Schemas, find_schemas

PROJECT = Path(__file__).parents[2]
READER_SQL = "create role {name} login password '{name}' in role {role}"


class PostgresShop:
    """The schemas of one shop in a database, and what is done with them."""

    def __init__(self, cluster: Cluster, reader: str) -> None:
        """Take a database; a role of the server is for one database here."""
        self.cluster = cluster
        self.reader = reader
        fields = ("host", "port", "user", "password", "database")
        credentials = {field: getattr(cluster, field) for field in fields}
        self.target = Target(
            *("postgres", "postgres", "perennial"),
            SimpleNamespace(**credentials, role=None),
        )

    def make_schemas(self) -> None:
        """Make what dbt and perennial load leave, but for a build."""
        schemas = (f"create schema perennial_{name}" for name in WORK_SCHEMAS)
        self.cluster.run(*schemas, SCHEMAS_SQL)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command for this shop."""
        return {
            **os.environ,
            **self.cluster.environment,
            "PERENNIAL_POSTGRES_READER": self.reader,
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": str(PROJECT),
        }

    @property
    def schemas(self) -> Schemas:
        """The schemas as the commands find them."""
        return find_schemas(self.target, {"PERENNIAL_POSTGRES_READER": self.reader})

    def make_reader(self, login: str | None = None) -> None:
        """What an administrator does once: the role, and somebody in it."""
        self.cluster.run(f"create role {self.reader} nologin", user="postgres")
        if login:
            sql = READER_SQL.format(name=login, role=self.reader)
            self.cluster.run(sql, user="postgres")

    def drop_roles(self, *roles: str) -> None:
        """Take roles off the server, once their database is gone."""
        default = self.cluster.with_default()
        default.run(*(f"drop role if exists {role}" for role in roles), user="postgres")

    def build(self, number: int, **given: Any) -> str:
        """Leave what a whole build leaves; its id."""
        left = left_by(number, **given)
        connection = self.cluster.connect()
        with connection.cursor() as cursor:
            cursor.execute(BUILD_SQL.replace("<number>", str(number)))
            cursor.execute(
                "insert into perennial_utilities.dbt_runs values"
                " (%s, 'build', %s, %s, 30, 0, 0, null, null)",
                [left.build_id, left.started_at, left.ended_at],
            )
            if left.history:
                cursor.execute(
                    "insert into perennial_snapshots.snap_builds values (%s, %s, %s)",
                    [left.input_name, left.build_id, left.told_at],
                )
                cursor.execute(
                    "insert into perennial_snapshots.snap_closed_months values"
                    " (%s, %s, '2025-01-01', 'mrr', %s, '')",
                    [left.input_name, left.policy_key, left.told_at],
                )
            cursor.execute(
                "insert into perennial_marts.build_info values (%s, %s, %s, %s, %s,"
                " %s, 'schema raw', (select min(told_at)"
                " from perennial_snapshots.snap_builds where input_name = %s),"
                " null, null)",
                [
                    *(left.build_id, left.as_of, left.started_second),
                    *(left.written_policies, left.input_name, left.policy_key),
                    left.input_name,
                ],
            )
            for table, rows in (
                ("rpt_input_reconciliation", left.raw_rows),
                ("rpt_closed_months", left.closed_months),
            ):
                cursor.executemany(
                    f"insert into perennial_marts.{table} values (%s, %s, %s)", rows
                )
        connection.close()
        return left.build_id

    def publish(
        self, before_swap: Callable[[], None] = lambda: None, **accepted: Any
    ) -> list[str]:
        """Publish what was built; what a person was told."""
        said: list[str] = []
        schemas = self.schemas
        with locked(schemas) as connection:
            publish_build(
                connection,
                schemas,
                sorted(MARTS),
                Accepted(**accepted),
                said.append,
                before_swap=before_swap,
            )
        return said

    def roll_back(self, wanted: str | None = None) -> None:
        """Publish a kept build again."""
        with locked(self.schemas) as connection:
            roll_back(connection, self.schemas, wanted)

    def kept(self) -> list[int]:
        """The numbers of the builds that are kept, the newest first."""
        connection = self.cluster.connect()
        with connection.cursor() as cursor:
            listing = list_kept(cursor, self.schemas)
        connection.close()
        return [
            int(one.build.build_id[:8]) for one in listing.builds if not one.is_present
        ]

    def schemas_there(self) -> list[str]:
        """All schemas of the database but PostgreSQL's own."""
        rows = self.cluster.run(
            "select nspname from pg_namespace"
            " where nspname !~ '^(pg_|information_schema)' order by 1"
        )
        return [name for (name,) in rows]

    def number(self) -> int:
        """Of which build the published schema is, wholly."""
        query = " union ".join(
            f"select distinct built_by from marts.{name}" for name in NUMBERED
        )
        ((number,),) = self.cluster.run(query)
        ((build_id,),) = self.cluster.run("select build_id from marts.build_info")
        assert build_id.startswith(f"{number:08d}")
        ((tables,),) = self.cluster.run(
            "select count(*) from pg_tables where schemaname = 'marts'"
        )
        assert tables == len(MARTS)
        return number

    @contextmanager
    def publishing(self, *arguments: str):
        """A process that publishes again and again, and says each time."""
        script = [sys.executable, Path(__file__), self.reader, *arguments]
        process = subprocess.Popen(
            script,
            env={**self.environment, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()


WORK_SCHEMAS = ("staging", "intermediate", "utilities", "marts", "snapshots")
SCHEMAS_SQL = """
create schema raw;
create table raw.customers as select 'a@b.example' as email;
create table perennial_staging.stg_files__customers as select * from raw.customers;
create table perennial_intermediate.int_customers_identified as
    select * from raw.customers;
create table perennial_utilities.dbt_runs (
    invocation_id text, command text, started_at timestamp,
    ended_at timestamp, nodes_done integer, nodes_failed integer,
    nodes_missing integer, first_failure text, note text
);
create table perennial_snapshots.snap_builds (
    input_name text, build_id text, told_at timestamp
);
create table perennial_snapshots.snap_closed_months (
    input_name text, policy_key text, told_month date, metric_name text,
    told_at timestamp, reason text
);
"""
BUILD_SQL = """
drop schema perennial_marts cascade;
create schema perennial_marts;
set search_path = perennial_marts;
create table build_info (
    build_id text, as_of_date date, started_at timestamp, policies text,
    input_name text, policy_key text, input_origin text,
    history_since timestamp, published_at timestamp, accepted_audits text
);
create table rpt_input_reconciliation (
    table_name text, currency text, raw_rows bigint
);
create table rpt_closed_months (
    closed_month date, metric_name text, metric_value numeric(18, 6)
);
create table rpt_restatements as
    select
        date '2025-01-01' as restated_month,
        text 'mrr' as metric_name,
        timestamp '2025-03-03 06:00:00.932794' as restated_at,
        cast(null as text) as reason;
create table dim_customers as
    select
        'files:' || customer as customer_key,
        date '2025-01-01' as first_paid_date,
        <number> as built_by
    from generate_series(1, 5000) as customer;
comment on table dim_customers is 'One row per customer.
It''s "quoted" \\ 100 %.';
comment on column dim_customers.customer_key is 'Primary; key.';
create table fct_customer_lifetime_value as
    select customer_key, cast(10 as numeric(18, 6)) as total_clv from dim_customers;
create table rpt_mrr_monthly as
    select date '2025-02-01' as revenue_month, <number> as built_by;
create table rpt_churn_monthly as
    select date '2025-02-01' as revenue_month, <number> as built_by;
"""


def main(reader: str, *builds: str) -> None:
    """Build and publish each number, or publish only (-); to be killed at will."""
    of = {
        name: os.environ[f"PERENNIAL_POSTGRES_{name.upper()}"]
        for name in ("host", "port", "database", "user", "password")
    }
    shop = PostgresShop(Cluster(**of, administrator_password="", process_id=0), reader)
    print("ready", flush=True)
    for number in builds:
        if number != "-":
            shop.build(int(number))
        for line in shop.publish():
            print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
