"""Everything that `perennial docs` writes, and how it takes its place."""

import importlib.util
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from perennial.build import Say
from perennial.docs_site.errors import DocsError
from perennial.page_folder import replaced
from perennial.places import Places
from perennial.warehouse import opened_build

NEEDED = ("dbt_colibri", "markdown_it", "vl_convert")
PAGES = "docs"


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
        DocsError: an optional part is missing, or dbt failed.
        PageFolderError: the folder is not one of docs, or cannot be written.
        WarehouseError: nothing was built or published, or a file is in use.
    """
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        raise DocsError(
            f"docs need parts that are not installed ({', '.join(missing)}): "
            "make setup-bi installs them"
        )
    # Here, because they need these parts.
    from perennial.docs_site.contents import write_all

    # Closed before other files are read: what goes wrong with those is theirs.
    with opened_build(places.published) as (_, build):
        pass
    with replaced(output, PAGES) as folder:
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
