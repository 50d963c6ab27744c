"""What publishing does alike on every engine: what it asks for, and what it says."""

import contextlib
import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

from perennial.audits import Accepted, Audit, Words, audit, format_findings
from perennial.build import Say
from perennial.engines import EngineError, Target
from perennial.sides import Side
from perennial.warehouse import Build

# On a server, where no file can be named.
PUBLISHED = "what is published"
PUBLIC_SCHEMA = "marts"
WORDS_OF_SERVERS = Words(
    elsewhere="PERENNIAL_PUBLIC_SCHEMA",
    history="the schema of the snapshots",
    remedy_of_lost_history="bring it back from a backup and build again",
)


class PublishError(Exception):
    """Why nothing was published, in words that say what to do."""


class UnfitError(Exception):
    """Why this build cannot be published; what readers see is not its concern."""


def again_when_you_like(variables: object) -> str:
    """What is said after a signal; without variables nothing was to be built."""
    again = "Publish" if variables is None else "Build"
    return f"nothing was published. {again} again when you like"


def not_published(as_it_was: str, why: object) -> PublishError:
    """The error that says why, and what became of what readers see.

    Args:
        as_it_was: like "the published file is as it was".
        why: what stopped it; a list of findings begins with an end of line.
    """
    text = str(why)
    gap = "" if text.startswith("\n") else " "
    return PublishError(f"not published, and {as_it_was}:{gap}{text}")


def public_tables(project: Path) -> list[str]:
    """The marts of the project: the models below models/marts.

    Raises:
        PublishError: there are none, so this is not the project's folder.
    """
    folders = (project, project / "dbt_packages" / "perennial")
    tables = {
        path.stem
        for folder in folders
        for path in (folder / "models" / "marts").rglob("*")
        if path.suffix in (".sql", ".py")
    }
    if not tables:
        raise PublishError(
            f"there is no models/marts in {project.resolve()}, and it says what is "
            "public; go to the folder of the project"
        )
    return sorted(tables)


def check_tables(built: set[str], tables: list[str], where: str, say: Say) -> None:
    """Have all public tables built; say which others are left out.

    Args:
        built: what stands among the marts.
        tables: what is public.
        where: they stand, like "the work file".
        say: told what a person should know.

    Raises:
        UnfitError: a public table was not built.
    """
    if missing := sorted(set(tables) - built):
        raise UnfitError(
            f"{where} lacks {name_tables(missing)}: it was built by another version "
            "of the project; run dbt build"
        )
    if leftover := sorted(built - set(tables)):
        say(f"note: left out, since no model is called so: {name_tables(leftover)}")


def audit_aloud(
    work: Side,
    compared: Side | None,
    history: Side,
    accepted: Accepted,
    words: Words,
    say: Say,
) -> Audit:
    """Audit a build, and say what was found.

    Args:
        work: what dbt left.
        compared: what it is compared with; None where there is nothing.
        history: where the snapshots stand.
        accepted: the audits that are overruled.
        words: how the engine's places are called.
        say: told what a person should know.

    Raises:
        UnfitError: an audit found something that is not accepted.
    """
    found = audit(work, compared, history, accepted, words)
    for note in found.notes:
        say(f"note: {note}")
    if found.stopping:
        raise UnfitError("\n" + format_findings(found.stopping))
    for finding in found.findings:
        say(f"accepted: {finding.summary}")
    return found


def note_of_kept(build: Build, missing: str) -> str:
    """What is said where audits had to take a kept build for what is published."""
    return (
        f"there is no {missing} to compare with; compared with the kept build "
        f"{build.build_id[:8]} of {build.as_of_date}"
    )


def moment_of_publishing() -> datetime.datetime:
    """Now in UTC, as `published_at` tells it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


def say_published(
    build: Build, is_new: bool, where: str, warnings: Iterable[str], say: Say
) -> None:
    """Say what is published now, and then what went wrong after it was.

    Whoever has stopped listening does not undo it.
    """
    done = "published" if is_new else "already published"
    with contextlib.suppress(OSError):
        say(f"{done}: build {build.build_id[:8]} of {build.as_of_date}{where}")
        for warning in warnings:
            say(f"warning: published, but {warning}")


def find_public_schema(target: Target, environment: Mapping[str, str]) -> str:
    """What readers see on a server is called so.

    Raises:
        EngineError: dbt builds in schemas that begin with this name.
    """
    public = environment.get("PERENNIAL_PUBLIC_SCHEMA") or PUBLIC_SCHEMA
    if public.startswith(f"{target.schema}_"):
        raise EngineError(
            f"PERENNIAL_PUBLIC_SCHEMA is {public}, and dbt builds in schemas that "
            "begin so; name another"
        )
    return public


def name_tables(tables: Iterable[str]) -> str:
    """Public tables in a sentence: "marts.dim_customers, marts.fct_orders"."""
    return ", ".join(f"marts.{table}" for table in tables)
