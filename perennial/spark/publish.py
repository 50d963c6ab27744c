"""Publish a whole build on Spark: tag its snapshots, then name it in one commit.

Nothing is copied. Stopped at any point before the commit, readers see what they
saw, and tags are left over that the next publish replaces or drops.
"""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perennial.audits import (
    ONE_SECOND,
    Accepted,
    Audit,
    find_incomplete,
)
from perennial.engines import EngineError
from perennial.publishing import (
    PUBLISHED,
    WORDS_OF_SERVERS,
    PublishError,
    Say,
    UnfitError,
    audit_aloud,
    check_tables,
    moment_of_publishing,
    name_tables,
    not_published,
    note_of_kept,
    say_published,
)
from perennial.spark.kept import find_newest_tagged, find_present, prune
from perennial.spark.published import (
    PublishedBuilds,
    read_published,
    write_published,
)
from perennial.spark.session import said
from perennial.spark.sides import (
    Namespaces,
    References,
    SparkSide,
    literal,
    pins,
    read_references,
    tag_of,
)
from perennial.spark.views import write_views
from perennial.warehouse import Build, WarehouseError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def publish_build(
    spark: "SparkSession",
    namespaces: Namespaces,
    tables: list[str],
    accepted: Accepted,
    say: Say,
    since: datetime.datetime | None = None,
    before_commit: Callable[[], None] = lambda: None,
) -> Build:
    """Publish the build that dbt left.

    Args:
        spark: a session.
        namespaces: where everything stands.
        tables: the marts that are public.
        accepted: the audits that are overruled.
        say: told what a person should know.
        since: the build must have begun by then.
        before_commit: called once, before another build is the published one.

    Returns:
        The build that is published now.

    Raises:
        PublishError: it was not published; what is published is as it was.
    """
    with _plain_errors():
        published = read_published(spark, namespaces)
        work = _read_work(spark, namespaces, tables, since, say)
        present = published.present
        is_new = not present or present.build_id != work.build.build_id
        if is_new:
            _publish(spark, namespaces, published, work, accepted, say, before_commit)
    where = f", named in {_plain(namespaces.published_builds)}"
    warnings = _finish(spark, namespaces, tables, work.build)
    say_published(work.build, is_new, where, warnings, say)
    return work.build


class _Work(SparkSide):
    """What dbt left, as it was when it was found to be whole."""

    def __init__(
        self, spark: "SparkSession", namespaces: Namespaces, references: References
    ) -> None:
        self.references = references
        self.pins = pins(references, "main")
        name = f"the target {namespaces.target.name}"
        super().__init__(spark, name, namespaces, self.pins)


def _read_work(
    spark: "SparkSession",
    namespaces: Namespaces,
    tables: list[str],
    since: datetime.datetime | None,
    say: Say,
) -> _Work:
    """Take a snapshot of each table, all of one whole run of dbt.

    Whether it was whole is asked afterwards, and which process wrote each: a run
    that has replaced some of them meanwhile would show in one of the two.
    """
    references = read_references(spark, namespaces)
    work = _Work(spark, namespaces, references)
    if incomplete := find_incomplete(work, since):
        raise UnfitError(incomplete)
    check_tables(set(work.pins), tables, work.name, say)
    for table in set(work.pins) - set(tables):
        del work.pins[table]
    if strange := _find_strange(work, namespaces):
        raise UnfitError(
            f"{name_tables(strange)} changed after the last run of dbt, or by another "
            "one at the same time; run dbt build"
        )
    return work


def _find_strange(work: _Work, namespaces: Namespaces) -> list[str]:
    """The tables that another process has written than build_info."""
    asked = " union all ".join(
        f"select {literal(table)} as table_name, summary['spark.app.id'] as wrote"
        f" from {namespaces.mart(table)}.snapshots where snapshot_id = {snapshot}"
        for table, snapshot in work.pins.items()
    )
    wrote = dict(work.rows(asked))
    return sorted(name for name in wrote if wrote[name] != wrote["build_info"])


def _publish(
    spark: "SparkSession",
    namespaces: Namespaces,
    published: PublishedBuilds,
    work: _Work,
    accepted: Accepted,
    say: Say,
    before_commit: Callable[[], None],
) -> None:
    """Audit the build, tag it, and name it as the published one."""
    present = published.present
    compared = None
    if present:
        compared = find_present(spark, namespaces, work.references, present.build_id)
    elif compared := find_newest_tagged(spark, namespaces, work.references, work.build):
        say(f"note: {note_of_kept(compared.build, 'published build')}")
    found = audit_aloud(work, compared, work, accepted, WORDS_OF_SERVERS, say)
    now = moment_of_publishing()
    marks = _marks(compared and compared.build, found, now)
    for table, snapshot in work.pins.items():
        _tag(spark, namespaces, table, snapshot, work.build, marks.get(table))
    _count(spark, namespaces, work)
    spark.sql(f"create namespace if not exists `{namespaces.public}`")
    keep_builds = int(work.build.number("keep_builds"))
    rows = published.with_published(work.build, now, keep_builds)
    before_commit()
    write_published(spark, namespaces, published, rows)


