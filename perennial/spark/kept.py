"""Builds on Spark that are kept by the tags of their snapshots."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perennial.engines import EngineError
from perennial.kept import Listing, choose
from perennial.spark.published import read_published, write_published
from perennial.spark.session import said
from perennial.spark.sides import (
    TAG,
    Namespaces,
    References,
    SparkSide,
    pins,
    read_references,
    tag_of,
)
from perennial.spark.views import write_views
from perennial.warehouse import Build

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class KeptTags:
    """A build that a tag of each table names."""

    build: Build
    is_present: bool


def list_kept(spark: "SparkSession", namespaces: Namespaces) -> Listing:
    """All builds that were published, present and kept, the newest first."""
    references = read_references(spark, namespaces)
    found, unreadable = [], []
    for one in read_published(spark, namespaces).builds:
        build = side_of(spark, namespaces, references, one.build_id).build
        if build is None:
            unreadable.append(f"the tags of build {one.build_id[:8]} are gone")
        else:
            found.append(KeptTags(build, one.is_published))
    found.sort(key=lambda one: (one.build.started_at, one.is_present), reverse=True)
    return Listing(found, unreadable)


def roll_back(
    spark: "SparkSession", namespaces: Namespaces, wanted: str | None
) -> tuple[KeptTags, list[str]]:
    """Let a kept build be the published one, in one commit.

    Args:
        spark: a session.
        namespaces: where everything stands.
        wanted: the start of a build id; without it the newest build that is
            older than the published one.

    Returns:
        What is published now, and what did not follow it.

    Raises:
        KeptError: there is no such build.
        EngineError: another process has published meanwhile.
    """
    published = read_published(spark, namespaces)
    table = namespaces.published_builds.replace("`", "")
    chosen = choose(list_kept(spark, namespaces), wanted, table)
    if not chosen.is_present:
        rows = published.with_present(chosen.build.build_id)
        write_published(spark, namespaces, published, rows)
    references = read_references(spark, namespaces)
    tables = sorted(pins(references, tag_of(chosen.build.build_id)))
    return chosen, list(write_views(spark, namespaces, tables, chosen.build))


def prune(
    spark: "SparkSession",
    namespaces: Namespaces,
    references: References,
    present: Build,
) -> Iterator[str]:
    """Drop the tags of builds that are kept no longer, and say what could not be.

    Their snapshots go when the owner of the tables lets snapshots expire. A
    build that began after the published one stays: somebody may be about to
    publish it.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    kept = {tag_of(one.build_id) for one in read_published(spark, namespaces).builds}
    tags = {tag for snapshots in references.values() for tag in snapshots}
    for tag in sorted(tags - kept):
        if not (named := TAG.fullmatch(tag)):
            continue
        build = side_of(spark, namespaces, references, named["build_id"]).build
        if build and build.started_at >= present.started_at:
            continue
        # The table that tells of the build comes last.
        for table in sorted(
            pins(references, tag), key=lambda name: name == "build_info"
        ):
            try:
                spark.sql(
                    f"alter table {namespaces.mart(table)} drop tag if exists `{tag}`"
                )
            except (Py4JError, PySparkException) as error:
                yield f"the tag {tag} of {table} could not be dropped: {said(error)}"


def side_of(
    spark: "SparkSession",
    namespaces: Namespaces,
    references: References,
    build_id: str,
) -> SparkSide:
    """The tables that the tag of a build names."""
    snapshots = pins(references, tag_of(build_id))
    return SparkSide(spark, "what is published", namespaces, snapshots)


def find_newest_tagged(
    spark: "SparkSession", namespaces: Namespaces, references: References, work: Build
) -> SparkSide | None:
    """Where published_builds was dropped, the audits must not be silent."""
    sides = [
        side_of(spark, namespaces, references, named["build_id"])
        for tag in references.get("build_info", ())
        if (named := TAG.fullmatch(tag))
    ]
    of_input = [
        side
        for side in sides
        if side.build
        and side.build.input_name == work.input_name
        and side.build.build_id != work.build_id
    ]
    return max(of_input, key=lambda side: side.build.started_at, default=None)


def find_present(
    spark: "SparkSession",
    namespaces: Namespaces,
    references: References,
    build_id: str,
) -> SparkSide:
    """The published build.

    Raises:
        EngineError: its tag is gone.
    """
    side = side_of(spark, namespaces, references, build_id)
    if side.build is None:
        raise EngineError(
            f"the published build {build_id[:8]} is not there: its tag on "
            f"{namespaces.mart('build_info').replace('`', '')} is gone; drop "
            f"{namespaces.published_builds.replace('`', '')}, and publish again"
        )
    return side
