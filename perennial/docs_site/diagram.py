"""The drawing of keys and relations, as boxes with places.

One star for each table that others refer to: it stands in the middle, those
that refer to it left and right of it. Lines never cross, however many there
are. Tables without a relation follow in a grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perennial.docs_site.tables import Column, Relation, Table

WIDTH, TITLE, ROW, GAP_X, GAP_Y, MARGIN = 250, 30, 22, 90, 22, 12


@dataclass(frozen=True)
class Box:
    """A table at its place; only columns that are keys are shown."""

    table: Table
    x: int
    y: int

    @property
    def shown(self) -> list[Column]:
        """Keys, and columns that refer to another table."""
        return [one for one in self.table.columns if one.is_key or one.refers_to]

    @property
    def height(self) -> int:
        """With the line that says how many columns are not shown."""
        return TITLE + ROW * (len(self.shown) + 1)

    def row_y(self, column: str) -> int:
        """The middle of a column's row."""
        names = [one.name for one in self.shown]
        return self.y + TITLE + ROW * names.index(column) + ROW // 2


@dataclass(frozen=True)
class Line:
    """A relation from the child's row to the parent's."""

    relation: Relation
    path: str
    # Where the child's end is, and to which side it goes: -1 left, 1 right.
    x: int
    y: int
    side: int


@dataclass(frozen=True)
class Drawing:
    """All boxes and lines, and how much room they take."""

    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int


def draw_stars(tables: Sequence[Table], relations: Sequence[Relation]) -> Drawing:
    """Place the tables that relate to each other."""
    by_name = {table.name: table for table in tables}
    boxes: list[Box] = []
    lines: list[Line] = []
    top = MARGIN
    counts = {one.parent: 0 for one in relations}
    for one in relations:
        counts[one.parent] += 1
    for parent in sorted(counts, key=lambda name: (-counts[name], name)):
        children = [one for one in relations if one.parent == parent]
        half = -(-len(children) // 2) if len(children) > 1 else 0
        sides = {-1: children[:half], 1: children[half:]}
        heights = {
            side: sum(Box(by_name[one.child], 0, 0).height + GAP_Y for one in found)
            - GAP_Y
            for side, found in sides.items()
        }
        hub_height = Box(by_name[parent], 0, 0).height
        height = max(*heights.values(), hub_height)
        middle = MARGIN + WIDTH + GAP_X
        hub = Box(by_name[parent], middle, top + (height - hub_height) // 2)
        boxes.append(hub)
        for side, found in sides.items():
            y = top + (height - heights[side]) // 2
            for one in found:
                box = Box(by_name[one.child], middle + side * (WIDTH + GAP_X), y)
                boxes.append(box)
                lines.append(_line(one, box, hub, side))
                y += box.height + GAP_Y
        top += height + 2 * GAP_Y
    return Drawing(boxes, lines, 3 * WIDTH + 2 * GAP_X + 2 * MARGIN, top - GAP_Y)


def _line(relation: Relation, box: Box, hub: Box, side: int) -> Line:
    """A curve between the facing edges of two boxes."""
    x_child = box.x + (WIDTH if side < 0 else 0)
    x_hub = hub.x + (WIDTH if side > 0 else 0)
    y_child, y_hub = box.row_y(relation.column), hub.row_y(relation.field)
    bend = (x_child + x_hub) // 2
    path = f"M{x_child} {y_child} C{bend} {y_child} {bend} {y_hub} {x_hub} {y_hub}"
    return Line(relation, path, x_child, y_child, -side)
