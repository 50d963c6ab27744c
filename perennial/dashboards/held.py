"""One published file for all pages, whatever is published meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
