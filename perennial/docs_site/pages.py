"""The project's Markdown as HTML pages, with links that work in the folder."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from perennial.docs_site.flowchart import draw_flowchart

PICTURES = {".svg", ".png"}
# Documents of the root and elsewhere that the others speak of.
FURTHER = {
    "README.md": "readme.html",
    "CHANGELOG.md": "changelog.html",
    "CONTRIBUTING.md": "contributing.html",
    "benchmarks/RESULTS.md": "benchmarks.html",
}


@dataclass(frozen=True)
class Page:
    """A document as it stands in the folder."""

    source: str
    target: str
    title: str
    html: str

    @property
    def to_root(self) -> str:
        """The way from the page to the folder, as a link begins."""
        return "../" * (len(PurePosixPath(self.target).parts) - 1)


def find_documents(project: Path) -> dict[str, str]:
    """Each document of the project, and its page."""
    found = {
        str(PurePosixPath("docs", path.relative_to(project / "docs"))): str(
            PurePosixPath(path.relative_to(project / "docs")).with_suffix(".html")
        )
        for path in sorted((project / "docs").rglob("*.md"))
    }
    further = {
        source: target
        for source, target in FURTHER.items()
        if (project / source).is_file()
    }
    return {**found, **further}


def find_pictures(project: Path) -> dict[str, str]:
    """The pictures of the docs, and where they stand in the folder."""
    return {
        str(PurePosixPath("docs", path.relative_to(project / "docs"))): str(
            PurePosixPath(path.relative_to(project / "docs"))
        )
        for path in sorted((project / "docs").rglob("*"))
        if path.suffix in PICTURES
    }


def render(text: str, source: str, places: Mapping[str, str]) -> Page:
    """One document as a page.

    Args:
        text: Markdown.
        source: its path in the project.
        places: the path in the folder of each document and picture.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    title = source
    used: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            inline = tokens[number + 1]
            token.attrSet("id", _anchor(_words_of(inline), used))
            if token.tag == "h1":
                title = _words_of(inline)
        for child in token.children or ():
            _mend_link(child, source, places)
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    parser.add_render_rule("fence", _show_fence)
    html = parser.renderer.render(tokens, parser.options, {})
    return Page(source, places[source], title, html)


def link_from(source: str, href: str, places: Mapping[str, str]) -> str | None:
    """Where a link of a document leads in the folder; None: to no page of it."""
    if re.match(r"[a-z]+:|#", href):
        return href
    path, mark, anchor = href.partition("#")
    wanted = normpath(str(PurePosixPath(source).parent / path))
    if wanted not in places:
        return None
    here = str(PurePosixPath(places[source]).parent)
    return relpath(places[wanted], here) + mark + anchor


def _mend_link(token: Token, source: str, places: Mapping[str, str]) -> None:
    """Let a link lead to a page, or stay words where there is none."""
    if token.type == "image":
        token.attrSet("src", link_from(source, str(token.attrGet("src")), places) or "")
    if token.type != "link_open":
        return
    href = str(token.attrGet("href"))
    target = link_from(source, href, places)
    if target is None:
        # A file of the repository: its name is shown when pointed at.
        token.attrs = {"class": "file", "title": normpath(href)}
    else:
        token.attrSet("href", target)
        if re.match(r"https?:", target):
            token.attrSet("rel", "noreferrer")


def _words_of(inline: Token) -> str:
    return "".join(
        child.content
        for child in inline.children or ()
        if child.type in ("text", "code_inline")
    )


def _anchor(words: str, used: dict[str, int]) -> str:
    """The name that GitHub gives to a heading; a second one is numbered."""
    name = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
    count = used.get(name, 0)
    used[name] = count + 1
    return f"{name}-{count}" if count else name


def _open_table(*_: object) -> str:
    return '<div class="wide"><table>\n'


def _close_table(*_: object) -> str:
    return "</table></div>\n"


def _show_fence(_renderer: object, tokens: list[Token], index: int, *_: object) -> str:
    """A block of code: a flowchart is drawn, CSV is a table, the rest stays."""
    token = tokens[index]
    language, _space, name = token.info.strip().partition(" ")
    if language == "mermaid":
        return f'<div class="wide broad">{draw_flowchart(token.content)}</div>\n'
    if language == "csv":
        return _csv_table(token.content, name)
    return f"<pre><code>{escape(token.content)}</code></pre>\n"


def _csv_table(text: str, name: str) -> str:
    header, *rows = csv.reader(io.StringIO(text))
    caption = f"<caption>{escape(name)}</caption>" if name else ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide"><table class="data">{caption}'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )
