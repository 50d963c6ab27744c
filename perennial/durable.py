"""Files that are whole or not there, also when the power fails.

Each is written under a name of its own, synced, and then renamed: a rename is
the one step that readers see, and it is never half done.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or to a folder's list."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_place(new: Path, path: Path) -> None:
    """Let a file that is synced take the place of another, also on the disk.

    Raises:
        OSError: it could not, or the folder could not be synced after it.
    """
    replace(new, path)
    sync(path.parent)


def replace(new: Path, path: Path) -> None:
    """Let a file that is synced take the place of another, in one step.

    Raises:
        OSError: it could not; `path` is as it was.
    """
    # What a writer of the old file left behind would be read into the new one.
    remove(wal_of(path))
    os.replace(new, path)  # noqa: PTH105


@contextmanager
def private() -> Iterator[None]:
    """Let only their owner read the files that are made meanwhile."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def put_copy(source: Path, path: Path, mode: int | None = None) -> None:
    """Copy a file to where it is not yet, whole or not at all.

    Raises:
        OSError: it could not; nothing is left behind under a final name.
    """
    temporary = temporary_of(path)
    remove(temporary)
    shutil.copyfile(source, temporary)
    temporary.chmod(source.stat().st_mode & 0o777 if mode is None else mode)
    sync(temporary)
    take_place(temporary, path)


def put_link(source: Path, path: Path) -> None:
    """Give a file a second name; where the disk has no such thing, a copy.

    Raises:
        OSError: neither was possible.
    """
    if path.exists() and path.samefile(source):
        return
    temporary = temporary_of(path)
    remove(temporary)
    try:
        os.link(source, temporary)
    except OSError:
        put_copy(source, path)
        return
    take_place(temporary, path)


def remove(path: Path) -> None:
    """Delete a file that may not be there."""
    path.unlink(missing_ok=True)


def remove_quietly(*paths: Path) -> None:
    """Delete what a failure left; another failure must not hide the first."""
    for path in paths:
        with contextlib.suppress(OSError):
            remove(path)


def temporary_of(path: Path) -> Path:
    """The name under which a file is written."""
    return path.with_name(path.name + ".tmp")


def wal_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a database file."""
    return path.with_name(path.name + ".wal")
