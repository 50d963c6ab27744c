"""Earlier published files: kept beside the present one, and brought back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from perennial import durable
from perennial.places import Places
from perennial.warehouse import (
    Build,
    WarehouseError,
    attach,
    drop_log,
    quoted,
    read_build_of,
)

HISTORY = "_history"
NAME = re.compile(r"\d{8}T\d{6}-[0-9A-Za-z]+")
# A copy of the history names subscriptions; like the history, it is its owner's.
PRIVATE = 0o600


class KeptError(Exception):
    """Why nothing was kept or brought back, in words that say what to do."""


@dataclass(frozen=True)
class Kept:
    """A published file, present or earlier, and the build it holds."""

    path: Path
    build: Build
    is_present: bool


def name_of(build: Build) -> str:
    """When a build began and the start of its id: sorts by time."""
    build_id = re.sub(r"[^0-9A-Za-z]", "0", build.build_id[:8])
    return f"{build.started_at:%Y%m%dT%H%M%S}-{build_id}"


def keep_present(places: Places, build: Build) -> None:
    """Give the present published file a second name, before it is replaced."""
    try:
        places.kept.mkdir(exist_ok=True)
        durable.put_link(places.published, _file_of(places, name_of(build)))
    except OSError as error:
        raise KeptError(
            f"cannot keep the published file in {places.kept}: {error.strerror}; "
            "let that folder be written, and make room"
        ) from error


def copy_history(
    connection: duckdb.DuckDBPyConnection, places: Places, build: Build
) -> None:
    """Copy the history as it is when a build is published.

    The history must not be attached. DuckDB's own copy, since the file's last
    changes may still be in its log.
    """
    copy = _file_of(places, name_of(build) + HISTORY)
    temporary = durable.temporary_of(copy)
    try:
        places.kept.mkdir(exist_ok=True)
        durable.remove(temporary)
        durable.remove(durable.wal_of(temporary))
        # Nobody else may read it, not even while it is written.
        with duckdb.connect(str(temporary)):
            temporary.chmod(PRIVATE)
        attach(
            connection,
            places.history,
            "history",
            what="the history file",
            remedy="wait until it is free",
        )
        connection.execute(f"attach {quoted(str(temporary))} as history_copy")
        connection.execute("copy from database history to history_copy")
        connection.execute("checkpoint history_copy")
        connection.execute("detach history_copy")
        connection.execute("detach history")
        durable.sync(temporary)
        durable.take_place(temporary, copy)
    except (OSError, duckdb.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise KeptError(
            f"cannot copy the history file to {copy}: {reason}; let that folder "
            "be written, and make room"
        ) from error


def prune(places: Places, present: Build, keep_builds: int) -> list[str]:
    """Delete what is older than the last few, and say what could not be.

    The copies of the history go with the builds they belong to.
    """
    names = sorted(
        {found.group() for path in _listed(places) if (found := NAME.match(path.name))}
        - {name_of(present)},
        reverse=True,
    )
    # A build that began after the present one stays, for the way forward again.
    earlier = [name for name in names if name < name_of(present)]
    failed = []
    for name in earlier[keep_builds:]:
        for path in (_file_of(places, name), _file_of(places, name + HISTORY)):
            try:
                durable.remove(path)
            except OSError as error:
                failed.append(f"could not delete {path}: {error.strerror}")
    return failed


def list_kept(places: Places) -> list[Kept]:
    """All published files, the newest build first; damaged ones are left out.

    Raises:
        WarehouseError: the present one is none.
    """
    found = {}
    if places.published.exists():
        present = _read(places.published)
        found[name_of(present)] = Kept(places.published, present, True)
    for path in _listed(places):
        if path.suffix != ".duckdb" or not NAME.fullmatch(path.stem):
            continue
        if path.stem not in found:
            try:
                found[path.stem] = Kept(path, _read(path), False)
            except WarehouseError:
                continue
    return [found[name] for name in sorted(found, reverse=True)]


def format_kept(kept: Iterable[Kept]) -> str:
    """The builds as aligned text, the present one marked."""
    lines = [("build", "as of", "started", "published", "")]
    for one in kept:
        published_at = one.build.published_at
        lines.append(
            (
                one.build.build_id[:8],
                str(one.build.as_of_date),
                f"{one.build.started_at:%F %T}",
                f"{published_at:%F %T}" if published_at else "unknown",
                "(published now)" if one.is_present else "",
            )
        )
    if len(lines) == 1:
        return "nothing is published, and no build is kept"
    return "\n".join(
        f"{build:<8}  {as_of:<10}  {started:<19}  {published:<19}  {mark}".rstrip()
        for build, as_of, started, published, mark in lines
    )


def roll_back(places: Places, wanted: str | None = None) -> Kept:
    """Let a kept file take the place of the published one, which is kept.

    Args:
        places: the files; the lock is held.
        wanted: the start of a build id, or the name of a kept file; without
            it the newest build that is older than the published one.

    Returns:
        What is published now.

    Raises:
        KeptError: there is no such build, or no room for it.
        WarehouseError: a file cannot be read.
    """
    drop_log(places.published, "the published file", "close the program")
    kept = list_kept(places)
    chosen = _choose(kept, wanted, places)
    if chosen.is_present:
        return chosen
    present = next((one for one in kept if one.is_present), None)
    mode = places.published.stat().st_mode & 0o777 if present else 0o644
    try:
        durable.remove(durable.wal_of(places.new))
        durable.put_copy(chosen.path, places.new, mode)
        if _read(places.new).build_id != chosen.build.build_id:
            raise KeptError(f"{chosen.path} could not be copied; try again")
        if present:
            keep_present(places, present.build)
        durable.take_place(places.new, places.published)
    except OSError as error:
        raise KeptError(
            f"cannot bring back {chosen.path}: {error.strerror}; the published "
            "file is as it was"
        ) from error
    finally:
        durable.remove_quietly(places.new, durable.temporary_of(places.new))
    return Kept(places.published, chosen.build, True)


def _choose(kept: Iterable[Kept], wanted: str | None, places: Places) -> Kept:
    kept = list(kept)
    if wanted is None:
        present = next((one for one in kept if one.is_present), None)
        earlier = [
            one
            for one in kept
            if not one.is_present
            and (present is None or name_of(one.build) < name_of(present.build))
        ]
        if not earlier:
            raise KeptError(
                f"no earlier build is kept in {places.kept}; perennial rollback "
                "--list shows what there is"
            )
        return earlier[0]
    chosen = [
        one
        for one in kept
        if wanted
        and (one.build.build_id.startswith(wanted) or name_of(one.build) == wanted)
    ]
    if len(chosen) != 1:
        found = "several builds are" if chosen else "no build is"
        raise KeptError(
            f"{found} called {wanted!r}; perennial rollback --list shows what there is"
        )
    return chosen[0]


def _read(path: Path) -> Build:
    return read_build_of(
        path,
        "the published file",
        "it is not what perennial has written: move it away",
    )


def _file_of(places: Places, name: str) -> Path:
    return places.kept / f"{name}.duckdb"


def _listed(places: Places) -> list[Path]:
    return sorted(places.kept.iterdir()) if places.kept.is_dir() else []


def newest_history_copy(places: Places) -> Path | None:
    """The last copy of the history, to bring back one that was lost."""
    copies = [path for path in _listed(places) if path.stem.endswith(HISTORY)]
    return copies[-1] if copies else None
