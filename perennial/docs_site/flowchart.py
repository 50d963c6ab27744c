"""The flowcharts of the documents, drawn: what the project writes of Mermaid.

Nodes stand in rows, each below all that lead to it. A line that passes a row
has a place of its own there, so that it crosses no box.
"""

import re
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from html import escape
from itertools import pairwise

NODE = re.compile(r"(\w+)(?:[\[{(]{1,2}/?\"?(.*?)\"?/?[\]})]{1,2})?$")
ARROW = re.compile(r"\s*--(?:[^->]+--)?>\s*")
LETTER, LINE, PAD, GAP_X, GAP_Y, MARGIN, PASSES = 7.3, 16, 10, 18, 46, 10, 24


@dataclass
class Node:
    """A box, or the place where a line passes a row."""

    lines: list[str]
    group: str
    row: int = 0
    x: float = 0

    @property
    def width(self) -> float:
        """With the room of the words; a passing line needs a little."""
        longest = max((len(line) for line in self.lines), default=0)
        return longest * LETTER + 2 * PAD if self.lines else 6

    @property
    def height(self) -> float:
        """With the room of the lines."""
        return len(self.lines) * LINE + PAD


@dataclass
class Chart:
    """The nodes by name, and which leads to which."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)


def draw_flowchart(text: str) -> str:
    """A flowchart of Mermaid as SVG."""
    chart = parse(text)
    _set_rows(chart)
    ways = _lead_through_rows(chart)
    rows = _place(chart)
    return _svg(chart, ways, rows)


def parse(text: str) -> Chart:
    """The nodes and edges; of its looks only the group of a node is kept."""
    chart, group = Chart(), ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("subgraph "):
            group = line.removeprefix("subgraph ")
        elif line == "end":
            group = ""
        elif line and not line.startswith("flowchart"):
            parts = [
                [_node(chart, one, group) for one in re.split(r"\s+&\s+", part)]
                for part in ARROW.split(line)
            ]
            for before, after in pairwise(parts):
                chart.edges += [(one, other) for one in before for other in after]
    return chart


def _node(chart: Chart, written: str, group: str) -> str:
    found = NODE.match(written)
    if not found:
        raise ValueError(f"no node of a flowchart: {written}")
    name, label = found.groups()
    if name not in chart.nodes or label:
        words = re.sub(r"</?b>|^\(|\)$", "", label or name)
        chart.nodes[name] = Node(words.split("<br>"), group)
    return name


def _set_rows(chart: Chart) -> None:
    """Each node below those that lead to it, and close above what it leads to."""
    before: dict[str, set[str]] = {name: set() for name in chart.nodes}
    for one, other in chart.edges:
        before[other].add(one)
    order = list(TopologicalSorter(before).static_order())
    for name in order:
        rows = [chart.nodes[one].row + 1 for one in before[name]]
        chart.nodes[name].row = max(rows, default=0)
    for name in reversed(order):
        rows = [chart.nodes[b].row - 1 for a, b in chart.edges if a == name]
        if rows and not before[name]:
            chart.nodes[name].row = min(rows)


def _lead_through_rows(chart: Chart) -> list[list[str]]:
    """Each edge as its way from row to row, with a place in each."""
    ways = []
    for one, other in chart.edges:
        way = [one]
        for row in range(chart.nodes[one].row + 1, chart.nodes[other].row):
            name = f"{one} {other} {row}"
            chart.nodes[name] = Node([], "", row)
            way.append(name)
        ways.append([*way, other])
    chart.edges = [step for way in ways for step in pairwise(way)]
    return ways


def _place(chart: Chart) -> list[list[Node]]:
    """Give every node its x: near the middle of those that it is tied to."""
    rows: list[list[Node]] = []
    for node in chart.nodes.values():
        rows += [[] for _ in range(node.row + 1 - len(rows))]
        rows[node.row].append(node)
    tied: dict[int, list[Node]] = {id(node): [] for node in chart.nodes.values()}
    for one, other in chart.edges:
        tied[id(chart.nodes[one])].append(chart.nodes[other])
        tied[id(chart.nodes[other])].append(chart.nodes[one])
    for row in rows:
        _spread(row, [float(number) for number in range(len(row))])
    for number in range(PASSES):
        for row in rows if number % 2 else reversed(rows):
            wanted = {
                id(node): sum(other.x for other in tied[id(node)])
                / (len(tied[id(node)]) or 1)
                for node in row
            }
            row.sort(key=lambda node: wanted[id(node)])
            _spread(row, [wanted[id(node)] for node in row])
    left = min(node.x - node.width / 2 for node in chart.nodes.values())
    for node in chart.nodes.values():
        node.x += MARGIN - left
    return rows


def _spread(row: list[Node], wanted: list[float]) -> None:
    """Keep the order and a gap, as near as can be to where they want to be."""
    edge = float("-inf")
    for node, x in zip(row, wanted, strict=True):
        node.x = max(x, edge + GAP_X + node.width / 2)
        edge = node.x + node.width / 2
    off = sum(node.x - x for node, x in zip(row, wanted, strict=True)) / len(row)
    for node in row:
        node.x -= off


def _svg(chart: Chart, ways: list[list[str]], rows: list[list[Node]]) -> str:
    tops, ends, y = [], [], float(MARGIN)
    for row in rows:
        tops.append(y)
        ends.append(y + max(node.height for node in row))
        y = ends[-1] + GAP_Y
    width = max(node.x + node.width / 2 for node in chart.nodes.values()) + MARGIN
    groups = list(dict.fromkeys(node.group for node in chart.nodes.values()))
    parts = [
        '<svg class="flow" xmlns="http://www.w3.org/2000/svg" role="img"'
        f' aria-label="Flowchart" width="{width:.0f}" height="{y - GAP_Y + MARGIN:.0f}"'
        f' viewBox="0 0 {width:.0f} {y - GAP_Y + MARGIN:.0f}">'
    ]
    for way in ways:
        start = chart.nodes[way[0]]
        path = f"M{start.x:.0f} {tops[start.row] + start.height:.0f}"
        for one, other in pairwise(chart.nodes[name] for name in way):
            top = tops[other.row]
            middle = (ends[one.row] + top) / 2
            path += (
                f" V{ends[one.row]:.0f} C{one.x:.0f} {middle:.0f}"
                f" {other.x:.0f} {middle:.0f} {other.x:.0f} {top:.0f}"
            )
        parts.append(f'<path d="{path}"/>')
        end = chart.nodes[way[-1]]
        x, tip = end.x, tops[end.row]
        parts.append(f'<path class="tip" d="M{x:.0f} {tip:.0f} l-4 -7 h8 Z"/>')
    for node in chart.nodes.values():
        if not node.lines:
            continue
        left, top = node.x - node.width / 2, tops[node.row]
        parts.append(
            f'<g class="group{groups.index(node.group) % 5}"><title>'
            f"{escape(node.group)}</title>"
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{node.width:.0f}"'
            f' height="{node.height:.0f}" rx="5"/>'
        )
        parts += [
            f'<text x="{node.x:.0f}" y="{top + PAD / 2 + LINE * (n + 0.75):.0f}">'
            f"{escape(line)}</text>"
            for n, line in enumerate(node.lines)
        ]
        parts.append("</g>")
    legend = "".join(
        f'<i class="group{number % 5}"></i>{escape(group)} '
        for number, group in enumerate(groups)
        if group
    )
    return "".join([*parts, "</svg>", f'<p class="flow-groups">{legend}</p>'])
