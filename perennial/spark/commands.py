"""What the commands do on Spark, each step with the cluster to itself."""

from pathlib import Path

from perennial.audits import Accepted
from perennial.engines import Target
from perennial.fitting import fit_and_build
from perennial.kept import Listing
from perennial.publishing import Say, again_when_you_like, public_tables
from perennial.spark import kept
from perennial.spark.publish import publish_build
from perennial.spark.session import session_of, stop_session
from perennial.spark.sides import find_namespaces
from perennial.stops import stoppable


def publish(
    target: Target,
    accepted: Accepted,
    say: Say,
    variables: dict[str, object] | None = None,
) -> None:
    """Publish what dbt left; with variables, fit and build that first."""
    namespaces = find_namespaces(target)
    tables = public_tables(Path())
    words = again_when_you_like(variables)
    since = None
    if variables is not None:
        with stoppable(words):
            # The fit's session would hold the cores that the build needs.
            since = fit_and_build(target.name, variables, say, stop_session)
    # A session that begins takes the signals for itself: what stops comes after.
    with session_of(target) as spark, stoppable(words) as stop:
        publish_build(
            *(spark, namespaces, tables, accepted, say),
            since,
            before_commit=stop.close,
        )


def list_kept(target: Target) -> Listing:
    """The builds that can be published again."""
    with session_of(target) as spark:
        return kept.list_kept(spark, find_namespaces(target))


def roll_back(target: Target, build_name: str | None) -> tuple[str, list[str]]:
    """Publish a kept build again: what stands where, and what went wrong then."""
    namespaces = find_namespaces(target)
    with session_of(target) as spark:
        chosen, behind = kept.roll_back(spark, namespaces, build_name)
    where = f"{namespaces.public}.published_builds"
    return f"{chosen.build.build_id[:8]}, named in {where}", behind
