"""Everything that `perennial docs` writes, and how it takes its place."""

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from perennial.build import Say
from perennial.docs_site.errors import DocsError
from perennial.places import Places
from perennial.warehouse import opened_published, read_build

NEEDED = ("dbt_colibri", "markdown_it", "vl_convert")
# What the docs write last: a folder without it is not theirs to replace.
START = "index.html"
MARK = '<meta name="generator" content="perennial docs">'


def build_docs(
    places: Places, output: Path, variables: str | None, say: Say
) -> dict[str, int]:
    """Write the folder of docs in place of the last one, or not at all.

    Args:
        places: the files of the warehouse, which are only read.
        output: the folder.
        variables: those of the build, as dbt takes them.
        say: is told what is done.

    Returns:
        Bytes by file, by its path in the folder.

    Raises:
        DocsError: an optional part is missing, dbt failed, or the folder is
            not one of docs.
        WarehouseError: nothing was built or published, or a file is in use.
    """
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        raise DocsError(
            f"docs need parts that are not installed ({', '.join(missing)}): "
            "make setup-bi installs them"
        )
    _refuse_other_folder(output)
    # Here, because they need these parts.
    from perennial.docs_site.contents import write_all

    with opened_published(places.published) as connection:
        build = read_build(connection, "opened")
    if build is None:
        raise DocsError(
            f"{places.shown} holds no marts.build_info; run perennial build"
        )
    with in_place_of(output) as folder:
        write_all(places, build, folder, output, variables, say)
        sizes = {
            str(path.relative_to(folder)): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    return sizes


def templates() -> Environment:
    """The templates of the pages."""
    from markdown_it import MarkdownIt

    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = MarkdownIt("commonmark", {"html": False})
    found.filters["markdown"] = lambda text: Markup(words.render(text))
    return found


def _refuse_other_folder(output: Path) -> None:
    if output.is_dir() and not any(output.iterdir()):
        return
    start = output / START
    if output.exists() and not (
        start.is_file() and MARK in start.read_text(encoding="utf-8", errors="replace")
    ):
        raise DocsError(
            f"{output} is there and is no folder of docs; name another one with "
            "--output, or remove it"
        )


@contextmanager
def in_place_of(output: Path) -> Iterator[Path]:
    """A new folder beside the old one, which it replaces if nothing fails.

    Raises:
        DocsError: the folder cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise DocsError(
            f"cannot write the docs to {output}: {error.strerror}; name a folder "
            "that can be written with --output"
        ) from error
    folder, old = scratch / "new", scratch / "old"
    try:
        folder.mkdir()
        yield folder
        if output.exists():
            output.rename(old)
        folder.rename(output)
    except OSError as error:
        raise DocsError(
            f"cannot write the docs to {output}: {error.strerror or error}"
        ) from error
    finally:
        # Between the two renames there is no folder of docs.
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(scratch, ignore_errors=True)
