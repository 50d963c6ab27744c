"""One builder at a time: from the first step of dbt to the published file."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from perennial.places import Places


class LockError(Exception):
    """Why the lock is not ours, in one line that says what to do."""


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """Hold the lock of the published file; a process that dies loses it.

    Raises:
        LockError: another process holds it, or its file cannot be written.
    """
    lock = FileLock(places.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockError(
            f"another perennial is building or publishing {places.published}; "
            "wait until it is done, or stop it"
        ) from error
    except OSError as error:
        raise LockError(
            f"cannot write {places.lock}: {error.strerror}; let its folder be "
            "written, or name another with PERENNIAL_PUBLISHED_FILE"
        ) from error
    try:
        yield
    finally:
        lock.release()
