"""A subscription that changes twice on one day, in a snapshot on Spark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import PROJECT, environment_of, profile_here
from spark_cluster import SparkCluster

from perennial.engines import read_target
from perennial.spark.session import session_of

MERGE = """{{ perennial.spark__snapshot_merge_sql(
    api.Relation.create(schema='snapshot_test', identifier='recorded'),
    api.Relation.create(schema='snapshot_test', identifier='seen'),
    []
) }}"""
COLUMNS = (
    "price int, dbt_scd_id string, dbt_valid_from timestamp, dbt_valid_to timestamp"
)
# An id is made of the key and the day: what is new has the one of what it closes.
SEEN = """
select
    price,
    'first, day two' as dbt_scd_id,
    timestamp '2025-01-02' as dbt_valid_from,
    case when is_old then timestamp '2025-01-02' end as dbt_valid_to,
    case when is_old then 'update' else 'insert' end as dbt_change_type
from values (20, true), (30, false) as seen (price, is_old)
"""


def test_what_was_overwritten_is_closed_and_what_is_new_is_added(
    spark: SparkCluster, tmp_path: Path
) -> None:
    merge = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "compile"),
            *("--target", "spark", "--inline", MERGE),
        ],
        cwd=PROJECT,
        env={**environment_of(tmp_path), **spark.environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    with (
        profile_here(spark.environment),
        session_of(read_target("spark")) as session,
    ):
        session.sql("create namespace snapshot_test")
        session.sql(f"create table snapshot_test.recorded ({COLUMNS}) using iceberg")
        session.sql(
            "insert into snapshot_test.recorded values"
            " (10, 'first, day one', timestamp '2025-01-01', timestamp '2025-01-02'),"
            " (20, 'first, day two', timestamp '2025-01-02', null),"
            " (90, 'another', timestamp '2025-01-02', null)"
        )
        session.sql(f"create table snapshot_test.seen using iceberg as {SEEN}")
        session.sql(merge[merge.index("merge into") :])
        rows = session.sql(
            "select price, dbt_valid_to is null from snapshot_test.recorded"
        ).collect()

    assert sorted(map(tuple, rows)) == [
        *((10, False), (20, False)),
        *((30, True), (90, True)),
    ]
