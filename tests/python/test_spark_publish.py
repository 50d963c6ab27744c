"""Publishing on Spark: tags on snapshots, and one commit that names the build."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECT
from published import MARTS, MONTHS, id_of
from spark_cluster import CATALOG, SparkCluster
from spark_shop import SparkShop, target_of

from perennial.engines import EngineError
from perennial.kept import KeptError
from perennial.publishing import PublishError, audit_aloud
from perennial.spark import publish
from perennial.spark.session import session_of
from perennial.spark.sides import find_namespaces, tag_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COUNTER = itertools.count(1)
# A session of its own; it does not hold on to what tables once were.
OWN_SETTINGS = f"""\
spark.master local[2]
spark.sql.catalog.{CATALOG}.cache-enabled false
"""


@pytest.fixture(scope="module")
def session(spark: SparkCluster) -> Iterator[SparkSession]:
    """A session on the cluster, in a zone that must not matter."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**spark.environment, "TZ": "America/New_York"}.items():
            patch.setenv(name, value)
        time.tzset()
        with session_of(target_of("any")) as spark:
            yield spark
    time.tzset()


@pytest.fixture
def shop(session: SparkSession) -> SparkShop:
    """A shop of which nothing was built."""
    shop = SparkShop(session, f"shop{next(COUNTER)}")
    shop.make()
    return shop


@pytest.fixture
def second_build(shop: SparkShop) -> SparkShop:
    """Build 1 is published, build 2 is what dbt left."""
    shop.build(1)
    shop.publish()
    shop.build(2)
    return shop


def stopped(shop: SparkShop, number: int | None = 1) -> str:
    """What stops the publish, which changes nothing that readers see."""
    with pytest.raises(PublishError) as stop:
        shop.publish()
    if number:
        assert shop.number() == number
    return str(stop.value)


