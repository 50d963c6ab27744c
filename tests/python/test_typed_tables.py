"""Tables that stand in a warehouse already, with types: read without a load."""

from __future__ import annotations

from pathlib import Path

import duckdb
from conftest import profile_here, show
from postgres_cluster import Cluster
from spark_cluster import SparkCluster

from perennial.engines import read_target
from perennial.spark.session import session_of

# An id that was a float for a while, an instant, a bare day, and amounts that
# engines like to print with an exponent.
CREATE = """
create table typed.orders{using} as
select
    cast(7 as bigint) as order_id,
    cast(42 as {double}) as customer_id,
    cast('2024-07-01 12:00:00-05:00' as {instant}) as ordered_at,
    cast(12345678.9 as {double}) as gross_amount,
    cast(0.00001 as {double}) as discount_amount,
    cast(0 as decimal(30, 12)) as shipping_amount,
    cast('2024-07-03' as date) as refunded_at,
    cast(null as {double}) as cost_amount
"""
KINDS = {
    **{"order_id": "id", "customer_id": "id", "ordered_at": "timestamp"},
    **{"gross_amount": "amount", "discount_amount": "amount"},
    **{"shipping_amount": "amount", "refunded_at": "date", "cost_amount": "amount"},
}
READ = ["7", "42", "2024-07-01 17:00:00", "12345678.900000", "0.000010"]
READ += ["0.000000", "2024-07-03", None]


def read(target: str, scratch: Path, environment: dict[str, str]) -> list[str | None]:
    """The only order, as unified reads what staging takes from the table."""
    values = ", ".join(
        f"cast({{{{ perennial.typed_value('{column}', '{kind}') }}}}"
        f" as {{{{ dbt.type_string() }}}}) as {column}"
        for column, kind in KINDS.items()
    )
    inline = f"select {values} from ({{{{ read_input('orders') }}}}) t"
    (row,) = show(inline, scratch, target, environment, input_schema="typed")
    return list(row.values())


def test_on_duckdb(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "work.duckdb") as work:
        work.execute("create schema typed")
        work.execute(CREATE.format(using="", double="double", instant="timestamptz"))

    assert read("duckdb", tmp_path, {}) == READ


def test_on_postgresql(postgres: Cluster, tmp_path: Path) -> None:
    postgres.run(
        "create schema typed",
        CREATE.format(using="", double="double precision", instant="timestamptz"),
    )

    assert read("postgres", tmp_path, postgres.environment) == READ


def test_on_spark(spark: SparkCluster, tmp_path: Path) -> None:
    with (
        profile_here(spark.environment),
        session_of(read_target("spark")) as session,
    ):
        session.sql("create namespace if not exists typed")
        session.sql(
            CREATE.format(using=" using iceberg", double="double", instant="timestamp")
        )

    assert read("spark", tmp_path, spark.environment) == READ
