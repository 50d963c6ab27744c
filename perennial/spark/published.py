"""Which build is published on Spark: one small table, changed by one commit.

It has a row for each build that is kept, and one of them is the published one.
All rows are written anew in one commit of Iceberg, which is refused where
somebody else has made one since the table was read.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from perennial.engines import EngineError
from perennial.spark.sides import Namespaces, literal
from perennial.warehouse import Build

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COLUMNS = {
    "build_id": "string",
    "is_published": "boolean",
    "as_of_date": "date",
    "started_at": "timestamp",
    "published_at": "timestamp",
}


@dataclass(frozen=True)
class PublishedBuild:
    """A build that readers may ask for, and whether it is the published one."""

    build_id: str
    is_published: bool
    as_of_date: date
    started_at: datetime
    published_at: datetime


@dataclass(frozen=True)
class PublishedBuilds:
    """What the table said when it was read."""

    builds: list[PublishedBuild]
    # None where there is no table yet.
    snapshot: int | None = None

    @property
    def present(self) -> PublishedBuild | None:
        """The published build; None where there is none."""
        return next((one for one in self.builds if one.is_published), None)

    def with_published(
        self, build: Build, published_at: datetime, keep_builds: int
    ) -> list[PublishedBuild]:
        """The rows once a build is published: it, what is newer, a few before."""
        others = [
            replace(one, is_published=False)
            for one in self.builds
            if one.build_id != build.build_id
        ]
        others.sort(key=lambda one: one.started_at, reverse=True)
        newer = [one for one in others if one.started_at >= build.started_at]
        earlier = [one for one in others if one.started_at < build.started_at]
        new = PublishedBuild(
            *(build.build_id, True, build.as_of_date, build.started_at, published_at)
        )
        return [*newer, new, *earlier[:keep_builds]]

    def with_present(self, build_id: str) -> list[PublishedBuild]:
        """The rows once a kept build is the published one."""
        return [
            replace(one, is_published=one.build_id == build_id) for one in self.builds
        ]


def read_published(spark: "SparkSession", namespaces: Namespaces) -> PublishedBuilds:
    """What is published.

    Raises:
        EngineError: the table is not ours.
    """
    table = namespaces.published_builds
    if not spark.catalog.tableExists(table):
        return PublishedBuilds([])
    if set(spark.table(table).columns) != set(COLUMNS):
        raise EngineError(
            f"{table.replace('`', '')} is not what perennial has written; rename it, "
            "or name another schema with PERENNIAL_PUBLIC_SCHEMA"
        )
    found = spark.sql(
        f"select snapshot_id from {table}.refs where name = 'main'"
    ).collect()
    if not found:
        raise EngineError(f"{table.replace('`', '')} was emptied; drop it")
    times = ("started_at", "published_at")
    columns = ", ".join(
        f"cast({name} as timestamp_ntz) as {name}" if name in times else name
        for name in COLUMNS
    )
    snapshot = found[0][0]
    rows = spark.sql(f"select {columns} from {table} version as of {snapshot}")
    return PublishedBuilds([PublishedBuild(*row) for row in rows.collect()], snapshot)


def write_published(
    spark: "SparkSession",
    namespaces: Namespaces,
    read: PublishedBuilds,
    builds: list[PublishedBuild],
) -> None:
    """Let other rows take the place of those that were read, in one commit.

    Raises:
        EngineError: somebody else has changed them since.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql.functions import lit

    values = ", ".join(
        f"({literal(one.build_id)}, {str(one.is_published).lower()},"
        f" date '{one.as_of_date}', timestamp '{one.started_at} UTC',"
        f" timestamp '{one.published_at} UTC')"
        for one in builds
    )
    rows = spark.sql(f"select * from values {values} as t ({', '.join(COLUMNS)})")
    rows = rows.select(
        [rows[name].cast(kind).alias(name) for name, kind in COLUMNS.items()]
    )
    writer = rows.coalesce(1).writeTo(namespaces.published_builds)
    try:
        if read.snapshot is None:
            writer.using("iceberg").create()
        else:
            writer.option("isolation-level", "serializable").option(
                "validate-from-snapshot-id", str(read.snapshot)
            ).overwrite(lit(True))
    except (Py4JError, PySparkException) as error:
        if "Found conflicting files" in str(error) or "ALREADY_EXISTS" in str(error):
            raise EngineError(
                "another perennial has published meanwhile; publish again, if this "
                "build is still the newer one"
            ) from error
        raise
