"""`perennial load` into Iceberg tables of a Spark cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from conftest import PROJECT, environment_of, profile_here
from damage import good
from spark_cluster import SparkCluster

from perennial.engines import read_target
from perennial.loading import LoadError
from perennial.loading import spark as loading
from perennial.loading.spark import MARK, check_spark, load_spark
from perennial.loading.staging import PLACES, Staged, StagedTable
from perennial.spark.session import session_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COLUMNS = ("order_id", "platform")


@pytest.fixture(scope="module")
def cluster(spark: SparkCluster) -> Iterator[SparkCluster]:
    """The cluster, named in the environment of this process too."""
    with profile_here(spark.environment):
        yield spark


@pytest.fixture(scope="module")
def said(cluster: SparkCluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a load says whose files stand where the workers see them."""
    scratch = tmp_path_factory.mktemp("spark_load")
    folder, shared = scratch / "input", scratch / "shared"
    folder.mkdir()
    shared.mkdir()
    cells = 'o8,c\\1,2024-01-01, 1e5,"w\0b\n\t""é"""'
    (folder / "orders.csv").write_text(good("orders", "007,c1", cells))
    (folder / "products.csv").write_text("product_id\n")
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "perennial", "load", str(folder)),
            *("--target", "spark", "--staging-folder", str(shared)),
        ],
        cwd=PROJECT,
        env={**environment_of(scratch), **cluster.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    # What was read may be personal.
    assert list(shared.iterdir()) == []
    return outcome.stdout


@pytest.fixture(scope="module")
def session(said: str) -> Iterator[SparkSession]:
    """A session with the settings of the target."""
    with session_of(read_target("spark")) as session:
        yield session


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def staged(connection: duckdb.DuckDBPyConnection, values: str, *absent: str) -> Staged:
    """Orders with the ids and platforms of values, as if they had been read."""
    connection.execute(
        "create or replace table orders as select 'orders.csv' as file_name, "
        "1 + row_number() over () as line_number, 1::bigint as line_count, "
        f"null::varchar as unreadable_because, * from ({values}) t (order_id, platform)"
    )
    orders = StagedTable("orders", "orders", (*PLACES, *COLUMNS), 1, 0)
    return Staged(connection, [orders], list(absent))


def tables(session: SparkSession, schema: str) -> set[str]:
    return {row.tableName for row in session.sql(f"show tables in {schema}").collect()}


def loaded(session: SparkSession, schema: str) -> list[tuple]:
    rows = session.sql(f"select order_id, platform from {schema}.orders").collect()
    return sorted(map(tuple, rows))


def test_it_says_what_was_loaded_and_what_to_run_next(said: str) -> None:
    lines = said.splitlines()
    assert "  orders                  6 rows, 1 line that could not be split" in lines
    assert "  products                0 rows" in lines
    assert "  customers               absent" in lines
    assert "  dbt build --target spark --vars '{input_schema: raw}'" in lines


def test_text_stays_text_also_what_postgresql_could_not_store(
    session: SparkSession,
) -> None:
    rows = session.sql(
        "select line_number, line_count, unreadable_because like 'fewer values%',"
        " order_id, customer_id, gross_amount, platform, currency from raw.orders"
        " where line_number > 6 order by line_number"
    ).collect()
    assert [tuple(row) for row in rows] == [
        (7, 1, True, None, None, None, None, None),
        (8, 2, None, "o8", "c\\1", " 1e5", 'w\0b\n\t"é"', None),
    ]
    assert tables(session, "raw") == {"orders", "products"}
    provider = session.sql("describe table extended raw.orders").collect()
    assert ("Provider", "iceberg") in [(row[0], row[1]) for row in provider]


def test_a_load_replaces_all_tables_or_none(
    session: SparkSession, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    check_spark(session, "replaced", ["orders"])
    old = staged(connection, "values ('old', 'web')")
    load_spark(session, "replaced", old, tmp_path, lambda: None)
    new = staged(connection, "values ('new', 'x')", "products")
    with pytest.raises(KeyboardInterrupt):
        load_spark(session, "replaced", new, tmp_path, stop)
    assert loaded(session, "replaced") == [("old", "web")]

    load_spark(session, "replaced", new, tmp_path, lambda: None)
    assert loaded(session, "replaced") == [("new", "x")]
    assert tables(session, "replaced") == {"orders"}


def test_the_later_of_two_loads_wins_and_the_earlier_says_so(
    session: SparkSession,
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = loading._write

    def write_and_be_overtaken(session: SparkSession, file: Path, table: str) -> None:
        original(session, file, table)
        monkeypatch.setattr(loading, "_write", original)
        (tmp_path / "second").mkdir()
        with duckdb.connect() as other:
            rows = staged(other, "values ('second', 'x')")
            load_spark(session, "crowded", rows, tmp_path / "second", lambda: None)

    monkeypatch.setattr(loading, "_write", write_and_be_overtaken)
    check_spark(session, "crowded", ["orders"])
    first = staged(connection, "values ('first', 'web')")
    with pytest.raises(LoadError, match="another perennial load has begun to fill the"):
        load_spark(session, "crowded", first, tmp_path, lambda: None)

    assert loaded(session, "crowded") == [("second", "x")]
    assert tables(session, "crowded") == {"orders"}


def test_an_exchange_that_fails_leaves_a_mark_for_builds(
    session: SparkSession,
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
) -> None:
    def drop_all() -> None:
        for name in tables(session, "failed"):
            session.sql(f"drop table failed.{name}")

    check_spark(session, "failed", ["orders"])
    rows = staged(connection, "values ('a', 'web')")
    with pytest.raises(Exception, match="orders__loading_"):
        load_spark(session, "failed", rows, tmp_path, drop_all)
    assert tables(session, "failed") == {MARK}

    load_spark(session, "failed", rows, tmp_path, lambda: None)
    assert tables(session, "failed") == {"orders"}


def test_what_was_not_loaded_is_never_replaced(session: SparkSession) -> None:
    check_spark(session, "taken", ["orders"])
    session.sql("create table taken.orders (order_id string) using iceberg")
    with pytest.raises(LoadError, match=r"taken\.orders is no table that perennial"):
        check_spark(session, "taken", ["orders"])
    session.sql("create view taken.products as select 1 as product_id")
    with pytest.raises(LoadError, match=r"taken\.products is a view, and is not"):
        check_spark(session, "taken", ["products"])


def test_workers_that_do_not_see_the_files_are_told_of(
    session: SparkSession, tmp_path: Path
) -> None:
    with pytest.raises(LoadError, match="--staging-folder"):
        loading._write(session, tmp_path / "gone.parquet", "raw.gone")
