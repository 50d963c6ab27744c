"""What a reader may choose on a board, and the pages that this makes of it."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import duckdb

from perennial.dashboards.boards import Board
from perennial.dashboards.errors import BoardError

# Of a choice: more pages nobody leafs through, and every one costs time and disk.
MOST_PAGES = 12
# Of a value in the name of a file, in characters.
LONGEST_NAME = 80


@dataclass(frozen=True)
class Option:
    """One value of a choice, as a reader sees it."""

    value: str
    label: str
    group: str | None = None


@dataclass(frozen=True)
class Choice:
    """A variable that the static site turns into links."""

    variable: str
    label: str
    default: str
    options: tuple[Option, ...]
    is_sample: bool


def find_choices(
    board: Board, connection: duckdb.DuckDBPyConnection
) -> tuple[Choice, ...]:
    """The choices of a board that have more than one value.

    Args:
        board: the board.
        connection: to the published file, whose tables stand in `marts`.

    Raises:
        BoardError: the query of a choice does not run.
    """
    choices = []
    for name, variable in (board.source.get("variables") or {}).items():
        pages = f"{name}_pages"
        queries = board.source.get("queries") or {}
        is_sample = pages in queries
        if is_sample:
            options = _asked(board, pages, connection)
        elif variable.get("input") == "select":
            options = _options_of(board, variable, connection)
        else:
            continue
        # A list that is cut says so, whatever it is of.
        is_sample = is_sample or len(options) > MOST_PAGES
        options = options[:MOST_PAGES]
        default = str(variable.get("default", options[0].value if options else ""))
        if len(options) > 1:
            label = variable.get("label") or name.replace("_", " ").capitalize()
            choices.append(Choice(name, label, default, options, is_sample))
    return tuple(choices)


def find_pages(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    """What the variables are on each page; the first page has the defaults.

    One choice is made at a time, and the others stand at their defaults: all
    combinations would be many pages that nobody opens. The server has them.
    """
    defaults = {choice.variable: choice.default for choice in choices}
    pages = [defaults]
    for choice in choices:
        for option in choice.options:
            page = {**defaults, choice.variable: option.value}
            if page not in pages:
                pages.append(page)
    return pages


def page_name(board: Board, page: dict[str, str], defaults: dict[str, str]) -> str:
    """The file of a page: that of the defaults is the board's name."""
    chosen = [
        f"{variable}-{_slug(value)}"
        for variable, value in page.items()
        if value != defaults[variable]
    ]
    return "--".join([board.name, *chosen]) + ".html"


def page_links(
    board: Board,
    choice: Choice,
    page: dict[str, str],
    defaults: dict[str, str],
    choices: tuple[Choice, ...],
) -> dict[str, str]:
    """Where each option of a choice leads to from a page."""
    known = find_pages(choices)
    links = {}
    for option in choice.options:
        wanted = {**page, choice.variable: option.value}
        # Not every combination has a page.
        if wanted not in known:
            wanted = {**defaults, choice.variable: option.value}
        links[option.value] = page_name(board, wanted, defaults)
    return links


def _options_of(
    board: Board, variable: dict[str, Any], connection: duckdb.DuckDBPyConnection
) -> tuple[Option, ...]:
    source = variable.get("options") or {}
    if "static" in source:
        return tuple(Option(str(value), str(value)) for value in source["static"])
    if "query" in source:
        return _asked(
            board,
            source["query"],
            connection,
            (source.get("column"), source.get("label_column")),
        )
    return ()


def _asked(
    board: Board,
    query: str,
    connection: duckdb.DuckDBPyConnection,
    columns: tuple[str | None, str | None] = (None, None),
) -> tuple[Option, ...]:
    """The rows of a query of the board: value, label, group."""
    written = board.source["queries"][query]
    sql = written["sql"] if isinstance(written, dict) else written
    try:
        answer = connection.execute(sql)
    except duckdb.Error as error:
        raise BoardError(
            f"the query {query} of the board {board.path} does not run: "
            f"{str(error).splitlines()[0]}"
        ) from error
    names = [column[0] for column in answer.description or ()]
    value, label = (
        names.index(column) if column else min(place, len(names) - 1)
        for place, column in enumerate(columns)
    )
    if columns != (None, None) and columns[1] is None:
        label = value
    return tuple(
        Option(
            str(row[value]),
            str(row[label]),
            str(row[2]) if len(row) > 2 and columns == (None, None) else None,
        )
        for row in answer.fetchall()
        if row[value] is not None
    )


def _slug(value: str) -> str:
    """A value as a part of a file name, still telling values apart.

    Capitals too are told by number, since there are disks that ignore case, and
    of a long value its hash is told, since names of files may not be long.
    """
    safe = re.sub(r"[^a-z0-9_.]", lambda found: f"~{ord(found.group()):x}", value)
    if len(safe) <= LONGEST_NAME:
        return safe
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"{safe[:LONGEST_NAME]}~~{digest}"
