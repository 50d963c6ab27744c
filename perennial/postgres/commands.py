"""What the commands do on PostgreSQL."""

from pathlib import Path

from perennial.audits import Accepted
from perennial.engines import Target
from perennial.fitting import fit_and_build
from perennial.kept import Listing
from perennial.postgres import kept
from perennial.postgres.connection import connected
from perennial.postgres.publish import locked, publish_build
from perennial.postgres.sides import find_schemas
from perennial.publishing import Say, again_when_you_like, public_tables
from perennial.stops import stoppable


def publish(
    target: Target,
    accepted: Accepted,
    say: Say,
    variables: dict[str, object] | None = None,
) -> None:
    """Publish what dbt left; with variables, fit and build that first."""
    schemas = find_schemas(target)
    tables = public_tables(Path())
    words = again_when_you_like(variables)
    with locked(schemas) as connection, stoppable(words) as stop:
        since = None
        if variables is not None:
            since = fit_and_build(target.name, variables, say)
        publish_build(
            *(connection, schemas, tables, accepted, say),
            since,
            before_swap=stop.close,
        )


def list_kept(target: Target) -> Listing:
    """The builds that can be published again."""
    with connected(target) as connection, connection.cursor() as cursor:
        return kept.list_kept(cursor, find_schemas(target))


def roll_back(target: Target, build_name: str | None) -> tuple[str, list[str]]:
    """Publish a kept build again: what stands where, and what went wrong then."""
    schemas = find_schemas(target)
    with locked(schemas) as connection:
        chosen = kept.roll_back(connection, schemas, build_name)
    return f"{chosen.build.build_id[:8]} in the schema {schemas.public}", []
