"""A shop in a folder of its own: small work files, published as real ones are.

Each table of a build carries the build's number, so that a file of two builds
would show it.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner, Result

from perennial.audits import Accepted
from perennial.cli import main
from perennial.lock import locked
from perennial.places import Places, find_places
from perennial.publish import publish_build

MARTS = (
    *("build_info", "dim_customers", "fct_customer_lifetime_value"),
    *("rpt_churn_monthly", "rpt_closed_months", "rpt_input_reconciliation"),
    *("rpt_mrr_monthly", "rpt_restatements"),
)
FIRST_DAY = datetime(2025, 3, 1, 6, 0, 0)
ROWS = {"customers": 50, "orders": 100}
MONTHS: dict[tuple[str, str], str] = {
    ("2025-01", "mrr"): "1000",
    ("2025-01", "customers"): "10",
    ("2025-01", "net_revenue"): "500",
    ("2025-02", "mrr"): "2000",
}
# The tables of which each row says which build wrote it.
NUMBERED = ("dim_customers", "rpt_mrr_monthly", "rpt_churn_monthly")


@dataclass(frozen=True)
class Left:
    """What a whole build leaves, on any engine.

    Build 1 began on the first day, build 2 a day later, and so on.
    """

    number: int
    rows: dict[str, int] = field(default_factory=dict)
    months: dict[tuple[str, str], str] = field(default_factory=MONTHS.copy)
    as_of: date = date(2025, 2, 28)
    # Exact to the microsecond, where the first day is not enough.
    began: datetime | None = None
    input_name: str = "shop"
    policy_key: str = "key"
    # Whether snapshots were told of it.
    history: bool = True
    policies: dict[str, Any] = field(default_factory=dict)

    @property
    def build_id(self) -> str:
        """Its number begins it."""
        return id_of(self.number)

    @property
    def started_at(self) -> datetime:
        """When the run of dbt began."""
        return self.began or FIRST_DAY + timedelta(days=self.number)

    @property
    def started_second(self) -> datetime:
        """As build_info tells it."""
        return self.started_at.replace(microsecond=0)

    @property
    def ended_at(self) -> datetime:
        """When the run of dbt was over."""
        return self.started_at + timedelta(minutes=1)

    @property
    def told_at(self) -> datetime:
        """When the snapshots were written."""
        return self.started_at + timedelta(microseconds=932794)

    @property
    def written_policies(self) -> str:
        """As build_info has them."""
        return json.dumps({name: str(value) for name, value in self.policies.items()})

    @property
    def raw_rows(self) -> list[tuple[str, str, int]]:
        """The rows of each table in two currencies, as orders are."""
        return [
            (table, currency, part)
            for table, count in (ROWS | self.rows).items()
            for currency, part in (("EUR", count // 2), ("USD", -(-count // 2)))
        ]

    @property
    def closed_months(self) -> list[tuple[date, str, Decimal]]:
        """What is told of the months that are over."""
        return [
            (date.fromisoformat(f"{month}-01"), metric, Decimal(value))
            for (month, metric), value in self.months.items()
        ]


def id_of(number: int) -> str:
    """The id of a build, which its number begins."""
    return f"{number:08d}-b111-4000-8000-000000000000"


def left_by(number: int, **given: Any) -> Left:
    """What a build leaves; what is no field of it is one of its policies."""
    known = {one.name for one in fields(Left)}
    named = {name: value for name, value in given.items() if name in known}
    policies = {name: value for name, value in given.items() if name not in known}
    return Left(number, policies=policies, **named)


class Shop:
    """The files of one shop, and what is done with them."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, with a model for each mart."""
        self.folder = folder
        marts = folder / "models" / "marts" / "quality"
        marts.mkdir(parents=True, exist_ok=True)
        for name in MARTS:
            (marts / f"{name}.sql").touch()
        self.environment = {
            f"PERENNIAL_{name}_FILE": str(folder / f"{name.lower()}.duckdb")
            for name in ("WORK", "PUBLISHED", "HISTORY")
        }

    def copy_to(self, folder: Path) -> Shop:
        """The same shop elsewhere, before something is done to it."""
        shutil.copytree(self.folder, folder)
        return Shop(folder)

    @property
    def places(self) -> Places:
        """The files as the commands find them."""
        return find_places(self.environment)

    def build(self, number: int, *, further_sql: str = "", **given: Any) -> str:
        """Write a work file as a whole build leaves it, and its build id."""
        left = left_by(number, **given)
        self.places.work.unlink(missing_ok=True)
        with duckdb.connect(str(self.places.work)) as work:
            work.execute(WORK_SQL.replace("<number>", str(number)))
            work.execute(
                "insert into utilities.dbt_runs values"
                " (?, 'build', ?, ?, 30, 0, 0, null, null)",
                [left.build_id, left.started_at, left.ended_at],
            )
            work.execute(
                "insert into marts.build_info by name select ? as build_id,"
                " ? as as_of_date, ? as started_at,"
                " ? as input_name, ? as policy_key, ? as policies,"
                " 'folder shop' as input_origin",
                [
                    *(left.build_id, left.as_of, left.started_second),
                    *(left.input_name, left.policy_key, left.written_policies),
                ],
            )
            for row in left.raw_rows:
                work.execute(
                    "insert into marts.rpt_input_reconciliation values (?, ?, ?)", row
                )
            for row in left.closed_months:
                work.execute(
                    "insert into marts.rpt_closed_months values (?, ?, ?)", row
                )
            work.execute(further_sql)
        if left.history:
            self.remember(left)
            self.note_history(left.input_name)
        return left.build_id

    def note_history(self, input_name: str) -> None:
        """Write to the work file which history the build has seen."""
        ((since,),) = self.rows(
            "select min(told_at) from snapshots.snap_builds"
            f" where input_name = '{input_name}'",
            self.places.history,
        )
        with duckdb.connect(str(self.places.work)) as work:
            work.execute("update marts.build_info set history_since = ?", [since])

    def remember(self, left: Left) -> None:
        """Write to the history what the snapshots of a build would."""
        with duckdb.connect(str(self.places.history)) as history:
            history.execute(HISTORY_SQL)
            history.execute(
                "insert into snapshots.snap_builds values (?, ?, ?)",
                [left.input_name, left.build_id, left.told_at],
            )
            history.execute(
                "insert into snapshots.snap_closed_months values"
                " (?, ?, '2025-01-01', 'mrr', ?, '')",
                [left.input_name, left.policy_key, left.told_at],
            )

    def publish(self, **accepted: Any) -> list[str]:
        """Publish the work file; what a person was told."""
        said: list[str] = []
        places = self.places
        with locked(places):
            publish_build(places, sorted(MARTS), Accepted(**accepted), said.append)
        return said

    def run(self, *arguments: str, **environment: str) -> Result:
        """A command, from the shop's folder."""
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(
                main, arguments, env={**self.environment, **environment}
            )
        finally:
            os.chdir(here)

    def rows(self, sql: str, file: Path | None = None) -> list[tuple]:
        """What a reader sees in the published file, or in another one."""
        with duckdb.connect(
            str(file or self.places.published), read_only=True
        ) as reader:
            return reader.execute(sql).fetchall()

    def number(self, file: Path | None = None) -> int:
        """Of which build a published file is, wholly."""
        query = " union ".join(
            f"select distinct built_by from marts.{name}" for name in NUMBERED
        )
        ((number,),) = self.rows(query, file)
        ((build_id,),) = self.rows("select build_id from marts.build_info", file)
        assert build_id.startswith(f"{number:08d}")
        return number

    def damage(self, file: Path, table: str = "dim_customers") -> None:
        """Change a few bytes in the middle of a table's rows, as a bad disk may."""
        query = f"select max(block_id) from pragma_storage_info('marts.{table}')"
        ((block,),) = self.rows(query, file)
        with file.open("r+b") as broken:
            # Three headers, then blocks.
            broken.seek(3 * 4096 + block * 262_144 + 100_000)
            before = broken.read(64)
            broken.seek(-64, os.SEEK_CUR)
            broken.write(bytes(byte ^ 0xFF for byte in before))

    def files(self) -> dict[str, bytes]:
        """All files below the folder with their bytes, but for the lock."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix not in (".lock", ".sql")
        }

    def kept(self) -> list[str]:
        """The names of the kept files."""
        folder = self.places.kept
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


WORK_SQL = """
create schema utilities;
create schema marts;
create table utilities.util_input_gate as select 'orders' as table_name;
create table utilities.dbt_runs (
    invocation_id varchar, command varchar, started_at timestamp,
    ended_at timestamp, nodes_done integer, nodes_failed integer,
    nodes_missing integer, first_failure varchar, note varchar
);
create table marts.build_info (
    build_id varchar, as_of_date date, started_at timestamp, policies varchar,
    input_name varchar, policy_key varchar, input_origin varchar,
    history_since timestamp, published_at timestamp, accepted_audits varchar
);
create table marts.rpt_input_reconciliation (
    table_name varchar, currency varchar, raw_rows bigint
);
create table marts.rpt_closed_months (
    closed_month date, metric_name varchar, metric_value decimal(18, 6)
);
create table marts.rpt_restatements as
    select
        date '2025-01-01' as restated_month,
        'mrr' as metric_name,
        timestamp '2025-03-03 06:00:00.932794' as restated_at,
        cast(null as varchar) as reason;
