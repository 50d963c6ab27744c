"""A board as it is drawn: on a desk without what the page says, and for a phone."""

import copy
from typing import Any

from perennial.dashboards.boards import Board

# What a phone shows without scrolling sideways, in pixels of its own.
PHONE_WIDTH = 390
# The height of panels that stand one below the other.
PHONE_PANELS = 640
PHONE_STYLE: dict[str, Any] = {
    "frame": {"width": PHONE_WIDTH, "margin": 8, "card_padding": 8},
    "fonts": {"label": {"size": 13}, "subtitle": {"size": 12}},
}
LAYOUTS = ("rows", "cols")


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