def environment(cluster: SparkCluster, folder: Path) -> dict[str, str]:
    """Of a process on the tables of the cluster, with a Spark of its own.

    The session of the tests holds all cores of the cluster.
    """
    conf = folder / "conf"
    conf.mkdir(exist_ok=True)
    settings = (cluster.folder / "conf/spark-defaults.conf").read_text()
    kept = [line for line in settings.splitlines(True) if "spark.master" not in line]
    (conf / "spark-defaults.conf").write_text("".join([*kept, OWN_SETTINGS]))
    (conf / "log4j2.properties").write_text("rootLogger.level = off\n")
    return {
        **os.environ,
        **cluster.environment,
        "SPARK_CONF_DIR": str(conf),
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests/python'}",
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


@contextmanager
def alone(cluster: SparkCluster, folder: Path, *script: str):
    """A process with a Spark of its own, which is killed if it goes on."""
    process = subprocess.Popen(
        [sys.executable, *script],
        env=environment(cluster, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


# ------------------------------------------------------------- what is published


def test_a_build_is_one_tag_on_every_table_and_one_row_that_names_it(second_build):
    second_build.publish()
    assert second_build.number() == 2
    assert second_build.kept() == [1]
    rows = second_build.run(
        "select build_id, is_published, as_of_date, cast(started_at as string)"
        f" from public_{second_build.name}.published_builds order by build_id"
    )
    assert rows == [
        (id_of(1), False, date(2025, 2, 28), "2025-03-02 06:00:00"),
        (id_of(2), True, date(2025, 2, 28), "2025-03-03 06:00:00"),
    ]
    # A build that nobody has published is another one than that of the tag.
    second_build.build(3)
    for table in ("dim_customers", "rpt_mrr_monthly"):
        assert [
            second_build.run(f"select built_by from {second_build.pinned(table, n)}")
            for n in (1, 2)
        ] == [[(1,)], [(2,)]]


def test_build_info_says_by_its_tag_when_it_was_published_and_what_was_accepted(
    second_build,
):
    second_build.build(2, rows={"orders": 10})
    second_build.publish(shrink=True)
    asked = "select published_at is null, accepted_audits from"
    pinned = second_build.pinned("build_info", 2)
    assert second_build.run(f"{asked} {pinned}") == [
        (False, "shrink: orders 100 to 10 rows")
    ]
    work = f"{second_build.name}_marts.build_info"
    assert second_build.run(f"{asked} {work}") == [(True, None)]
    assert second_build.tags("build_info") == {tag_of(id_of(1)), tag_of(id_of(2))}


def test_a_table_with_other_columns_is_read_with_those_of_its_build(second_build):
    table = f"{second_build.name}_marts.rpt_mrr_monthly"
    second_build.run(
        f"create or replace table {table} using iceberg as select 'x' as another"
    )
    pinned = second_build.spark.sql(
        f"select * from {second_build.pinned('rpt_mrr_monthly', 1)}"
    )
    assert pinned.columns == ["built_by"]
    assert pinned.first()[0] == 1


def test_publishing_twice_says_so(second_build):
    second_build.publish()
    (said,) = second_build.publish()
    assert said.startswith("already published: build 00000002 of 2025-02-28")


def test_snapshots_that_a_tag_names_outlive_the_expiry_of_snapshots(second_build):
    second_build.publish()
    second_build.build(3, keep_builds=1)
    second_build.publish()
    catalog = second_build.spark.conf.get("spark.sql.defaultCatalog")
    second_build.run(
        f"call {catalog}.system.expire_snapshots("
        f"table => '{second_build.name}_marts.dim_customers',"
        " older_than => timestamp '2100-01-01 00:00:00', retain_last => 1)"
    )
    snapshots = second_build.run(
        f"select count(*) from {second_build.name}_marts.dim_customers.snapshots"
    )
    assert snapshots == [(2,)]
    assert second_build.number() == 3
    second_build.roll_back()
    assert second_build.number() == 2


def test_the_views_show_what_is_published(second_build):
    view = f"select built_by from public_{second_build.name}.dim_customers"
    assert second_build.run(view) == [(1,)]
    second_build.publish()
    assert second_build.run(view) == [(2,)]
    second_build.roll_back()
    assert second_build.run(view) == [(1,)]


def test_a_table_in_place_of_a_view_is_left_alone_and_named(second_build):
    public = f"public_{second_build.name}"
    second_build.run(f"drop view {public}.dim_customers")
    second_build.run(f"create table {public}.dim_customers (a int) using iceberg")
    said = second_build.publish()
    (warning,) = [line for line in said if line.startswith("warning: ")]
    assert f"the view {public}.dim_customers does not show this build" in warning
    assert second_build.number() == 2


def test_a_public_schema_that_cannot_be_called_so_is_refused():
    for name in ("any_marts", "Marts`"):
        with pytest.raises(EngineError, match="PERENNIAL_PUBLIC_SCHEMA"):
            find_namespaces(target_of("any"), {"PERENNIAL_PUBLIC_SCHEMA": name})


# -------------------------------------------------------------------- whole runs


def test_a_run_that_was_not_whole_is_not_published(second_build):
    runs = f"{second_build.name}_utilities.dbt_runs"
    for change, words in {
        "ended_at = null": "did not come to its end",
        "nodes_failed = 2, first_failure = 'x'": "had 2 errors",
        "invocation_id = 'other'": "did not make marts.build_info",
    }.items():
        second_build.run(
            f"update {runs} set {change} where invocation_id <> '{id_of(1)}'"
        )
        assert words in stopped(second_build)
        second_build.run(
            f"delete from {runs} where invocation_id <> '{id_of(1)}'",
        )
        second_build.build(2)


def test_a_catalog_without_any_build_says_so(shop):
    assert "does not say that a build of it is whole" in stopped(shop, None)


def test_a_mart_that_was_not_built_stops_it(shop):
    shop.build(1)
    shop.run(f"drop table {shop.name}_marts.rpt_mrr_monthly")
    assert "lacks marts.rpt_mrr_monthly" in stopped(shop, None)


def test_a_table_that_another_process_has_written_stops_it(second_build):
    """Two runs of dbt at once may both seem whole."""
    rows = second_build.spark.sql("select 7 as built_by")
    table = rows.writeTo(f"{second_build.name}_marts.dim_customers")
    table.option("snapshot-property.spark.app.id", "another").append()
    assert "marts.dim_customers changed after the last run" in stopped(second_build)


def test_a_run_that_begins_while_it_is_published_changes_nothing_of_it(
    second_build, monkeypatch
):
    """Its tables are there before those of the published build are tagged."""

    def audit_and_be_overtaken(*arguments):
        second_build.build(3)
        return audit_aloud(*arguments)

    monkeypatch.setattr(publish, "audit_aloud", audit_and_be_overtaken)
    second_build.publish()
    assert second_build.number() == 2


# ------------------------------------------------------------------------ audits


@pytest.mark.parametrize(
    ("build", "said", "option"),
    [
        ({"rows": {"orders": 79}}, "orders shrunk from 100 to 79", {"shrink": True}),
        ({"as_of": date(2025, 2, 27)}, "the as-of date moved back", {"as_of": True}),
        ({"input_name": "it's \\ b"}, "of the input shop", {"input": True}),
    ],
)
def test_a_step_backwards_stops_until_it_is_accepted(second_build, build, said, option):
    second_build.build(2, **build)
    assert said in stopped(second_build)
    second_build.publish(**option)
    assert second_build.number() == 2


def test_the_reason_of_a_restatement_is_published_and_goes_into_the_history(shop):
    shop.build(1)
    shop.publish()
    shop.build(2, months=MONTHS | {("2025-01", "mrr"): "500"})
    assert "2025-01  mrr  1,000.00 -> 500.00" in stopped(shop)
    shop.publish(restatement="it's a recall")
    reason = f"select reason from {shop.pinned('rpt_restatements', 2)}"
    assert shop.run(reason) == [("it's a recall",)]
    reasons = shop.run(
        f"select reason from {shop.name}_snapshots.snap_closed_months order by told_at"
    )
    assert reasons == [("",), ("it's a recall",)]


def test_a_history_that_was_lost_stops_until_it_is_accepted(second_build):
    second_build.run(f"delete from {second_build.name}_snapshots.snap_builds")
    assert "the history is not the one" in stopped(second_build)


def test_without_published_builds_the_newest_tag_is_compared(second_build):
    second_build.run(f"drop table public_{second_build.name}.published_builds")
    second_build.build(2, rows={"orders": 1})
    assert "orders shrunk from 100 to 1 rows" in stopped(second_build, None)


# ------------------------------------------------------------------- kept builds


def test_tags_of_builds_that_are_kept_no_longer_are_dropped(shop):
    shop.run(f"create namespace {shop.target.schema_of('staging')}")
    for number in (1, 2, 3):
        shop.build(number, keep_builds=1)
        shop.publish()
    assert shop.number() == 3
    assert shop.kept() == [2]
    for table in MARTS:
        assert shop.tags(table) == {tag_of(id_of(2)), tag_of(id_of(3))}


def test_a_rollback_goes_back_and_forth_and_names_what_it_lacks(second_build):
    second_build.publish()
    second_build.roll_back()
    assert second_build.number() == 1
    second_build.roll_back("00000002")
    assert second_build.number() == 2
    with pytest.raises(KeptError, match="no build is called '9'"):
        second_build.roll_back("9")


# ------------------------------------------------------------------ what stops it


def test_of_two_at_once_the_one_that_commits_later_is_refused(second_build):
    with pytest.raises(PublishError, match="another perennial has published meanwhile"):
        second_build.publish(before_commit=second_build.publish)
    assert second_build.number() == 2
    assert second_build.kept() == [1]


def test_of_two_first_ones_at_once_one_is_refused(shop):
    shop.build(1)
    with pytest.raises(PublishError, match="another perennial has published meanwhile"):
        shop.publish(before_commit=shop.publish)
    assert shop.number() == 1


class Interrupted:
    """A session that is stopped at one of its statements."""

    def __init__(self, spark: SparkSession, statement: int) -> None:
        self._spark = spark
        self._left = statement

    def __getattr__(self, name: str):
        return getattr(self._spark, name)

    def sql(self, text: str):
        """Count it, and stop at the last."""
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return self._spark.sql(text)


def test_stopped_at_any_statement_it_leaves_one_whole_build(second_build):
    session = second_build.spark
    seen = []
    for statement in itertools.count(4, 6):
        second_build.spark = Interrupted(session, statement)
        try:
            second_build.publish()
        except KeyboardInterrupt:
            second_build.spark = session
            seen.append(second_build.number())
            continue
        break
    second_build.spark = session
    assert seen == sorted(seen)
    assert seen[0] == 1
    assert len(seen) > 3
    second_build.publish()
    assert second_build.number() == 2
    for table in MARTS:
        assert second_build.tags(table) == {tag_of(id_of(1)), tag_of(id_of(2))}


def test_killed_before_the_commit_it_was_nothing_and_the_next_publish_goes_on(
    second_build, spark, tmp_path
):
    script = Path(__file__).with_name("spark_shop.py")
    with alone(spark, tmp_path, str(script), second_build.name) as process:
        assert process.stdout.readline() == "tagged\n"
        process.kill()
        process.wait()
    assert second_build.number() == 1
    # What it has tagged is of a build that is never published.
    second_build.build(3)
    second_build.publish()
    assert second_build.number() == 3
    assert second_build.kept() == [1]
    assert tag_of(id_of(2)) not in second_build.tags("dim_customers")


# ----------------------------------------------------------------------- readers


def test_readers_who_name_the_build_never_see_two(shop, spark, tmp_path):
    shop.build(1)
    shop.publish()
    script = Path(__file__).with_name("spark_reader.py")
    ways = ("pinned", "pinned", "views", "work")
    with alone(spark, tmp_path, str(script), shop.name, *ways) as process:
        assert process.stdout.readline() == "ready\n"
        for number in range(2, 5):
            shop.build(number)
            shop.publish()
        shop.roll_back("00000003")
        said, _ = process.communicate()
    found = json.loads(said)
    print(found)
    counts = found["counts"]
    assert not [name for name in counts if name.startswith("pinned failed")]
    assert counts["pinned mixed"] == 0
    assert counts["pinned pages"] > 5
    assert len(found["builds"]["pinned"]) > 1


# ------------------------------------------------------------------ the commands


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with these marts and the profile of this one."""
    marts = tmp_path / "models/marts"
    marts.mkdir(parents=True)
    for name in MARTS:
        (marts / f"{name}.sql").touch()
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: perennial\n")
    return tmp_path


def test_the_commands_publish_list_and_roll_back(second_build, spark, folder):
    told = environment(spark, folder) | second_build.environment

    def run(*arguments: str) -> str:
        outcome = subprocess.run(
            [sys.executable, "-m", "perennial", *arguments, "--target", "spark"],
            cwd=folder,
            env=told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    said = run("publish")
    table = f"public_{second_build.name}.published_builds"
    assert said == f"published: build 00000002 of 2025-02-28, named in {table}\n"
    assert run("rollback") == f"published: 00000001, named in {table}\n"
    lines = run("rollback", "--list").splitlines()
    assert [line.split()[0] for line in lines] == ["build", "00000002", "00000001"]
    assert lines[2].endswith("(published now)")
