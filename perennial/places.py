"""Where the files stand that a build writes and readers open."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WORK_FILE = "warehouse/work.duckdb"
PUBLISHED_FILE = "warehouse/published.duckdb"
HISTORY_FILE = "warehouse/history.duckdb"


class PlacesError(Exception):
    """Why the files cannot stand there, in one line that says what to do."""


@dataclass(frozen=True)
class Places:
    """The three files; what publishing writes stands beside the published one.

    The published path is the one behind symbolic links: all names of one file
    share its lock, and replacing it leaves the links as they are.
    """

    work: Path
    published: Path
    history: Path

    @property
    def lock(self) -> Path:
        """Held from the start of a build to the end of its publishing."""
        return self._beside(".lock")

    @property
    def new(self) -> Path:
        """What is being written, until it takes the published file's place."""
        return self._beside(".new")

    @property
    def spill(self) -> Path:
        """The folder for what publishing cannot hold in memory."""
        return self._beside(".spill")

    @property
    def kept(self) -> Path:
        """The folder of earlier published files and copies of the history."""
        return self.published.with_name(f"{self.published.stem}_builds")

    @property
    def shown(self) -> str:
        """The published file as a person would write it from here."""
        here = Path.cwd()
        if self.published.is_relative_to(here):
            return str(self.published.relative_to(here))
        return str(self.published)

    def _beside(self, ending: str) -> Path:
        return self.published.with_name(self.published.name + ending)


def find_places(environment: Mapping[str, str] = os.environ) -> Places:
    """The files that the environment names, or those of warehouse/.

    Raises:
        PlacesError: two of them are one file, or the published one can't be.
    """
    places = Places(
        work=Path(environment.get("PERENNIAL_WORK_FILE") or WORK_FILE),
        published=Path(
            environment.get("PERENNIAL_PUBLISHED_FILE") or PUBLISHED_FILE
        ).resolve(),
        history=Path(environment.get("PERENNIAL_HISTORY_FILE") or HISTORY_FILE),
    )
    _refuse_one_file_for_two(places)
    _refuse_impossible_place(places.published)
    return places


def _refuse_one_file_for_two(places: Places) -> None:
    files = {
        "PERENNIAL_WORK_FILE": places.work.resolve(),
        "PERENNIAL_HISTORY_FILE": places.history.resolve(),
    }
    for name, file in files.items():
        if file == places.published:
            raise PlacesError(
                f"{name} and PERENNIAL_PUBLISHED_FILE are one file, {file}; "
                "publishing would overwrite it: name two"
            )


def _refuse_impossible_place(published: Path) -> None:
    if published.is_dir():
        raise PlacesError(
            f"the published file {published} is a folder; name a file with "
            "PERENNIAL_PUBLISHED_FILE"
        )
    if not published.parent.is_dir():
        raise PlacesError(
            f"there is no folder {published.parent} for the published file; "
            "make it, or name another file with PERENNIAL_PUBLISHED_FILE"
        )
    if not os.access(published.parent, os.W_OK | os.X_OK):
        raise PlacesError(
            f"the folder {published.parent} cannot be written, and the published "
            "file stands there; allow it, or name another file with "
            "PERENNIAL_PUBLISHED_FILE"
        )
