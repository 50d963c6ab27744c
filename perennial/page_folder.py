"""A folder of pages: the old ones stand until all new ones are there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START = "index.html"


class PageFolderError(Exception):
    """Why pages cannot be written to a folder, in one line that says what to do."""


def mark(pages: str) -> str:
    """What the start page holds: a folder without it is not ours to replace."""
    return f'<meta name="generator" content="perennial {pages}">'


@contextmanager
def replaced(output: Path, pages: str) -> Iterator[Path]:
    """A new folder beside the old one, whose place it takes if nothing fails.

    Args:
        output: the folder; one that is there must be of such pages, or empty.
        pages: what they are, as `mark` has it.

    Raises:
        PageFolderError: it holds something else, or cannot be written.
    """
    _refuse_other(output, pages)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise PageFolderError(
            f"cannot write the {pages} to {output}: {error.strerror}; name a folder "
            "that can be written with --output"
        ) from error
    new, old = scratch / "new", scratch / "old"
    try:
        new.mkdir()
        yield new
        if output.exists():
            output.rename(old)
        new.rename(output)
    except OSError as error:
        raise PageFolderError(
            f"cannot write the {pages} to {output}: {error.strerror or error}"
        ) from error
    finally:
        # Between the two renames there is no folder.
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(scratch, ignore_errors=True)


def _refuse_other(output: Path, pages: str) -> None:
    """Refuse what would be replaced and is not ours."""
    if output.is_dir() and not output.is_symlink():
        start = output / START
        is_ours = start.is_file() and mark(pages) in start.read_text(
            encoding="utf-8", errors="replace"
        )
        if is_ours or not any(output.iterdir()):
            return
    elif not output.exists() and not output.is_symlink():
        return
    raise PageFolderError(
        f"{output} is there and is no folder of {pages}; name another one with "
        "--output, or remove it"
    )
