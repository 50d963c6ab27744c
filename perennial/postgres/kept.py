"""Earlier builds on PostgreSQL: kept as schemas of their own, and brought back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from perennial.kept import Listing, choose
from perennial.postgres.connection import said
from perennial.postgres.rights import check_reader
from perennial.postgres.sides import Schemas, SchemaSide
from perennial.postgres.swap import swap
from perennial.warehouse import Build, identifier

# What somebody still reads is deleted at the next publish.
WAIT_TO_DROP = "1s"


@dataclass(frozen=True)
class KeptSchema:
    """A published schema, present or earlier, and the build it holds."""

    schema: str
    build: Build
    is_present: bool


def list_kept(cursor: Any, schemas: Schemas) -> Listing:
    """All published schemas, present and kept, the newest first."""
    cursor.execute("select nspname from pg_namespace order by nspname")
    found, unreadable = [], []
    for (schema,) in cursor.fetchall():
        if schema == schemas.public or schemas.is_kept(schema):
            build = SchemaSide(cursor, schema, schema).build
            if build is None:
                unreadable.append(f"the schema {schema} holds no build_info")
            else:
                found.append(KeptSchema(schema, build, schema == schemas.public))
    found.sort(key=lambda one: (one.build.started_at, one.is_present), reverse=True)
    return Listing(found, unreadable)


def roll_back(connection: Any, schemas: Schemas, wanted: str | None) -> KeptSchema:
    """Let a kept schema take the place of the published one, which is kept.

    Args:
        connection: that holds the lock.
        schemas: where everything stands.
        wanted: the start of a build id; without it the newest build that is
            older than the published one.

    Returns:
        What is published now.

    Raises:
        KeptError: there is no such build.
        EngineError: readers do not come to an end.
    """
    with connection, connection.cursor() as cursor:
        listing = list_kept(cursor, schemas)
        chosen = choose(listing, wanted, f"the schemas {schemas.public}_*")
        if not chosen.is_present:
            inputs = SchemaSide(cursor, chosen.schema, chosen.schema).schema_of_inputs
            check_reader(cursor, schemas, inputs)
            present = listing.present
            swap(cursor, schemas, present and present.build, chosen.schema)
    return chosen


def prune(connection: Any, schemas: Schemas, present: Build) -> Iterator[str]:
    """Drop what is older than the last few, and say what could not be.

    What others have made on a kept build, like a view, is not dropped with it.
    """
    with connection, connection.cursor() as cursor:
        kept = [one for one in list_kept(cursor, schemas).builds if not one.is_present]
    twice = [one for one in kept if one.build.build_id == present.build_id]
    earlier = [one for one in kept if one.build.started_at < present.started_at]
    for one in (*twice, *earlier[int(present.number("keep_builds")) :]):
        if problem := _drop(connection, one.schema):
            yield f"the kept build {one.schema} could not be deleted: {problem}"


def left_behind(connection: Any, schemas: Schemas) -> Iterator[str]:
    """The views of others that show a build which is published no more."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            select distinct
                made.oid::regclass::text,
                from_table.relnamespace::regnamespace::text
            from pg_depend
            inner join pg_rewrite
                on
                    pg_depend.classid = 'pg_rewrite'::regclass
                    and pg_depend.objid = pg_rewrite.oid
            inner join pg_class as made on pg_rewrite.ev_class = made.oid
            inner join pg_class as from_table
                on
                    pg_depend.refclassid = 'pg_class'::regclass
                    and pg_depend.refobjid = from_table.oid
            where
                made.relnamespace <> from_table.relnamespace
                and made.relpersistence <> 't'
            order by 1
            """
        )
        made = cursor.fetchall()
    for name, schema in made:
        if schemas.is_kept(schema):
            yield f"{name} shows the earlier build {schema}: make it anew"


def _drop(connection: Any, schema: str) -> str | None:
    """Drop a schema with its tables, unless something else rests on them."""
    import psycopg2

    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = %s", [WAIT_TO_DROP])
            cursor.execute(
                "select relname from pg_class"
                " where relnamespace = to_regnamespace(%s) and relkind = 'r'",
                [identifier(schema)],
            )
            tables = ", ".join(
                f"{identifier(schema)}.{identifier(name)}"
                for (name,) in cursor.fetchall()
            )
            if tables:
                cursor.execute(f"drop table {tables}")
            cursor.execute(f"drop schema {identifier(schema)}")
    except psycopg2.errors.DependentObjectsStillExist as error:
        # Names of objects, and no data.
        detail = "; ".join((error.diag.message_detail or "").splitlines())
        return f"{detail}; make that anew, or drop it"
    except psycopg2.errors.LockNotAvailable:
        return "somebody reads it; the next publish tries again"
    except psycopg2.Error as error:
        return said(error)
    return None
