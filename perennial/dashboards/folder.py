"""The folder of a site: its old pages stand until all new ones are there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perennial.dashboards.errors import DashboardsError

# Tells a folder that perennial wrote from one that it must not replace.
MARK = "build.json"


@contextmanager
def staged(output: Path) -> Iterator[Path]:
    """A new folder beside the old, which takes its place when all went well."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise DashboardsError(
            f"cannot write to {output.parent}: {error.strerror}; name another folder "
            "with --output"
        ) from error
    new, old = scratch / "new", scratch / "old"
    new.mkdir()
    try:
        yield new
        if output.exists():
            output.rename(old)
        new.rename(output)
    except OSError as error:
        raise DashboardsError(
            f"cannot write to {output}: {error.strerror or error}"
        ) from error
    finally:
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def held_file(published: Path, folder: Path) -> Iterator[Path]:
    """The published file as it is now, whatever is published meanwhile.

    All pages are of one build: a second name keeps the file that readers replace.
    """
    held = folder.with_name("published.duckdb")
    try:
        os.link(published, held)
    except OSError:
        # Another disk, or a file that is not there, of which the reader tells.
        yield published
        return
    yield held


def refuse_strange_folder(output: Path) -> None:
    """Refuse a folder that perennial did not write; it would be replaced.

    Raises:
        DashboardsError: it holds something else.
    """
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise DashboardsError(
            f"{output} is no folder of its own; name another one with --output"
        )
    if output.is_dir() and any(output.iterdir()) and not (output / MARK).is_file():
        raise DashboardsError(
            f"the folder {output} holds something else than dashboards, and would be "
            "replaced; name another one with --output"
        )
