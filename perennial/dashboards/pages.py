"""The pages around the boards: head, navigation, choices, two pictures."""

from dataclasses import dataclass
from html import escape

from perennial.dashboards.boards import Board
from perennial.dashboards.choices import Choice
from perennial.page_folder import mark

PAGES = "dashboards"
# From this many options on a list to choose from replaces the row of links.
LIST_FROM = 9

STYLE = """
:root { --ink: #222; --muted: #5d6066; --line: #dfe1e5; --accent: #2d5f8b; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.45 'Inter Variable', Inter, system-ui, sans-serif; }
.frame { max-width: 1240px; margin: 0 auto; padding: 0 36px; }
header { border-bottom: 1px solid var(--line); }
header .frame { display: flex; flex-wrap: wrap; gap: 4px 24px;
  align-items: baseline; padding-top: 12px; padding-bottom: 12px; }
nav { display: flex; flex-wrap: wrap; gap: 2px 18px; }
a { color: var(--accent); }
nav a { text-decoration: none; padding: 4px 0; }
nav a[aria-current] { color: var(--ink); font-weight: 600;
  border-bottom: 2px solid var(--accent); }
h1 { font: 500 30px/1.2 'Source Serif 4', Georgia, serif; margin: 22px 0 2px; }
.notes { margin: 0 0 4px; max-width: 46em; }
.about { margin: 0; color: var(--muted); font-size: 14px;
  overflow-wrap: anywhere; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 14px 0 0; }
.control { display: flex; flex-wrap: wrap; gap: 2px 4px; align-items: baseline;
  font-size: 15px; }
.control b { font-weight: 500; color: var(--muted); margin-right: 4px; }
.control a { text-decoration: none; padding: 3px 9px; border-radius: 4px; }
.control a[aria-current] { background: var(--accent); color: #fff; }
select { font: inherit; padding: 4px 8px; max-width: 100%; }
.sample { color: var(--muted); font-size: 14px; flex-basis: 100%; margin: 0; }
.board { margin: 8px auto 40px; max-width: 1240px; }
.board svg { max-width: none; }
.board > svg { width: 100%; height: auto; }
.narrow { display: none; max-width: 600px; }
.pages { list-style: none; padding: 0; margin: 24px 0 60px; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 20px; }
.pages a { display: block; height: 100%; border: 1px solid var(--line);
  border-radius: 6px; padding: 14px 18px; text-decoration: none;
  color: var(--ink); }
.pages b { display: block; color: var(--accent); font-size: 18px;
  font-weight: 600; margin-bottom: 4px; }
@media (max-width: 860px) {
  .frame { padding: 0 16px; }
  nav a { padding: 8px 0; }
  .control a { padding: 8px 10px; }
  .wide { display: none; }
  .narrow { display: block; }
}
"""


@dataclass(frozen=True)
class About:
    """What every page says of the numbers on it."""

    as_of: str
    build_id: str
    input_name: str
    currency: str


@dataclass(frozen=True)
class Control:
    """A choice, and the page to which each option leads."""

    choice: Choice
    links: dict[str, str]


def board_page(
    board: Board,
    boards: list[Board],
    about: About,
    *,
    controls: list[Control],
    page: dict[str, str],
    wide: str,
    narrow: str,
    assets: list[str],
) -> str:
    """One page of a board."""
    body = "\n".join(
        [
            '<div class="frame">',
            f"<h1>{escape(board.title)}</h1>",
            f'<p class="notes">{escape(board.notes)}</p>' if board.notes else "",
            _about(about),
            _controls(controls, page),
            "</div>",
            f'<main><div class="board wide">{wide}</div>',
            f'<div class="board narrow">{narrow}</div></main>',
        ]
    )
    return _document(board.title, body, boards, board.name, assets)


def index_page(boards: list[Board], about: About, assets: list[str]) -> str:
    """The page that leads to the others, in their fonts; it runs no script."""
    fonts = [name for name in assets if name.endswith(".css")]
    items = "\n".join(
        f'<li><a href="{escape(board.name)}.html"><b>{escape(board.title)}</b>'
        f"{escape(board.notes)}</a></li>"
        for board in boards
    )
    body = (
        f'<div class="frame"><h1>Dashboards</h1>{_about(about)}'
        f'<ul class="pages">{items}</ul></div>'
    )
    return _document("Dashboards", body, boards, None, fonts)


def _about(about: About) -> str:
    return (
        f'<p class="about">As of {escape(about.as_of)} · input '
        f"{escape(about.input_name)} · amounts in {escape(about.currency)} · build "
        f'<span title="{escape(about.build_id)}">{escape(about.build_id[:8])}</span>'
        "</p>"
    )


def _controls(controls: list[Control], page: dict[str, str]) -> str:
    if not controls:
        return ""
    return (
        '<div class="controls">'
        + "".join(
            _control(control, page[control.choice.variable]) for control in controls
        )
        + "</div>"
    )


def _control(control: Control, chosen: str) -> str:
    choice = control.choice
    if len(choice.options) < LIST_FROM and not choice.is_sample:
        links = "".join(
            f'<a href="{escape(control.links[option.value])}"'
            f"{' aria-current=page' if option.value == chosen else ''}>"
            f"{escape(option.label)}</a>"
            for option in choice.options
        )
        return f'<div class="control"><b>{escape(choice.label)}</b>{links}</div>'
    groups: dict[str | None, list[str]] = {}
    for option in choice.options:
        selected = " selected" if option.value == chosen else ""
        groups.setdefault(option.group, []).append(
            f'<option value="{escape(control.links[option.value])}"{selected}>'
            f"{escape(option.label)}</option>"
        )
    inner = "".join(
        f'<optgroup label="{escape(group)}">{"".join(items)}</optgroup>'
        if group
        else "".join(items)
        for group, items in groups.items()
    )
    sample = (
        '<p class="sample">These have a page of their own here; any other opens in '
        "<code>make serve</code>.</p>"
        if choice.is_sample
        else ""
    )
    return (
        f'<div class="control"><label><b>{escape(choice.label)}</b>'
        '<select onchange="location.href=this.value" autocomplete="off">'
        f"{inner}</select></label>{sample}</div>"
    )


def _document(
    title: str, body: str, boards: list[Board], current: str | None, assets: list[str]
) -> str:
    links = "\n".join(
        f'<a href="{escape(board.name)}.html"'
        f"{' aria-current=page' if board.name == current else ''}>"
        f"{escape(board.title)}</a>"
        for board in boards
    )
    styles = "".join(
        f'<link rel="stylesheet" href="{name}">'
        for name in assets
        if name.endswith(".css")
    )
    scripts = "".join(
        f'<script src="{name}" defer></script>'
        for name in assets
        if name.endswith(".js")
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{mark(PAGES)}
<title>{escape(title)} · perennial</title>
<link rel="icon" href="data:,">
{styles}
<style>{STYLE}</style>
</head>
<body>
<header><div class="frame"><a href="index.html">Dashboards</a>
<nav>{links}</nav></div></header>
{body}
{scripts}
</body>
</html>
"""
