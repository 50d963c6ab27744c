"""dbt-charts (`dct`), which draws the boards: what it is told, and how it is asked."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from perennial.dashboards.boards import Board
from perennial.dashboards.errors import DashboardsError
from perennial.warehouse import Build

# The boards share pins, and none draws all that is pinned; the header of a table
# may have two lines on a phone; a chart without rows is one that is not shown.
EXPECTED_WARNINGS = (
    "WARN-CATEGORY-COLOR-PIN-UNSEEN",
    "WARN-QUERY-RETURNED-ZERO-ROWS",
    "WARN-TABLE-CRAMPED",
)
MISSING = (
    "dbt-charts is not installed, which draws the dashboards; make setup-bi installs "
    "it (it needs Python 3.11 to 3.13)"
)


def environment(published: Path) -> dict[str, str]:
    """The environment of dct: it tells nobody, and reads this file."""
    # A target path of dbt is of no use to it, and an absolute one is an error.
    kept = {k: v for k, v in os.environ.items() if k != "DBT_TARGET_PATH"}
    return {
        **kept,
        "DO_NOT_TRACK": "1",
        "PERENNIAL_PUBLISHED_FILE": str(published.resolve()),
    }


@dataclass
class Session:
    """An open dct project, and what was compiled and drawn in it already."""

    opened: Any
    board_in: Callable[[str, str], Any]
    # Charts that a choice does not change are drawn once.
    pictures: Any
    compile_file: Callable[[Any], Any]
    compiled: dict[str, Any] = field(default_factory=dict)

    def draw(self, board: Board, source: dict[str, Any], page: dict[str, str]) -> Any:
        """Render a changed board as it would stand in its file."""
        text = yaml.safe_dump(source, sort_keys=False, allow_unicode=True)
        written = self.board_in(text, board.path.name)
        if text not in self.compiled:
            self.compiled[text] = self.compile_file(written)
        return self.opened.render_board(
            board=written,
            compile_result=self.compiled[text],
            format="html",
            variables=dict(page),
            use_cache=False,
            standalone=True,
            svg_cache=self.pictures,
            ignore_codes=set(EXPECTED_WARNINGS),
        )


def require_dct() -> None:
    """Refuse with a sentence where dbt-charts is not installed.

    Raises:
        DashboardsError: it is not.
    """
    # Before its import, which is where it would begin to tell.
    os.environ["DO_NOT_TRACK"] = "1"
    try:
        import dbt_charts  # noqa: F401
    except ImportError as error:
        raise DashboardsError(MISSING) from error


@contextmanager
def opened_session(project: Path, data: Path, build: Build) -> Iterator[Session]:
    """dct on the boards of a project and the data of a published file.

    Raises:
        DashboardsError: dbt-charts is not installed.
    """
    require_dct()
    # It warns of SQL that it parses only to check it.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    from dbt_charts import compile_file
    from dbt_charts.agent_api import InMemoryBoard, ProjectSession, RenderedSvgCache

    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(data))
    try:
        with (
            project_of(project, build) as folder,
            ProjectSession.open(folder) as opened,
        ):

            def board_in(text: str, name: str) -> Any:
                path = opened.project.path_for_fspath(
                    (folder / "charts" / name).resolve()
                )
                return InMemoryBoard(text, path=path)

            yield Session(opened, board_in, RenderedSvgCache(), compile_file)
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def project_of(project: Path, build: Build) -> Iterator[Path]:
    """The dct project; a copy with another currency, where it is not the dollar.

    The boards write money with the currency of `regional:`, which is no variable.
    """
    currency = build.policy("reporting_currency") or "USD"
    if currency == "USD":
        yield project.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="perennial_dashboards_") as scratch:
        folder = Path(scratch) / project.name
        shutil.copytree(project, folder)
        path = folder / "charts/meta.yml"
        meta = yaml.safe_load(path.read_text(encoding="utf-8"))
        meta["regional"]["locale"]["number"]["currency"] = [f"{currency}\u00a0", ""]
        path.write_text(
            yaml.safe_dump(meta, sort_keys=False, allow_unicode=True),
            encoding="utf-8",
        )
        yield folder.resolve()