create table marts.dim_customers as
    select
        'files:' || hash(range) as customer_key,
        date '2025-01-01' as first_paid_date,
        <number> as built_by
    from range(5000);
comment on table marts.dim_customers is 'One row per customer.
It''s "quoted".';
comment on column marts.dim_customers.customer_key is 'Primary; key.';
create table marts.fct_customer_lifetime_value as
    select customer_key, cast(10 as decimal(18, 6)) as total_clv
    from marts.dim_customers;
create table marts.rpt_mrr_monthly as
    select
        date '2025-02-01' as revenue_month,
        cast(2000 as decimal(18, 6)) as ending_mrr,
        cast(24000 as decimal(18, 6)) as arr,
        20 as ending_customers,
        <number> as built_by;
create table marts.rpt_churn_monthly as
    select
        date '2025-02-01' as revenue_month,
        cast(0.1 as decimal(18, 6)) as customer_churn_rate,
        true as is_complete_month,
        <number> as built_by;
"""

HISTORY_SQL = """
create schema if not exists snapshots;
create table if not exists snapshots.snap_builds (
    input_name varchar, build_id varchar, told_at timestamp
);
create table if not exists snapshots.snap_closed_months (
    input_name varchar, policy_key varchar, told_month date, metric_name varchar,
    told_at timestamp, reason varchar
);
"""
