"""The boards of dashboards/, and which pages of a static site each becomes."""

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

# In the order in which a reader meets them; another board follows by name.
ORDER = (
    "revenue",
    "retention",
    "lifetime_value",
    "acquisition",
    "products",
    "customer",
    "data_quality",
)
# A file that is shared by the boards, and none itself.
SHARED = "meta.yml"
# Of a choice: more pages nobody leafs through, and every one costs time and disk.
MOST_PAGES = 12
PHONE_WIDTH = 390
# What a phone shows without scrolling sideways, in pixels of its own.
# Of panels that stand one below the other.
PHONE_PANELS = 640
PHONE_STYLE: dict[str, Any] = {
    "frame": {"width": PHONE_WIDTH, "margin": 8, "card_padding": 8},
    "charts": {"font": {"size": 13}},
}
LAYOUTS = ("rows", "cols")


class BoardError(Exception):
    """Why a board cannot be drawn, in one line that says what to do."""


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


@dataclass(frozen=True)
class Board:
    """One board as written: the name of its file, and what is in it."""

    name: str
    path: Path
    source: dict[str, Any]

    @property
    def title(self) -> str:
        """What the page is called."""
        return str(self.source.get("title") or self.name.replace("_", " ").title())

    @property
    def notes(self) -> str:
        """What the page is about, in a sentence; may be empty."""
        return str(self.source.get("notes") or "").strip()


def read_boards(project: Path) -> list[Board]:
    """All boards of a dct project, in the order of the navigation.

    Raises:
        BoardError: there is none, or a file is no board.
    """
    boards = []
    for path in sorted((project / "charts").glob("*.yml")):
        if path.name == SHARED:
            continue
        try:
            source = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise BoardError(f"the board {path} cannot be read: {error}") from error
        if not isinstance(source, dict):
            raise BoardError(f"the board {path} is empty; write it, or delete it")
        boards.append(Board(path.stem, path, source))
    if not boards:
        raise BoardError(
            f"there are no boards in {project / 'charts'}; run this in the folder "
            "of the project"
        )
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(boards, key=lambda b: (places.get(b.name, len(places)), b.name))


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


def for_page(board: Board) -> dict[str, Any]:
    """The board without what our page says beside it: title and controls."""
    source = copy.deepcopy(board.source)
    source.pop("title", None)
    for variable in (source.get("variables") or {}).values():
        variable["visible"] = False
    return source


def for_phone(board: Board) -> dict[str, Any]:
    """The board in one narrow column; KPIs stand in twos."""
    source = for_page(board)
    style = source.setdefault("style", {})
    for key, value in PHONE_STYLE.items():
        style[key] = {**(style.get(key) or {}), **value}
    for chart in (source.get("charts") or {}).values():
        panels = chart.get("multiples") or {}
        if "columns" in panels and "rows" not in panels:
            panels["rows"] = panels.pop("columns")
            chart["height"] = PHONE_PANELS
    for layout in LAYOUTS:
        if layout in source:
            source["rows"] = _stacked(source.pop(layout), source.get("charts") or {})
    return source


def _stacked(items: list[Any], charts: dict[str, Any]) -> list[Any]:
    """Layout items one below the other, those of nested columns too."""
    stacked: list[Any] = []
    for item in items:
        if not isinstance(item, dict) or not any(key in item for key in LAYOUTS):
            stacked.append(item)
            continue
        item = {key: item[key] for key in item if key not in ("width", "height")}
        if "rows" in item:
            item["rows"] = _stacked(item["rows"], charts)
        elif all(_is_kpi(inner, charts) for inner in item["cols"]):
            cells = item.pop("cols")
            item["rows"] = [
                {"cols": cells[start : start + 2]} for start in range(0, len(cells), 2)
            ]
        else:
            item["rows"] = _stacked(item.pop("cols"), charts)
        stacked.append(item)
    return stacked


def _is_kpi(item: Any, charts: dict[str, Any]) -> bool:
    return isinstance(item, str) and charts.get(item, {}).get("type") == "kpi"


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
    """A value as a part of a file name, still telling values apart."""
    return re.sub(r"[^A-Za-z0-9_.]", lambda found: f"~{ord(found.group()):x}", value)
