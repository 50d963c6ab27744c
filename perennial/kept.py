"""Earlier published files: kept beside the present one, and brought back."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from perennial import durable
from perennial.build import Say
from perennial.places import Places
from perennial.warehouse import (
    Build,
    DamagedError,
    WarehouseError,
    attach,
    drop_log,
    engine,
    in_words,
    opened,
    quoted,
    read_build_of,
    read_to_end,
)

HISTORY = "_history"
NAME = re.compile(r"\d{8}T\d{6}-[0-9A-Za-z]+")
# What is written beside a file of that name belongs to it.
OURS = re.compile(
    rf"(?P<name>{NAME.pattern})({HISTORY})?\.duckdb(?P<unfinished>\.tmp)?(\.wal)?"
)
# A copy of the history names subscriptions; like the history, it is its owner's.
PRIVATE = 0o600
REMEDY = "it is not what perennial has written: move it away"
LIST = "perennial rollback --list"


class KeptError(Exception):
    """Why nothing was kept or brought back, in words that say what to do."""


@dataclass(frozen=True)
class Kept:
    """A published file, present or earlier, and the build it holds."""

    path: Path
    build: Build
    is_present: bool


@dataclass(frozen=True)
class Listing:
    """The builds that can be brought back, the newest first, and what cannot."""

    builds: list[Kept]
    unreadable: list[str]

    @property
    def present(self) -> Kept | None:
        """What is published; None where there is nothing, or it is damaged."""
        return next((one for one in self.builds if one.is_present), None)


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
    durable.remove_quietly(*_unfinished(places))
    try:
        places.kept.mkdir(exist_ok=True)
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
        with contextlib.suppress(duckdb.Error):
            connection.execute("detach history_copy")
        durable.remove_quietly(temporary, durable.wal_of(temporary))
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise KeptError(
            f"cannot copy the history file to {copy}: {reason}; let that folder "
            "be written, and make room"
        ) from error


def prune(places: Places, present: Build, keep_builds: int) -> list[str]:
    """Delete what is older than the last few, and say what could not be.

    The copies of the history go with the builds they belong to; one of a build
    that was never published stands for nothing, and goes too. The lock is held:
    what is unfinished is nobody's any more.
    """
    builds = sorted(
        {path.stem for path in _listed(places) if _is_build(path)} - {name_of(present)},
        reverse=True,
    )
    # A build that began after the present one stays, for the way forward again.
    earlier = [name for name in builds if name < name_of(present)]
    stay = {name_of(present), *builds} - set(earlier[keep_builds:])
    unwanted = [
        path
        for path in _listed(places)
        if (ours := OURS.fullmatch(path.name)) and ours["name"] not in stay
    ]
    failed = []
    for path in sorted({*unwanted, *_unfinished(places)}):
        try:
            durable.remove(path)
        except OSError as error:
            failed.append(f"could not delete {path}: {error.strerror}")
    return failed


def list_kept(places: Places) -> Listing:
    """All published files, present and kept.

    Raises:
        WarehouseError: the present one is of somebody else, or held by a program
            that writes; a damaged one is listed as such.
    """
    found, unreadable = {}, []
    if places.published.exists():
        try:
            present = _read(places.published, "the published file")
            found[name_of(present)] = Kept(places.published, present, True)
        except DamagedError as error:
            unreadable.append(str(error))
    for path in filter(_is_build, _listed(places)):
        if path.stem not in found:
            try:
                found[path.stem] = Kept(path, _read(path, "the kept file"), False)
            except WarehouseError as error:
                unreadable.append(str(error))
    return Listing([found[name] for name in sorted(found, reverse=True)], unreadable)


def format_kept(listing: Listing) -> str:
    """The builds as aligned text, the present one marked, and what is damaged."""
    lines = [("build", "as of", "started", "published", "")]
    for one in listing.builds:
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
        table = ["nothing is published, and no build is kept"]
        if listing.unreadable:
            table = ["no build can be read"]
    else:
        table = [
            f"{build:<8}  {as_of:<10}  {started:<19}  {published:<19}  {mark}".rstrip()
            for build, as_of, started, published, mark in lines
        ]
    return "\n".join([*table, *listing.unreadable])


def roll_back(places: Places, wanted: str | None, say: Say) -> Kept:
    """Let a kept file take the place of the published one, which is kept.

    A published file that is damaged does not stand in the way: it is replaced,
    and not kept.

    Args:
        places: the files; the lock is held.
        wanted: the start of a build id, or the name of a kept file; without
            it the newest build that is older than the published one.
        say: told what a person should know, before anything is replaced.

    Returns:
        What is published now.

    Raises:
        KeptError: there is no such build, it is damaged, or there is no room.
        WarehouseError: a file cannot be read.
    """
    drop_log(places.published, "the published file", "close the program")
    durable.remove_quietly(*_unfinished(places))
    listing = list_kept(places)
    chosen = choose(listing, wanted, str(places.kept))
    if chosen.is_present:
        return chosen
    with engine(places.published.parent) as connection:
        # Held until it is replaced: no program can open it to write.
        is_whole = _hold(connection, places, say)
        try:
            _copy_to_new(chosen, places)
            if is_whole and listing.present:
                keep_present(places, listing.present.build)
            _replace(places, chosen)
        except OSError as error:
            raise KeptError(
                f"cannot bring back {chosen.path}: {error.strerror}; the published "
                "file is as it was"
            ) from error
        finally:
            left = (places.new, durable.temporary_of(places.new))
            durable.remove_quietly(*left, *_unfinished(places))
    return Kept(places.published, chosen.build, True)


def _hold(connection: duckdb.DuckDBPyConnection, places: Places, say: Say) -> bool:
    """Attach the present file until it is replaced; whether it can be kept."""
    if not places.published.exists():
        return False
    what = "the published file"
    try:
        attach(connection, places.published, "present", what=what, remedy=REMEDY)
        try:
            read_to_end(connection, "present")
        except duckdb.Error as error:
            raise in_words(error, places.published, what, REMEDY) from error
    except DamagedError:
        say(f"warning: {what} {places.published} is damaged, and is not kept")
        return False
    return True


def _copy_to_new(chosen: Kept, places: Places) -> None:
    """Copy a kept file to where it can be renamed, and read all that it holds.

    Raises:
        KeptError: it is damaged.
        OSError: it cannot be copied.
    """
    mode = 0o644
    if places.published.exists():
        mode = places.published.stat().st_mode & 0o777
    durable.remove(durable.wal_of(places.new))
    durable.put_copy(chosen.path, places.new, mode)
    try:
        with opened(places.new, "the copy", REMEDY) as connection:
            read_to_end(connection, "opened")
    except DamagedError as error:
        raise KeptError(f"{chosen.path} is damaged; choose another: {LIST}") from error


def _replace(places: Places, chosen: Kept) -> None:
    try:
        durable.take_place(places.new, places.published)
    except OSError as error:
        if places.new.exists():
            raise
        raise KeptError(
            f"build {chosen.build.build_id[:8]} is published now, but its folder "
            f"{places.published.parent} could not be written to the disk: "
            f"{error.strerror}; after a power failure see {LIST}"
        ) from error


def choose(listing: Listing, wanted: str | None, where: str) -> Kept:
    """The build that is to be published again.

    Args:
        listing: what there is.
        wanted: the start of a build id, or the name of a kept file; without
            it the newest build that is older than the published one.
        where: where builds are kept, in words.

    Raises:
        KeptError: there is none, or there are several.
    """
    if wanted is None:
        present = listing.present
        earlier = [
            one
            for one in listing.builds
            if not one.is_present
            and (present is None or name_of(one.build) < name_of(present.build))
        ]
        if not earlier:
            raise KeptError(
                f"no earlier build is kept in {where}; {LIST} shows what there is"
            )
        return earlier[0]
    chosen = [
        one
        for one in listing.builds
        if wanted
        and (one.build.build_id.startswith(wanted) or name_of(one.build) == wanted)
    ]
    if len(chosen) != 1:
        found = "several builds are" if chosen else "no build is"
        raise KeptError(f"{found} called {wanted!r}; {LIST} shows what there is")
    return chosen[0]


def _read(path: Path, what: str) -> Build:
    return read_build_of(path, what, REMEDY)


def _is_build(path: Path) -> bool:
    return path.suffix == ".duckdb" and bool(NAME.fullmatch(path.stem))


def _unfinished(places: Places) -> list[Path]:
    """What a run that was killed has left in the folder of kept files."""
    return [
        path
        for path in _listed(places)
        if (ours := OURS.fullmatch(path.name)) and ours["unfinished"]
    ]


def _file_of(places: Places, name: str) -> Path:
    return places.kept / f"{name}.duckdb"


def _listed(places: Places) -> list[Path]:
    return sorted(places.kept.iterdir()) if places.kept.is_dir() else []


def newest_history_copy(places: Places) -> Path | None:
    """The last copy of the history, to bring back one that was lost."""
    copies = [path for path in _listed(places) if path.stem.endswith(HISTORY)]
    return copies[-1] if copies else None
