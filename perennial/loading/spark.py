"""Copy staged tables into Iceberg tables of Spark, by way of Parquet files.

DuckDB writes the files, the workers of the cluster read them. Each table is
written under another name first, which takes the time; the last step only
renames. While it renames, a table tells builds not to read: Spark has no
transaction over several tables.
"""

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from perennial.loading.problem import LoadError
from perennial.loading.staging import PLACES, Staged
from perennial.warehouse import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Is there while tables are renamed; macros/inputs/locate_inputs.sql looks for it.
MARK = "perennial_load_in_progress"
NEW = "__loading_"


def check_spark(spark: "SparkSession", schema: str, names: list[str]) -> None:
    """Stop where a load would replace what is not a load's own.

    Raises:
        LoadError: something in the schema was not loaded and bears the name of a
            table.
    """
    spark.sql(f"create namespace if not exists {schema}")
    views: set[str] = set()
    # Not every catalog has views.
    with contextlib.suppress(Exception):
        views = {row.viewName for row in spark.sql(f"show views in {schema}").collect()}
    present = _tables(spark, schema)
    for name in names:
        is_loaded = name in present and set(PLACES) <= set(
            spark.table(f"{schema}.{name}").columns
        )
        if name in views or (name in present and not is_loaded):
            what = "a view" if name in views else "no table that perennial load made"
            raise LoadError(
                f"{schema}.{name} is {what}, and is not replaced; load into another "
                "schema with --schema, or drop it"
            )


def load_spark(
    spark: "SparkSession",
    schema: str,
    staged: Staged,
    folder: Path,
    before_commit: Callable[[], None],
) -> None:
    """Replace the tables of a schema.

    Args:
        spark: a session.
        schema: that is there.
        staged: the tables, and which ones the folder of files does not have.
        folder: takes the Parquet files; all workers see it under this path.
        before_commit: called when all that is left is to make it so.

    Raises:
        LoadError: the workers do not see the files, or another load has come.
    """
    # What a load that was killed has left. One that is still at work notices.
    for name in _tables(spark, schema):
        if NEW in name:
            _drop(spark, schema, name)
    ending = NEW + secrets.token_hex(4)
    try:
        for table in staged.tables:
            file = folder / f"{table.name}.parquet"
            columns = ", ".join(table.columns)
            staged.connection.execute(
                f"copy (select {columns} from {table.relation}) "
                f"to {quoted(str(file))} (format parquet)"
            )
            _write(spark, file, f"{schema}.{table.name}{ending}")
            file.unlink()
        names = [table.name for table in staged.tables]
        if not {name + ending for name in names} <= _tables(spark, schema):
            raise LoadError(
                f"another perennial load has begun to fill the schema {schema}; wait "
                "until it is done"
            )
        _write_mark(spark, schema, ending)
        before_commit()
        _exchange(spark, schema, names, staged.absent, ending)
    finally:
        # The reason is told, not that clearing up did not work either.
        with contextlib.suppress(Exception):
            for name in _tables(spark, schema):
                if name.endswith(ending):
                    _drop(spark, schema, name)


def _exchange(
    spark: "SparkSession", schema: str, names: list[str], absent: list[str], ending: str
) -> None:
    """Drop what was there, and give what is new its name."""
    try:
        for name in (*names, *absent):
            _drop(spark, schema, name)
        for name in names:
            spark.sql(f"alter table {schema}.{name}{ending} rename to {schema}.{name}")
    except Exception:
        # Also where another load has taken it away.
        _make_mark(spark, schema, MARK)
        raise
    _drop(spark, schema, MARK)


def _write(spark: "SparkSession", file: Path, table: str) -> None:
    """A Parquet file as a new Iceberg table."""
    try:
        rows = spark.read.parquet(file.as_uri())
        rows.writeTo(table).using("iceberg").create()
    except Exception as error:
        if "FileNotFound" in str(error) or "does not exist" in str(error):
            raise LoadError(
                f"the workers of Spark do not see {file.parent}; name a folder that "
                "is there under the same path on each of them with --staging-folder"
            ) from error
        raise


def _write_mark(spark: "SparkSession", schema: str, ending: str) -> None:
    """Renamed as the tables are: a catalog that cannot do it stops here."""
    _drop(spark, schema, MARK)
    _make_mark(spark, schema, MARK + ending)
    spark.sql(f"alter table {schema}.{MARK}{ending} rename to {schema}.{MARK}")


def _make_mark(spark: "SparkSession", schema: str, name: str) -> None:
    spark.sql(f"create table if not exists {schema}.{name} (note string) using iceberg")


def _tables(spark: "SparkSession", schema: str) -> set[str]:
    return {row.tableName for row in spark.sql(f"show tables in {schema}").collect()}


def _drop(spark: "SparkSession", schema: str, name: str) -> None:
    """With its files: what was loaded may be personal."""
    spark.sql(f"drop table if exists {schema}.{name} purge")