def _marks(
    compared: Build | None, found: Audit, now: datetime.datetime
) -> dict[str, str]:
    """What is written into a tagged table: when it was published, and why so."""
    accepted = literal(found.accepted) if found.accepted else "null"
    marks = {
        "build_info": f"set published_at = timestamp '{now} UTC',"
        f" accepted_audits = {accepted}"
    }
    if found.reason and compared:
        marks["rpt_restatements"] = (
            f"set reason = {literal(found.reason)} where reason is null"
            f" and restated_at >= timestamp '{compared.started_at + ONE_SECOND} UTC'"
        )
    return marks


def _tag(
    spark: "SparkSession",
    namespaces: Namespaces,
    table: str,
    snapshot: int,
    build: Build,
    mark: str | None,
) -> None:
    """Name the snapshot of a table; what is marked is one that follows it.

    A branch takes the mark: the table that dbt builds stays as it is.
    """
    name, tag = namespaces.mart(table), tag_of(build.build_id)
    version = snapshot
    branch = f"publishing_{build.build_id}"
    if mark:
        spark.sql(
            f"alter table {name} create or replace branch `{branch}`"
            f" as of version {snapshot}"
        )
        spark.sql(f"update {name}.`branch_{branch}` {mark}")
        version = spark.sql(
            f"select snapshot_id from {name}.refs where name = '{branch}'"
        ).first()[0]
    spark.sql(
        f"alter table {name} create or replace tag `{tag}` as of version {version}"
    )
    if mark:
        spark.sql(f"alter table {name} drop branch if exists `{branch}`")


def _count(spark: "SparkSession", namespaces: Namespaces, work: _Work) -> None:
    """Count each table as readers will see it."""
    tag = tag_of(work.build.build_id)
    asked = " union all ".join(
        f"select {literal(table)}, (select count(*) from {work.find_mart(table)}),"
        f" (select count(*) from {namespaces.mart(table)} version as of '{tag}')"
        for table in work.pins
    )
    for table, built, tagged in spark.sql(asked).collect():
        if built != tagged:
            raise UnfitError(
                f"marts.{table} has {built:,} rows, and {tagged:,} by its tag; run "
                "dbt build again"
            )


def _finish(
    spark: "SparkSession", namespaces: Namespaces, tables: list[str], build: Build
) -> Iterator[str]:
    """Do what follows the commit: nothing of it can undo it, so it only warns."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        _explain(spark, namespaces, build)
    except (Py4JError, PySparkException) as error:
        yield f"the reason is not in the history: {said(error)}; publish again"
    try:
        behind = list(write_views(spark, namespaces, tables, build))
        yield from behind
        if not behind:
            references = read_references(spark, namespaces)
            yield from prune(spark, namespaces, references, build)
    except (Py4JError, PySparkException, EngineError, WarehouseError) as error:
        yield f"no older build was dropped: {said(error)}"


def _explain(spark: "SparkSession", namespaces: Namespaces, build: Build) -> None:
    """Write the reasons of the restatements to the history, for later builds."""
    history = namespaces.table("snapshots", "snap_closed_months")
    if not spark.catalog.tableExists(history) or not build.input_name:
        return
    tag = tag_of(build.build_id)
    reasons = (
        "select restated_month, metric_name, restated_at, reason"
        f" from {namespaces.mart('rpt_restatements')} version as of '{tag}'"
        " where reason is not null"
    )
    if not spark.sql(reasons).take(1):
        return
    spark.sql(
        f"""
        merge into {history} as told
        using ({reasons}) as restated
        on
            restated.restated_month = told.told_month
            and restated.metric_name = told.metric_name
            and restated.restated_at = told.told_at
            and told.reason = ''
            and told.input_name = {literal(build.input_name)}
            and told.policy_key = {literal(build.policy_key or "")}
        when matched then update set told.reason = restated.reason
        """
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say what stopped a publish in words, and that nothing is lost."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (UnfitError, EngineError, WarehouseError) as error:
        raise not_published(f"{PUBLISHED} is as it was", error) from error
    except (Py4JError, PySparkException) as error:
        if "CommitStateUnknown" in str(error):
            raise PublishError(
                "the connection was lost at the last step, and the build is "
                "published or is not, as a whole; perennial publish says which"
            ) from error
        why = f"Spark says: {said(error)}"
        raise not_published(f"{PUBLISHED} is as it was", why) from error


def _plain(name: str) -> str:
    return name.replace("`", "")
