"""Publishing on PostgreSQL: the whole build or nothing, for readers of marts only."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg2
import pytest
from conftest import PROJECT
from postgres_cluster import Cluster
from postgres_shop import PostgresShop
from published import FIRST_DAY, MARTS, MONTHS, NUMBERED

from perennial.engines import EngineError
from perennial.kept import KeptError
from perennial.postgres import swap
from perennial.postgres.publish import locked
from perennial.postgres.sides import find_schemas
from perennial.publishing import PublishError

COUNTER = itertools.count(1)


@pytest.fixture
def empty_shop(postgres: Cluster) -> Iterator[PostgresShop]:
    """A shop of which nothing was built, and of which nobody reads."""
    shop = PostgresShop(postgres, f"bi_reader_{next(COUNTER)}")
    shop.make_schemas()
    yield shop
    # What a test that failed has left open would be waited for.
    postgres.run(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()",
        f"drop owned by {postgres.user} cascade",
        user="postgres",
    )
    shop.drop_roles(shop.reader)


@pytest.fixture
def shop(empty_shop: PostgresShop) -> PostgresShop:
    """A shop whose administrator has made the role of the readers."""
    empty_shop.make_reader()
    return empty_shop


@pytest.fixture
def second_build(shop: PostgresShop) -> PostgresShop:
    """Build 1 is published, build 2 is what dbt left."""
    shop.build(1)
    shop.publish()
    shop.build(2)
    return shop


@pytest.fixture
def ana(empty_shop: PostgresShop) -> Iterator[psycopg2.extensions.connection]:
    """Ana, who is in the role of the readers, and what she is connected with."""
    empty_shop.make_reader("ana")
    connection = empty_shop.cluster.connect("ana", "ana")
    yield connection
    connection.close()
    empty_shop.drop_roles("ana")


def ask(connection: psycopg2.extensions.connection, sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def stopped(shop: PostgresShop, number: int | None = 1) -> str:
    """What stops the publish, which changes nothing."""
    before = shop.schemas_there()
    with pytest.raises(PublishError) as stop:
        shop.publish()
    assert shop.schemas_there() == before
    if number:
        assert shop.number() == number
    return str(stop.value)


# ------------------------------------------------------------ what is published


def test_the_public_tables_are_published_row_by_row_and_nothing_else(shop):
    shop.build(1)
    shop.cluster.run("create table perennial_marts.left_over (a int)")
    said = shop.publish()
    assert "note: left out, since no model is called so: marts.left_over" in said
    rows = shop.cluster.run("select tablename from pg_tables where schemaname='marts'")
    assert {name for (name,) in rows} == set(MARTS)
    for name in set(MARTS) - {"build_info"}:
        assert shop.cluster.run(f"select * from marts.{name}") == shop.cluster.run(
            f"select * from perennial_marts.{name}"
        )


def test_comments_and_types_are_copied_to_the_letter(shop):
    shop.build(1)
    shop.publish()
    describe = """
        select attname, format_type(atttypid, atttypmod),
            col_description(attrelid, attnum), obj_description(attrelid)
        from pg_attribute
        where attrelid = '{}.dim_customers'::regclass and attnum > 0
    """
    copied = shop.cluster.run(describe.format("marts"))
    assert copied == shop.cluster.run(describe.format("perennial_marts"))
    assert copied[0][2:] == (
        "Primary; key.",
        'One row per customer.\nIt\'s "quoted" \\ 100 %.',
    )


def test_build_info_says_when_it_was_published(shop):
    shop.build(1)
    shop.publish()
    ((published_at, accepted),) = shop.cluster.run(
        "select published_at, accepted_audits from marts.build_info"
    )
    assert published_at is not None
    assert accepted is None


def test_publishing_twice_says_so_and_keeps_one(shop):
    shop.build(1)
    shop.publish()
    (said,) = shop.publish()
    assert said.startswith("already published: build 00000001 of 2025-02-28")
    assert shop.kept() == []


def test_a_mart_that_was_not_built_stops_it(shop):
    shop.build(1)
    shop.cluster.run("drop table perennial_marts.rpt_mrr_monthly")
    assert "lacks marts.rpt_mrr_monthly" in stopped(shop, None)


def test_a_schema_that_is_not_ours_is_left_alone(shop):
    shop.build(1)
    shop.cluster.run("create schema marts", "create table marts.theirs (a int)")
    assert "the schema marts holds no build_info" in stopped(shop, None)
    assert shop.cluster.run("select * from marts.theirs") == []


@pytest.mark.parametrize("name", ["perennial_marts", "m" * 60])
def test_a_public_schema_that_cannot_be_called_so_is_refused(shop, name):
    with pytest.raises(EngineError, match="PERENNIAL_PUBLIC_SCHEMA"):
        find_schemas(shop.target, {"PERENNIAL_PUBLIC_SCHEMA": name})


# -------------------------------------------------------------------- whole runs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ended_at = null", "did not come to its end"),
        ("nodes_failed = 2, first_failure = 'model.x: error'", "the first in model.x"),
        ("nodes_missing = 3", "left out 3 models, seeds, snapshots or tests"),
        ("note = '--empty'", "was given --empty"),
        ("command = 'run'", "may have changed tables"),
        ("invocation_id = 'other'", "did not make marts.build_info"),
    ],
)
def test_a_build_that_was_not_whole_is_not_published(second_build, change, said):
    second_build.cluster.run(
        f"update perennial_utilities.dbt_runs set {change}"
        " where started_at = (select max(started_at) from perennial_utilities.dbt_runs)"
    )
    if said.startswith("left out"):
        said = "left out 3"
    message = stopped(second_build)
    assert said in message
    assert "the target postgres" in message


def test_a_database_without_any_build_says_so(shop):
    assert "does not say that a build of it is whole" in stopped(shop, None)


def test_a_run_of_dbt_that_begins_while_tables_are_copied_waits(second_build):
    """Its first act is a row in dbt_runs."""
    begun = threading.Event()
    connection = second_build.cluster.connect()

    def begin() -> None:
        ask(
            connection,
            "insert into perennial_utilities.dbt_runs (invocation_id, started_at)"
            " values ('late', '2030-01-01')",
        )
        begun.set()

    thread = threading.Thread(target=begin)

    def meanwhile() -> None:
        thread.start()
        assert not begun.wait(0.5)

    second_build.publish(before_swap=meanwhile)
    assert begun.wait(10)
    thread.join()
    connection.close()
    assert second_build.number() == 2


# ------------------------------------------------------------------------ audits


def moved(**values: str) -> dict[tuple[str, str], str]:
    return MONTHS | {("2025-01", name): value for name, value in values.items()}


@pytest.mark.parametrize(
    ("build", "said", "option", "summary"),
    [
        (
            {"rows": {"orders": 79}},
            "orders shrunk from 100 to 79 rows, by more than max_shrink_share (0.2)",
            {"shrink": True},
            "shrink: orders 100 to 79 rows",
        ),
        (
            {"rows": {"customers": 0}},
            "customers is gone or empty: it had 50 rows",
            {"shrink": True},
            "shrink: customers 50 to 0 rows",
        ),
        (
            {"as_of": date(2025, 2, 27)},
            "the as-of date moved back from 2025-02-28 to 2025-02-27",
            {"as_of": True},
            "as-of: 2025-02-28 to 2025-02-27",
        ),
        (
            {"months": moved(mrr="1020.01")},
            "2025-01  mrr  1,000.00 -> 1,020.01",
            {"restatement": "a recall"},
            "restatement: a recall",
        ),
        (
            {"input_name": "other"},
            "of the input shop, this build of other",
            {"input": True},
            "input: shop to other",
        ),
    ],
)
def test_a_step_backwards_stops_until_it_is_accepted(
    second_build, build, said, option, summary
):
    second_build.build(2, **build)
    assert said in stopped(second_build)
    second_build.publish(**option)
    ((accepted,),) = second_build.cluster.run(
        "select accepted_audits from marts.build_info"
    )
    assert accepted == summary


def test_a_build_that_began_before_the_published_one_is_not_newer(second_build):
    second_build.build(3, began=FIRST_DAY.replace(day=28))
    second_build.publish()
    second_build.cluster.run("delete from perennial_utilities.dbt_runs")
    second_build.build(4, began=FIRST_DAY.replace(day=20))
    assert "this build began at 2025-03-20" in stopped(second_build, 3)


def test_a_history_that_was_lost_stops_until_it_is_accepted(second_build):
    second_build.cluster.run("delete from perennial_snapshots.snap_builds")
    assert "the history is not the one" in stopped(second_build)
    second_build.build(2)
    assert "as old as the published one" in stopped(second_build)
    second_build.publish(lost_history=True)
    assert second_build.number() == 2


def test_the_reason_of_a_restatement_is_published_and_goes_into_the_history(shop):
    shop.build(1)
    shop.publish()
    shop.build(2, months=moved(mrr="500"))
    shop.publish(restatement="a recall")
    assert shop.cluster.run("select reason from marts.rpt_restatements") == [
        ("a recall",)
    ]
    reasons = shop.cluster.run(
        "select reason from perennial_snapshots.snap_closed_months order by told_at"
    )
    assert reasons == [("",), ("a recall",)]


def test_without_a_public_schema_the_newest_kept_build_is_compared(second_build):
    second_build.publish()
    second_build.cluster.run("drop schema marts cascade")
    second_build.build(3, rows={"orders": 1})
    message = stopped(second_build, None)
    assert "orders shrunk from 100 to 1 rows" in message


# ------------------------------------------------------------------------ rights

# What ana must not be able to do, and how the server refuses it.
DENIED = "permission denied for"
FORBIDDEN = {
    "raw input": ("select * from raw.customers", f"{DENIED} schema raw"),
    "staging": (
        "select * from perennial_staging.stg_files__customers",
        f"{DENIED} schema perennial_staging",
    ),
    "intermediate": (
        "select * from perennial_intermediate.int_customers_identified",
        f"{DENIED} schema perennial_intermediate",
    ),
    "utilities": (
        "select * from perennial_utilities.dbt_runs",
        f"{DENIED} schema perennial_utilities",
    ),
    "work marts": (
        "select * from perennial_marts.build_info",
        f"{DENIED} schema perennial_marts",
    ),
    "snapshots": (
        "select * from perennial_snapshots.snap_builds",
        f"{DENIED} schema perennial_snapshots",
    ),
    "kept build": (
        "select * from {kept}.build_info",
        f"{DENIED} schema marts_2025",
    ),
    "insert": (
        "insert into marts.rpt_mrr_monthly select * from marts.rpt_mrr_monthly",
        f"{DENIED} table rpt_mrr_monthly",
    ),
    "update": (
        "update marts.build_info set build_id = 'x'",
        f"{DENIED} table build_info",
    ),
    "delete": ("delete from marts.dim_customers", f"{DENIED} table dim_customers"),
    "truncate": ("truncate marts.dim_customers", f"{DENIED} table dim_customers"),
    "drop table": ("drop table marts.dim_customers", "must be owner of table"),
    "alter table": (
        "alter table marts.dim_customers add column x int",
        "must be owner of table",
    ),
    "create in marts": ("create table marts.x (a int)", f"{DENIED} schema marts"),
    "view in marts": (
        "create view marts.x as select 1 as a",
        f"{DENIED} schema marts",
    ),
    "create in public": ("create table public.x (a int)", f"{DENIED} schema public"),
    "create schema": ("create schema x", f"{DENIED} database"),
    "temporary table": (
        "create temporary table x (a int)",
        "permission denied to create temporary tables",
    ),
    "lock for writing": (
        "do $$ begin lock table marts.build_info in exclusive mode; end $$",
        f"{DENIED} table build_info",
    ),
    "rename the schema": ("alter schema marts rename to x", "must be owner of schema"),
    "passwords": ("select * from pg_authid", f"{DENIED} table pg_authid"),
    "statistics of work": (
        "select * from pg_statistic",
        f"{DENIED} table pg_statistic",
    ),
    "another role": ("set role perennial", "permission denied to set role"),
    "make a role": ("create role x", "permission denied to create role"),
    "read a file": (
        "select pg_read_file('/etc/passwd')",
        f"{DENIED} function pg_read_file",
    ),
    "list a folder": ("select pg_ls_dir('/')", f"{DENIED} function pg_ls_dir"),
    "copy from a file": (
        "copy marts.build_info from '/etc/passwd'",
        "COPY from a file",
    ),
    "copy to a program": (
        "copy marts.build_info to program 'cat'",
        "COPY to or from an external program",
    ),
    "import a file": (
        "select lo_import('/etc/passwd')",
        f"{DENIED} function lo_import",
    ),
    "dblink": ("create extension dblink", "permission denied to create extension"),
    "file_fdw": ("create extension file_fdw", "permission denied to create extension"),
    "settings": (
        "alter system set fsync = off",
        "permission denied to set parameter",
    ),
    "end others": (
        "select pg_terminate_backend({owner_process})",
        "terminat",
    ),
}


@pytest.fixture
def ana_and_two_builds(empty_shop, ana) -> PostgresShop:
    """Build 2 is published, build 1 is kept; the database was narrowed down."""
    for number in (1, 2):
        empty_shop.build(number)
        empty_shop.publish()
    empty_shop.cluster.run(
        f"revoke temporary on database {empty_shop.cluster.database} from public",
        user="postgres",
    )
    return empty_shop


def test_a_reader_reads_every_mart(ana_and_two_builds, ana):
    for name in MARTS:
        assert ask(ana, f"select count(*) from marts.{name}")[0][0] > 0, name


def test_a_reader_is_refused_everywhere_else(ana_and_two_builds, ana):
    shop = ana_and_two_builds
    (kept,) = (name for name in shop.schemas_there() if shop.schemas.is_kept(name))
    owner = shop.cluster.connect()
    refused = {}
    for what, (sql, _) in FORBIDDEN.items():
        asked = sql.format(kept=kept, owner_process=owner.info.backend_pid)
        try:
            ask(ana, asked)
            refused[what] = "NOT REFUSED"
        except psycopg2.Error as error:
            refused[what] = str(error).splitlines()[0]
        print(f"{what:<19}  {asked:<70}  {refused[what]}")
    owner.close()
    wrong = {
        what: said for what, said in refused.items() if FORBIDDEN[what][1] not in said
    }
    assert wrong == {}


def test_a_reader_cannot_pass_on_what_it_may(ana_and_two_builds, ana):
    ask(ana, "grant select on marts.dim_customers to public")
    assert "no privileges were granted" in ana.notices[-1]


def test_no_table_or_view_outside_the_marts_is_open_to_a_reader(
    ana_and_two_builds, ana
):
    rows = ask(
        ana,
        """
        select oid::regclass::text
        from pg_class
        where
            relkind in ('r', 'v', 'm', 'p', 'f')
            and relnamespace not in (
                'pg_catalog'::regnamespace, 'information_schema'::regnamespace
            )
            and has_schema_privilege(relnamespace, 'usage')
            and has_table_privilege(oid, 'select')
        """,
    )
    assert {name for (name,) in rows} == {f"marts.{name}" for name in MARTS}


def test_the_role_is_made_where_that_is_allowed(empty_shop):
    empty_shop.cluster.run("alter role perennial createrole", user="postgres")
    try:
        empty_shop.build(1)
        empty_shop.publish()
    finally:
        empty_shop.cluster.run("alter role perennial nocreaterole", user="postgres")
    assert empty_shop.cluster.run(
        "select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb from pg_roles"
        f" where rolname = '{empty_shop.reader}'"
    ) == [(False, False, False, False)]


def test_without_the_role_it_says_what_an_administrator_runs(empty_shop):
    empty_shop.build(1)
    message = stopped(empty_shop, None)
    assert f'create role "{empty_shop.reader}" nologin' in message


@pytest.mark.parametrize("schema", ["perennial_staging", "raw"])
def test_a_reader_who_may_use_another_schema_stops_it(shop, schema):
    shop.build(1)
    shop.cluster.run(f"grant usage on schema {schema} to {shop.reader}")
    message = stopped(shop, None)
    assert f"may use {schema}, where" in message
    assert f'revoke all on schema "{schema}" from "{shop.reader}"' in message


@pytest.mark.parametrize("role", ["postgres", "perennial"])
def test_who_may_do_everything_is_no_reader(shop, role):
    shop.build(1)
    shop.reader, reader = role, shop.reader
    assert "is to read what is published only" in stopped(shop, None)
    shop.reader = reader


# ------------------------------------------------------------------- kept builds


def test_the_last_builds_are_kept_and_older_ones_dropped(shop):
    for number in range(1, 6):
        shop.build(number, keep_builds=2)
        shop.publish()
    assert shop.number() == 5
    assert shop.kept() == [4, 3]


def test_a_rollback_brings_the_build_before_back_and_forth(second_build):
    second_build.publish()
    second_build.roll_back()
    assert second_build.number() == 1
    assert second_build.kept() == [2]
    second_build.roll_back("00000002")
    assert second_build.number() == 2
    assert second_build.kept() == [1]


def test_a_rollback_to_what_there_is_not_is_refused(second_build):
    with pytest.raises(KeptError, match="no earlier build"):
        second_build.roll_back()
    with pytest.raises(KeptError, match="no build is called"):
        second_build.roll_back("7")


def test_a_publish_after_a_rollback_keeps_each_build_once(second_build):
    second_build.publish()
    second_build.roll_back()
    second_build.publish()
    assert second_build.number() == 2
    assert second_build.kept() == [1]


def test_what_others_made_on_a_build_is_named_and_not_dropped(shop):
    shop.build(1, keep_builds=1)
    shop.publish()
    shop.cluster.run(
        "create schema finance",
        "create view finance.mrr as select * from marts.rpt_mrr_monthly",
    )
    shop.build(2, keep_builds=1)
    (_, warning) = shop.publish()
    assert "finance.mrr shows the earlier build marts_2025" in warning
    shop.build(3, keep_builds=0)
    (_, _, *warnings) = shop.publish()
    assert shop.number() == 3
    assert "view finance.mrr depends on table marts_2025" in str(warnings)
    assert shop.cluster.run("select built_by from finance.mrr") == [(1,)]
    shop.cluster.run("drop schema finance cascade")
    shop.build(4, keep_builds=0)
    assert not any("warning" in line for line in shop.publish())
    assert shop.kept() == []


# ----------------------------------------------------------------------- readers


# How a page begins, and from there on is of one build.
BEGINNINGS = {
    "READ COMMITTED": "select build_id from marts.build_info",
    # Its snapshot must not be older than the tables that it finds.
    "REPEATABLE READ": "lock table marts.build_info in access share mode",
}


def page(connection: psycopg2.extensions.connection, beginning: str) -> set[int]:
    """Which builds one page shows, in one transaction."""
    with connection, connection.cursor() as cursor:
        cursor.execute(beginning)
        cursor.execute("select build_id from marts.build_info")
        builds = {int(cursor.fetchone()[0][:8])}
        for name in NUMBERED:
            cursor.execute(f"select distinct built_by from marts.{name}")
            builds |= {number for (number,) in cursor.fetchall()} or {0}
    return builds


def test_readers_see_one_build_on_each_page_whenever_it_is_published(empty_shop, ana):
    shop = empty_shop
    shop.build(1)
    shop.publish()
    shop.build(2)
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    over = threading.Event()

    def read(level: str) -> None:
        connection = shop.cluster.connect("ana", "ana")
        connection.autocommit = False
        connection.set_session(isolation_level=level, readonly=True)
        while not over.is_set():
            try:
                builds = page(connection, BEGINNINGS[level])
            except Exception as error:
                counts[f"failed: {error}"] += 1
                continue
            counts["pages"] += 1
            counts["mixed"] += len(builds) != 1
            seen.update(builds)
        connection.close()

    readers = [
        threading.Thread(target=read, args=[level]) for level in [*BEGINNINGS] * 2
    ]
    for reader in readers:
        reader.start()
    shop.publish()
    for _ in range(5):
        shop.roll_back("00000001")
        shop.roll_back("00000002")
    over.set()
    for reader in readers:
        reader.join()
    print(dict(counts))
    assert set(counts) == {"pages", "mixed"}
    assert counts["mixed"] == 0
    assert counts["pages"] > 50
    assert seen == {1, 2}


def test_who_does_not_begin_with_build_info_may_see_two_builds(second_build):
    """What the rule is for: a name is looked up anew by each statement."""
    connection = second_build.cluster.connect()
    connection.autocommit = False
    first = ask(connection, "select distinct built_by from marts.dim_customers")
    second_build.publish()
    then = ask(connection, "select distinct built_by from marts.rpt_mrr_monthly")
    connection.close()
    assert (first, then) == ([(1,)], [(2,)])


def test_a_repeatable_read_alone_shows_empty_tables_after_a_publish(second_build):
    """The new tables are found, and their rows are from after its snapshot."""
    connection = second_build.cluster.connect()
    connection.autocommit = False
    connection.set_session(isolation_level="REPEATABLE READ")
    first = ask(connection, "select distinct built_by from marts.dim_customers")
    second_build.publish()
    then = ask(connection, "select distinct built_by from marts.rpt_mrr_monthly")
    connection.close()
    assert (first, then) == ([(1,)], [])


def test_a_page_that_never_ends_stops_the_publish_and_is_named(
    second_build, monkeypatch
):
    monkeypatch.setattr(swap, "SECONDS_TO_WAIT", 1.5)
    connection = second_build.cluster.connect()
    connection.autocommit = False
    ask(connection, "select * from marts.build_info")
    message = stopped(second_build)
    assert f"process {connection.info.backend_pid} of perennial" in message
    assert "pg_terminate_backend" in message
    connection.rollback()
    second_build.publish()
    connection.close()
    assert second_build.number() == 2


def test_readers_wait_a_second_at_most_for_a_publish_that_waits(
    second_build, monkeypatch
):
    monkeypatch.setattr(swap, "SECONDS_TO_WAIT", 6)
    held = second_build.cluster.connect()
    held.autocommit = False
    ask(held, "select * from marts.build_info")
    publishing = threading.Thread(target=lambda: stopped(second_build))
    publishing.start()
    reader = second_build.cluster.connect()
    waited = []
    while publishing.is_alive():
        began = time.monotonic()
        ask(reader, "select build_id from marts.build_info")
        waited.append(time.monotonic() - began)
        time.sleep(0.05)
    publishing.join()
    held.close()
    reader.close()
    assert 0.3 < max(waited) < 3


# ------------------------------------------------------------------ what stops it


def test_two_at_once_are_refused_with_the_reason(second_build):
    with (
        locked(second_build.schemas),
        pytest.raises(EngineError, match="another perennial is building or publishing"),
    ):
        second_build.publish()
    second_build.publish()
    assert second_build.number() == 2


@pytest.mark.parametrize("how", ["the process", "its session"])
def test_killed_at_any_moment_it_leaves_one_whole_build(second_build, how):
    """Killed at random moments, in both ways; then it is published as if never."""
    shop = second_build
    chance = random.Random(7)
    whole: Counter[int] = Counter()
    for number in range(2, 10):
        shop.build(number)
        with shop.publishing("-") as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.5))
            if how == "the process":
                process.send_signal(signal.SIGKILL)
            else:
                shop.cluster.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'perennial'"
                    " and datname = current_database()",
                    user="postgres",
                )
            process.wait(30)
        found = shop.number()
        assert found in (number - 1, number)
        assert "marts_new" not in shop.schemas_there()
        whole[number - found] += 1
        publish_once_free(shop)
        assert shop.number() == number
    print(how, "published before the kill:", whole[0], "not:", whole[1])


def publish_once_free(shop: PostgresShop) -> None:
    """The server ends a session as soon as it notices that its client is gone."""
    for _ in range(100):
        try:
            shop.publish()
            return
        except EngineError as error:
            assert "another perennial" in str(error)
            time.sleep(0.05)
    raise AssertionError("the lock of a process that is gone is still held")


def test_a_signal_before_the_swap_leaves_everything_as_it_was(second_build):
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        second_build.publish(before_swap=stop)
    assert second_build.number() == 1
    assert "marts_new" not in second_build.schemas_there()


# ------------------------------------------------------------------- the commands


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with these marts and the profile of this one."""
    marts = tmp_path / "models/marts"
    marts.mkdir(parents=True)
    for name in MARTS:
        (marts / f"{name}.sql").touch()
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: perennial\n")
    return tmp_path


def run(shop: PostgresShop, folder: Path, *arguments: str, **environment: str):
    return subprocess.run(
        [sys.executable, "-m", "perennial", *arguments],
        cwd=folder,
        env=shop.environment | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_publish_list_and_roll_back(second_build, folder):
    done = run(second_build, folder, "publish", "--target", "postgres")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("published: build 00000002 of 2025-02-28 in the ")
    listed = run(second_build, folder, "rollback", "--target", "postgres", "--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        *("build", "00000002", "00000001"),
    ]
    back = run(second_build, folder, "rollback", "--target", "postgres")
    assert back.stdout == "published: 00000001 in the schema marts\n", back.stderr
    assert second_build.number() == 1


def test_a_wrong_password_is_one_sentence_that_does_not_show_it(shop, folder):
    failed = run(
        *(shop, folder, "publish", "--target", "postgres"),
        PERENNIAL_POSTGRES_PASSWORD="wrong",
    )
    assert failed.returncode == 1
    assert "password authentication failed" in failed.stderr
    assert "wrong" not in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert str(PROJECT) not in failed.stderr
