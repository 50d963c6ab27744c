from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from browser import Browser
from conftest import DEMO, PROJECT, run_perennial
from dashboard_facts import Fact, all_facts
from dashboard_projects import project_of, with_other_mrr

from perennial.dashboards import DashboardsError, build_site
from perennial.dashboards import choices as choices_module
from perennial.dashboards.boards import Board, read_boards
from perennial.dashboards.choices import (
    MOST_PAGES,
    Choice,
    Option,
    find_choices,
    find_pages,
)
from perennial.dashboards.layout import for_phone
from perennial.page_folder import mark
from perennial.publishing import public_tables

BOARDS = read_boards(PROJECT / "dashboards")
MART = re.compile(r"\b(?:from|join)\s+marts\.(\w+)", re.IGNORECASE)
TABLE = re.compile(r"\b(?:from|join)\s+(?!\{\{)(\w+\.\w+)", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]+(?:@|~40)[\w-]+\.\w+")
SUBSCRIPTIONS = ("subscriptions", "subscription_changes", "invoices")
ORDERS = (
    *("orders", "order_items", "products", "marketing_spend", "invoices"),
    *("platform_sessions", "customer_events", "customer_feedback"),
)


@pytest.fixture(scope="session")
def built(
    published_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The whole site of the demo, and what the command said."""
    site = tmp_path_factory.mktemp("site") / "dashboards"
    outcome = run_perennial(
        "dashboards", "--output", str(site), folder=published_folder
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return site, outcome


@pytest.fixture(scope="session")
def site(built: tuple[Path, Any]) -> Path:
    return built[0]


@pytest.fixture(scope="session")
def marts(published_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    file = published_folder / "published.duckdb"
    with duckdb.connect(file, read_only=True) as connection:
        yield connection


@pytest.fixture
def one_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the Revenue board alone, of which one page is drawn."""
    project = project_of(tmp_path, "revenue")
    monkeypatch.setattr(choices_module, "MOST_PAGES", 1)
    return project


def test_no_page_and_no_name_of_one_holds_an_address(site: Path) -> None:
    for page in site.glob("*.html"):
        assert ADDRESS.search(page.name) is None
        text = page.read_text(encoding="utf-8")
        assert ADDRESS.findall(re.sub(r"<script.*?</script>", "", text)) == []


def sql_of(board: dict[str, Any]) -> str:
    queries = (board.get("queries") or {}).values()
    return "\n".join(q["sql"] if isinstance(q, dict) else q for q in queries)


def test_every_page_opens_from_disk_without_a_request_and_without_a_complaint(
    site: Path, browser: Browser
) -> None:
    pages = sorted(site.glob("*.html"))
    assert {f"{board.name}.html" for board in BOARDS} < {page.name for page in pages}
    for page in pages:
        with browser.open(page) as opened:
            assert opened.requests, page.name
            assert opened.strange_requests == [], page.name
            assert opened.problems == [], page.name


def test_drawing_the_site_warns_of_nothing_and_tells_what_it_wrote(
    built: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    site, outcome = built
    assert outcome.stderr == ""
    pages = len(list(site.glob("*.html")))
    assert f"{pages} pages of {len(BOARDS)} boards" in outcome.stdout


def test_every_page_tells_its_day_its_input_and_its_build(
    site: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    build_id, as_of, input_name = marts.execute(
        "select build_id, as_of_date, input_name from marts.build_info"
    ).fetchone()
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert f"As of {as_of:%-d %B %Y}" in text, page.name
        assert build_id[:8] in text, page.name
        assert f"input {Path(input_name).name}" in text, page.name


def test_every_link_of_the_site_leads_to_a_page_of_it(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        frame = re.sub(r"<svg.*</svg>", "", text, flags=re.DOTALL)
        for link in re.findall(r'(?:href|src|value)="([^"#:]+)"', frame):
            assert (site / link).is_file(), f"{page.name}: {link}"


@pytest.mark.parametrize("page", sorted({fact.page for fact in all_facts()}))
def test_the_numbers_on_a_page_are_those_of_the_marts(
    page: str, site: Path, browser: Browser, marts: duckdb.DuckDBPyConnection
) -> None:
    facts: list[Fact] = [fact for fact in all_facts() if fact.page == page]
    with browser.open(site / f"{page}.html") as opened:
        shown = {kind: opened.charts(kind) for kind in ("wide", "narrow")}
    for fact in facts:
        expected = fact.expected(marts)
        assert expected, f"{fact} asks for no rows"
        for kind, charts in shown.items():
            read = charts.get(fact.chart, [])
            for text in expected:
                assert any(text in said for said in read), (
                    f"{page}, {fact.chart}, {kind}: {text!r} is not in {read}"
                )


def test_every_board_has_facts() -> None:
    pages = {fact.page.split("--")[0] for fact in all_facts()}
    assert {board.name for board in BOARDS} <= pages


def test_a_phone_shows_every_page_without_scrolling_sideways_and_readably(
    site: Path, browser: Browser
) -> None:
    for page in sorted(site.glob("*.html")):
        with browser.open(page, width=390) as opened:
            assert not opened.scrolls_sideways(), page.name
            sizes = opened.text_sizes()
            small = [(round(size, 1), text) for size, text in sizes if size < 11.9]
            # The sign of a currency stands smaller beside its number.
            small = [(s, t) for s, t in small if t not in ("$", "%", "▲", "▼")]
            assert small == [], page.name


def test_a_number_that_changes_in_a_mart_changes_on_the_page(
    published_folder: Path, one_board: Path, browser: Browser, tmp_path: Path
) -> None:
    file = shutil.copy(published_folder / "published.duckdb", tmp_path)
    site = tmp_path / "site"
    for mrr in (12345, 54321):
        with_other_mrr(Path(file), mrr)
        build_site(Path(file), site, one_board)
        with browser.open(site / "revenue.html") as opened:
            assert f"${mrr:,}" in opened.charts()["mrr"]


@pytest.mark.parametrize(
    ("kind", "left_out", "said"),
    [
        ("orders only", SUBSCRIPTIONS, "No recurring revenue in this input"),
        ("subscriptions only", ORDERS, "How long subscriptions last"),
    ],
)
def test_an_input_without_orders_or_without_subscriptions_reads_well(
    kind: str,
    left_out: tuple[str, ...],
    said: str,
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "input"
    shutil.copytree(DEMO, folder)
    for name in left_out:
        (folder / f"{name}.csv").unlink()
    outcome = run_perennial("build", "--input", str(folder), folder=tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    site = tmp_path / "site"
    monkeypatch.setattr(choices_module, "MOST_PAGES", 1)
    drawn = build_site(tmp_path / "published.duckdb", site, PROJECT / "dashboards")
    assert drawn.warnings == []
    everything = ""
    for board in BOARDS:
        with browser.open(site / f"{board.name}.html") as opened:
            assert opened.problems == [], f"{kind}, {board.name}"
            charts = opened.charts()
            for chart, texts in charts.items():
                assert any(re.search(r"\w", text) for text in texts), (
                    f"{kind}, {board.name}: {chart} is blank"
                )
            everything += str(charts)
    assert said in everything


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_board_reads_public_marts_only(board: Any) -> None:
    tables = set(TABLE.findall(sql_of(board.source)))
    strange = {table for table in tables if not table.startswith("marts.")}
    assert strange == set()
    assert set(MART.findall(sql_of(board.source))) <= set(public_tables(PROJECT))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_exposure_of_a_board_names_the_tables_that_it_reads(board: Any) -> None:
    exposures = {
        exposure["name"]: exposure
        for path in (PROJECT / "models").rglob("*exposures*.yml")
        for exposure in yaml.safe_load(path.read_text())["exposures"]
    }
    named = re.findall(r"ref\('(\w+)'\)", str(exposures[board.name]["depends_on"]))
    # The frame of each page names the build.
    read = {*MART.findall(sql_of(board.source)), "build_info"}
    assert set(named) == read


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is not there; run perennial build"),
        (b"", "perennial"),
        (b"no database at all" * 300, "is no DuckDB file"),
    ],
    ids=["missing", "empty", "damaged"],
)
@pytest.mark.parametrize("command", ["dashboards", "serve"])
def test_without_a_published_file_one_sentence_says_what_to_do(
    command: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "published.duckdb").write_bytes(content)
    options = ("--output", str(tmp_path / "site")) if command == "dashboards" else ()
    outcome = run_perennial(command, *options, folder=tmp_path)
    assert outcome.returncode == 1
    assert said in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert not (tmp_path / "site").exists()


def test_without_the_extra_one_sentence_says_how_to_install_it(
    published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dbt_charts", None)
    file = published_folder / "published.duckdb"
    with pytest.raises(DashboardsError, match="make setup-bi installs it"):
        build_site(file, tmp_path / "site", PROJECT / "dashboards")
    assert list(tmp_path.iterdir()) == []


def test_a_build_of_the_marts_does_not_import_the_dashboards_extra() -> None:
    code = (
        "import sys, perennial.cli; "
        "print({'dbt_charts', 'perennial.dashboards'} & set(sys.modules))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout == "set()\n"


def test_a_board_that_cannot_be_drawn_leaves_the_old_site(
    published_folder: Path, one_board: Path, tmp_path: Path
) -> None:
    output = tmp_path / "site"
    output.mkdir()
    old = f"{mark('dashboards')} the old one"
    (output / "index.html").write_text(old)
    board = one_board / "charts/revenue.yml"
    board.write_text(board.read_text().replace("ending_customers", "no_such_column"))
    file = published_folder / "published.duckdb"
    with pytest.raises(DashboardsError, match=r"revenue\.yml cannot be drawn"):
        build_site(file, output, one_board)
    assert (output / "index.html").read_text() == old
    assert {path.name for path in tmp_path.iterdir()} == {"site", "dashboards"}


def test_a_choice_is_made_at_a_time_and_the_first_page_has_the_defaults() -> None:
    choices = tuple(
        Choice(
            name,
            name,
            "a",
            tuple(Option(value, value) for value in "abc"),
            is_sample=False,
        )
        for name in ("one", "two")
    )
    assert find_pages(choices) == [
        {"one": "a", "two": "a"},
        {"one": "b", "two": "a"},
        {"one": "c", "two": "a"},
        {"one": "a", "two": "b"},
        {"one": "a", "two": "c"},
    ]


def test_a_list_that_is_cut_says_so() -> None:
    def choice_of(values: int) -> Choice:
        options = {"static": [str(value) for value in range(values)]}
        source = {"variables": {"plan": {"input": "select", "options": options}}}
        (choice,) = find_choices(
            Board("any", Path("any.yml"), source), duckdb.connect()
        )
        return choice

    assert not choice_of(MOST_PAGES).is_sample
    assert len(choice_of(MOST_PAGES + 1).options) == MOST_PAGES
    assert choice_of(MOST_PAGES + 1).is_sample


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_for_phones_nothing_but_kpis_stands_side_by_side(board: Any) -> None:
    phone = for_phone(board)

    def rows(items: list[Any]) -> Iterator[list[Any]]:
        for item in items:
            if isinstance(item, dict):
                if "cols" in item:
                    yield item["cols"]
                yield from rows(item.get("rows") or [])

    for cells in rows(phone["rows"]):
        assert len(cells) <= 2
        assert {phone["charts"][cell]["type"] for cell in cells} == {"kpi"}
