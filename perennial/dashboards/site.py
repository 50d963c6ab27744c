"""The static site: it opens from disk, and asks nothing of anywhere else."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perennial.dashboards import pages, pictures
from perennial.dashboards.boards import Board, read_boards
from perennial.dashboards.choices import Choice, find_pages, page_links, page_name
from perennial.dashboards.drawing import Session, opened_session
from perennial.dashboards.errors import DashboardsError
from perennial.dashboards.held import held_file
from perennial.dashboards.layout import for_page, for_phone
from perennial.dashboards.reading import read_published
from perennial.page_folder import START, replaced
from perennial.warehouse import Build

PROJECT = Path("dashboards")


@dataclass
class Site:
    """What was written."""

    folder: Path
    boards: int = 0
    pages: int = 0
    size: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Drawn:
    """One rendering of a board: the picture, and the files that it needs."""

    svg: str
    assets: tuple[str, ...]


def build_site(published: Path, output: Path, project: Path = PROJECT) -> Site:
    """Draw every page of every board; the folder is replaced when all are there.

    Args:
        published: the published file.
        output: the folder of the site.
        project: the dct project with the boards.

    Raises:
        DashboardsError: a board cannot be drawn.
        PageFolderError: the folder is another's, or cannot be written.
        BoardError: a board is none.
        WarehouseError: the published file is missing or damaged.
    """
    began = time.monotonic()
    with replaced(output, pages.PAGES) as folder, held_file(published, folder) as data:
        boards = read_boards(project)
        build, choices = read_published(data, boards)
        about = _about(build)
        site = Site(output, boards=len(boards))
        with opened_session(project, data, build) as session:
            assets: dict[str, None] = {}
            for board in boards:
                assets |= _write_board(
                    session, board, choices[board.name], boards, about, folder, site
                )
        _write(folder / START, pages.index_page(boards, about, [*assets]))
    site.pages += 1
    site.size = sum(file.stat().st_size for file in output.rglob("*"))
    site.seconds = time.monotonic() - began
    return site


def _about(build: Build) -> pages.About:
    return pages.About(
        as_of=f"{build.as_of_date:%-d %B %Y}",
        build_id=build.build_id,
        # Not where it lies: pages are shown to people of other machines.
        input_name=Path(build.input_name or "").name or "not named",
        currency=build.policy("reporting_currency") or "USD",
    )


def _write_board(
    session: Session,
    board: Board,
    choices: tuple[Choice, ...],
    boards: list[Board],
    about: pages.About,
    folder: Path,
    site: Site,
) -> dict[str, None]:
    """Write all pages of one board; gives the files that they share."""
    shared: dict[str, None] = {}
    defaults = {choice.variable: choice.default for choice in choices}
    for page in find_pages(choices):
        drawn = [
            _draw(session, board, source, page, site)
            for source in (for_page(board), for_phone(board))
        ]
        assets = dict.fromkeys(asset for one in drawn for asset in one.assets)
        files = pictures.named(assets)
        shared |= dict.fromkeys(name for name, _ in files)
        for name, text in files:
            path = folder / name
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                _write(path, text)
        controls = [
            pages.Control(choice, page_links(board, choice, page, defaults, choices))
            for choice in choices
        ]
        text = pages.board_page(
            board,
            boards,
            about,
            controls=controls,
            page=page,
            wide=drawn[0].svg,
            narrow=pictures.with_readable_text(
                pictures.with_prefix(drawn[1].svg, "narrow-")
            ),
            assets=[name for name, _ in files],
        )
        _write(folder / page_name(board, page, defaults), text)
        site.pages += 1
    return shared


def _draw(
    session: Session,
    board: Board,
    source: dict[str, Any],
    page: dict[str, str],
    site: Site,
) -> Drawn:
    result = session.draw(board, source, page)
    errors = [*(result.validation_errors or ()), *(result.chart_errors or ())]
    if result.board_error:
        errors.append(result.board_error)
    if errors or result.status != "ok":
        said = str(getattr(errors[0], "message", errors[0])) if errors else "failed"
        raise DashboardsError(
            f"the board {board.path} cannot be drawn: {' '.join(said.split())}"
        )
    for warning in result.warnings:
        said = f"{board.path}: {warning.code}: {' '.join(warning.message.split())}"
        if said not in site.warnings:
            site.warnings.append(said)
    svg, assets = pictures.taken_apart(result.data)
    return Drawn(svg, tuple(assets))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
