"""The boards of dashboards/, as they are written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perennial.dashboards.errors import BoardError

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
