"""A few worlds loaded, built and published on PostgreSQL, and who may read what."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from conftest import PROJECT
from engine_builds import Day, run
from postgres_cluster import Cluster
from postgres_shop import READER_SQL
from psycopg2.errors import InsufficientPrivilege
from worlds import AS_OF, write_worlds

from perennial.publishing import public_tables

READER = "readers_of_worlds"
WORLDS = 3


@pytest.fixture(scope="module")
def cluster(
    postgres_server: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A database with one build, by the commands that its owner runs."""
    cluster = postgres_server.with_database("worlds")
    cluster.run(
        f"create role {READER} nologin",
        READER_SQL.format(name="ana", role=READER),
        user="postgres",
    )
    scratch = tmp_path_factory.mktemp("postgres_build")
    folder = write_worlds(scratch / "input", count=WORLDS)
    into = {
        "scratch": scratch,
        "environment": cluster.environment | {"PERENNIAL_POSTGRES_READER": READER},
    }
    options = ("--target", "postgres")
    variables = Day(folder, AS_OF).variables(input_schema="raw")
    run("perennial", "load", str(folder), *options, **into)
    run("perennial", "build", *options, "--vars", variables, **into)
    yield cluster
    cluster.drop_database()
    roles = (f"drop role {role}" for role in ("ana", READER))
    cluster.with_default().run(*roles, user="postgres")


@pytest.fixture
def ana(cluster: Cluster) -> Iterator[psycopg2.extensions.cursor]:
    """Somebody in the role of the readers."""
    connection = cluster.connect("ana", "ana")
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def tables_of(cluster: Cluster) -> dict[str, list[str]]:
    """Schema -> its tables and views."""
    tables: dict[str, list[str]] = {}
    for schema, name in cluster.run(
        "select relnamespace::regnamespace::text, relname from pg_class"
        " where relkind in ('r', 'v', 'm', 'p')"
        " and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"
    ):
        tables.setdefault(schema, []).append(name)
    return tables


def test_a_reader_reads_every_public_table(
    cluster: Cluster, ana: psycopg2.extensions.cursor
) -> None:
    assert sorted(tables_of(cluster)["marts"]) == public_tables(PROJECT)
    counts = {}
    for name in public_tables(PROJECT):
        ana.execute(f"select count(*) from (select * from marts.{name}) as all_of_it")
        (counts[name],) = ana.fetchone()
    assert counts["build_info"] == 1
    assert counts["dim_customers"] > WORLDS
    assert sum(count > 0 for count in counts.values()) > 0.8 * len(counts)


def test_a_reader_is_refused_on_every_table_that_is_not_public(
    cluster: Cluster, ana: psycopg2.extensions.cursor
) -> None:
    tables = tables_of(cluster)
    folders = ("staging", "intermediate", "utilities", "marts", "snapshots")
    assert {"raw", *(f"perennial_{folder}" for folder in folders)} <= set(tables)
    assert len(tables["raw"]) > 10
    for schema in set(tables) - {"marts"}:
        for name in tables[schema]:
            with pytest.raises(InsufficientPrivilege):
                ana.execute(f'select * from "{schema}"."{name}"')
