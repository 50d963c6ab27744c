"""The dashboards: a static site from the boards, and the server that is asked live.

The static site opens from disk: pictures, fonts and scripts stand in its folder,
and nothing is asked from anywhere else.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from perennial import board_html as html
from perennial.boards import (
    Board,
    BoardError,
    find_choices,
    find_pages,
    for_page,
    for_phone,
    page_name,
    read_boards,
)
from perennial.warehouse import Build, opened_published, read_build

PROJECT = Path("dashboards")
SITE = Path("site/dashboards")
# Tells a folder that this module wrote from one that it must not replace.
MARK = "build.json"
# The boards share pins, and none draws all that is pinned.
EXPECTED_WARNINGS = ("WARN-CATEGORY-COLOR-PIN-UNSEEN",)
LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8710
MISSING = (
    "dbt-charts is not installed, which draws the dashboards; make setup-bi installs "
    "it (it needs Python 3.11 to 3.13)"
)


class DashboardsError(Exception):
    """Why there are no dashboards, in one line that says what to do."""


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


def build_site(published: Path, output: Path = SITE, project: Path = PROJECT) -> Site:
    """Draw every page of every board; the folder is replaced when all are there.

    Args:
        published: the published file.
        output: the folder of the site.
        project: the dct project with the boards.

    Raises:
        DashboardsError: a board cannot be drawn, or the folder is another's.
        BoardError: a board is none.
        WarehouseError: the published file is missing or damaged.
    """
    began = time.monotonic()
    _refuse_strange_folder(output)
    boards = read_boards(project)
    with _staged(output) as folder, _held(published, folder) as data:
        build, choices = _read(data, boards)
        site = Site(output, boards=len(boards))
        with _session(project, data, build) as session:
            for board in boards:
                _write_board(session, board, choices[board.name], boards, folder, site)
        _write(folder / "index.html", html.index_page(boards, session.about))
        _write(folder / MARK, json.dumps(session.about.as_dict(), indent=2) + "\n")
    site.pages += 1
    site.size = sum(file.stat().st_size for file in output.rglob("*"))
    site.seconds = time.monotonic() - began
    return site


def serve_boards(published: Path, port: int, project: Path = PROJECT) -> int:
    """Run the interactive server on this machine only, until it is stopped.

    Every request asks the file that is published then. Gives the exit code of the
    server.

    Raises:
        DashboardsError: dbt-charts is not installed.
        BoardError: there are no boards.
        WarehouseError: the published file is missing or damaged.
    """
    _require_dct()
    boards = read_boards(project)
    build, _ = _read(published, boards)
    with _project(project, build) as folder:
        return subprocess.run(
            [
                *(sys.executable, "-c", "from dbt_charts.cli.main import main; main()"),
                *("serve", "--host", LOOPBACK, "--port", str(port)),
                *("--no-cache", "--project-dir", str(folder)),
            ],
            env=environment(published),
            check=False,
        ).returncode


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
class _Session:
    """An open dct project, and what all its pages say."""

    opened: Any
    board_in: Callable[[str, str], Any]
    # Charts that a choice does not change are drawn once.
    pictures: Any
    compile_file: Callable[[Any], Any]
    about: html.About
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


def _require_dct() -> None:
    # Before its import, which is where it would begin to tell.
    os.environ["DO_NOT_TRACK"] = "1"
    try:
        import dbt_charts  # noqa: F401
    except ImportError as error:
        raise DashboardsError(MISSING) from error


@contextmanager
def _session(project: Path, data: Path, build: Build) -> Iterator[_Session]:
    _require_dct()
    # It warns of SQL that it parses only to check it.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    from dbt_charts import compile_file
    from dbt_charts.agent_api import InMemoryBoard, ProjectSession, RenderedSvgCache

    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(data))
    try:
        with (
            _project(project, build) as folder,
            ProjectSession.open(folder) as opened,
        ):

            def board_in(text: str, name: str) -> Any:
                path = opened.project.path_for_fspath(
                    (folder / "charts" / name).resolve()
                )
                return InMemoryBoard(text, path=path)

            yield _Session(
                opened, board_in, RenderedSvgCache(), compile_file, _about(build)
            )
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _project(project: Path, build: Build) -> Iterator[Path]:
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
        _write(path, yaml.safe_dump(meta, sort_keys=False, allow_unicode=True))
        yield folder.resolve()


def _read(data: Path, boards: list[Board]) -> tuple[Build, dict[str, Any]]:
    """The build of a published file, and the choices of each board in it."""
    with opened_published(data) as connection:
        build = read_build(connection, "opened")
        if build is None:
            raise DashboardsError(
                f"the published file {data} holds no marts.build_info; run "
                "perennial build"
            )
        connection.execute("use opened")
        try:
            return build, {b.name: find_choices(b, connection) for b in boards}
        except duckdb.Error as error:
            raise DashboardsError(
                f"the published file {data} lacks what the dashboards need "
                f"({str(error).splitlines()[0]}); build and publish it anew"
            ) from error


def _about(build: Build) -> html.About:
    return html.About(
        as_of=f"{build.as_of_date:%-d %B %Y}",
        build_id=build.build_id,
        input_name=build.input_name or "not named",
        currency=build.policy("reporting_currency") or "USD",
    )


def _write_board(
    session: _Session,
    board: Board,
    choices: tuple[Any, ...],
    boards: list[Board],
    folder: Path,
    site: Site,
) -> None:
    """All pages of one board."""
    defaults = {choice.variable: choice.default for choice in choices}
    for page in find_pages(choices):
        drawn = [
            _draw(session, board, source, page, site)
            for source in (for_page(board), for_phone(board))
        ]
        assets = dict.fromkeys(asset for one in drawn for asset in one.assets)
        for name, text in html.named(assets):
            path = folder / name
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                _write(path, text)
        controls = [
            html.Control(choice, page_links(board, choice, page, defaults, choices))
            for choice in choices
        ]
        text = html.board_page(
            board,
            boards,
            session.about,
            controls=controls,
            page=page,
            wide=drawn[0].svg,
            narrow=html.with_prefix(drawn[1].svg, "narrow-"),
            assets=[name for name, _ in html.named(assets)],
        )
        _write(folder / page_name(board, page, defaults), text)
        site.pages += 1


def page_links(
    board: Board,
    choice: Any,
    page: dict[str, str],
    defaults: dict[str, str],
    choices: tuple[Any, ...],
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


def _draw(
    session: _Session,
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
    svg, assets = html.taken_apart(result.data)
    return Drawn(svg, tuple(assets))


@contextmanager
def _staged(output: Path) -> Iterator[Path]:
    """A new folder beside the old, which takes its place when all went well."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise DashboardsError(
            f"cannot write to {output.parent}: {error.strerror}; name another folder "
            "with --output"
        ) from error
    new, old = scratch / "new", scratch / "old"
    new.mkdir()
    try:
        yield new
        if output.exists():
            output.rename(old)
        new.rename(output)
    except OSError as error:
        raise DashboardsError(
            f"cannot write to {output}: {error.strerror or error}"
        ) from error
    finally:
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _held(published: Path, folder: Path) -> Iterator[Path]:
    """The published file as it is now, whatever is published meanwhile.

    All pages are of one build: a second name keeps the file that readers replace.
    """
    held = folder.with_name("published.duckdb")
    try:
        os.link(published, held)
    except OSError:
        # Another disk, or a file that is not there, of which the reader tells.
        yield published
        return
    yield held


def _refuse_strange_folder(output: Path) -> None:
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise DashboardsError(
            f"{output} is no folder of its own; name another one with --output"
        )
    if output.is_dir() and any(output.iterdir()) and not (output / MARK).is_file():
        raise DashboardsError(
            f"the folder {output} holds something else than dashboards, and would be "
            "replaced; name another one with --output"
        )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


__all__ = [
    "BoardError",
    "DashboardsError",
    "Site",
    "build_site",
    "environment",
    "serve_boards",
]
