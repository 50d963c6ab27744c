"""The folder of docs: whole, without dead links, and quiet in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import duckdb
import pytest
import yaml
from browser import Browser
from conftest import DEMO, PROJECT, environment_of, run_perennial
from markdown_it import MarkdownIt
from playwright.sync_api import Page as Tab
from test_personal_data import hits, personal_of

from perennial.docs_site.contents import write_backtest
from perennial.docs_site.dbt_pages import find_missing_tables
from perennial.docs_site.diagram import draw_stars
from perennial.docs_site.flowchart import draw_flowchart, parse
from perennial.docs_site.pages import render
from perennial.docs_site.shapes import copy_shapes
from perennial.docs_site.tables import Column, Relation, Table
from perennial.page_folder import mark

EXPOSURES = PROJECT / "models/marts/_exposures.yml"
BOARDS = {
    *("revenue", "retention", "lifetime_value", "acquisition", "products"),
    *("data_quality", "customer"),
}


@pytest.fixture(scope="session")
def docs_run(
    published_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> SimpleNamespace:
    """One `perennial docs`, beside a dashboard and two reports that are there."""
    site = tmp_path_factory.mktemp("site")
    for name in ("dashboards/index.html", "reports/old.html", "reports/new.html"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text("<title>beside the docs</title>")
    before = {path: path.read_bytes() for path in published_folder.glob("*.duckdb")}
    outcome = run_perennial(
        "docs", "--output", str(site / "docs"), folder=published_folder
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return SimpleNamespace(
        folder=site / "docs",
        said=outcome.stdout,
        unchanged=all(path.read_bytes() == old for path, old in before.items()),
        left={path.name for path in site.iterdir()},
    )


@pytest.fixture(scope="session")
def docs(docs_run: SimpleNamespace) -> Path:
    """The folder."""
    return docs_run.folder


@pytest.fixture(scope="session")
def manifest(demo_scratch: Path) -> dict:
    """What dbt knows of the project, from the build itself."""
    return json.loads((demo_scratch / "target/manifest.json").read_text())


class Parsed(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and tag != "use":
                self.links.append(value)
            if name == "id" and value:
                self.anchors.add(value)


def own_pages(docs: Path) -> list[Path]:
    """All pages but the two that dbt and colibri draw by their own code."""
    drawn = {"dbt.html", "lineage.html"}
    return [page for page in sorted(docs.rglob("*.html")) if page.name not in drawn]


def lineage_of(docs: Path) -> dict:
    """What the page of colibri draws."""
    text = (docs / "lineage.html").read_text()
    (data,) = re.findall(r'"([A-Za-z0-9+/]{100000,}=*)"', text)
    return json.loads(b64decode(data))


# -------------------------------------------------------------------- contents


def test_a_page_stands_for_every_document(docs: Path) -> None:
    expected = {
        path.relative_to(PROJECT / "docs").with_suffix(".html")
        for path in (PROJECT / "docs").rglob("*.md")
    }
    expected |= {
        Path(name)
        for name in (
            *("index.html", "dbt.html", "lineage.html", "tables.html"),
            *("backtest.html", "readme.html", "changelog.html"),
            *("contributing.html", "benchmarks.html"),
        )
    }

    assert {path.relative_to(docs) for path in docs.rglob("*.html")} == expected


def test_the_start_page_leads_to_every_page_and_beyond(docs: Path) -> None:
    links = {link.partition("?")[0] for link in Parsed(docs / "index.html").links}
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.html")}

    assert pages <= links
    assert "../dashboards/index.html" in links
    assert len([link for link in links if link.startswith("../reports/")]) == 1


def test_the_start_page_tells_of_the_published_build(
    docs: Path, published_folder: Path
) -> None:
    with duckdb.connect(published_folder / "published.duckdb", read_only=True) as file:
        ((build_id, as_of),) = file.execute(
            "select build_id, as_of_date from marts.build_info"
        ).fetchall()
    text = (docs / "index.html").read_text()

    assert build_id in text
    assert str(as_of) in text


def test_no_link_is_dead(docs: Path) -> None:
    parsed = {page: Parsed(page) for page in own_pages(docs)}
    manifest = (docs / "dbt.html").read_text()
    dead = []
    for page, found in parsed.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "data", "mailto"):
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            target = page if not parts.path else target
            anchor = parts.fragment
            if anchor.startswith("!/model/"):
                is_there = f'"{anchor.removeprefix("!/model/")}"' in manifest
            elif anchor:
                is_there = target in parsed and anchor in parsed[target].anchors
            else:
                is_there = target.is_file()
            if not is_there:
                dead.append(f"{page.relative_to(docs)}: {link}")

    assert dead == []
    assert sum(len(found.links) for found in parsed.values()) > 300


def test_dbt_greets_with_the_map(docs: Path, manifest: dict) -> None:
    page = (docs / "dbt.html").read_text()
    greeting = manifest["docs"]["doc.perennial.__overview__"]["block_contents"]
    (start,) = re.findall(
        re.escape(json.dumps(greeting)[1:-1]) + r'((?:\\.|[^"\\])*)"', page
    )

    for model in (PROJECT / "models").rglob("int_*.sql"):
        assert f"#!/model/model.perennial.{model.stem})" in start, model.stem
    assert "mermaid" not in start


def test_every_public_table_and_column_is_described(docs: Path, manifest: dict) -> None:
    text = (docs / "tables.html").read_text()
    words = MarkdownIt("commonmark", {"html": False})
    count = 0
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["access"] != "public":
            continue
        (section,) = re.findall(
            rf'<h3 id="{node["name"]}">.*?</section>', text, re.DOTALL
        )
        assert words.render(node["description"]).strip() in section
        for column in node["columns"].values():
            assert f">{column['name']}</code>" in section
            assert column["description"].strip()
            assert words.render(column["description"]).strip() in section
            count += 1

    assert count > 300


def test_the_diagram_is_the_relationship_tests(docs: Path) -> None:
    drawn = set(
        re.findall(r'data-relation="([^"]*)"', (docs / "tables.html").read_text())
    )
    tested = set()
    for file in (PROJECT / "models/marts").rglob("*.yml"):
        for model in yaml.safe_load(file.read_text()).get("models", []):
            for column in model["columns"]:
                for test in column.get("data_tests", []):
                    if isinstance(test, dict) and "relationships" in test:
                        given = test["relationships"]["arguments"]
                        parent = re.findall(r"ref\('(\w+)'\)", given["to"])[0]
                        tested.add(
                            f"{model['name']}.{column['name']} ->"
                            f" {parent}.{given['field']}"
                        )

    assert drawn == tested
    assert len(drawn) > 10


def test_the_backtest_is_that_of_the_published_file(
    docs: Path, published_folder: Path
) -> None:
    with duckdb.connect(published_folder / "published.duckdb", read_only=True) as file:
        rows = file.execute(
            "select customers, actual_orders, predicted_revenue, actual_revenue"
            " from marts.rpt_clv_backtest"
        ).fetchall()
    text = (docs / "backtest.html").read_text()

    assert text.count("<svg") == 4
    assert len(rows) == 22
    for customers, orders, predicted, actual in rows:
        assert f'<td class="number">{customers:,}</td>' in text
        assert f'<td class="number">{orders:,}</td>' in text
        assert f"{predicted:,.2f}</td>" in text
        assert f"{actual:,.2f}</td>" in text


def test_exposures_name_every_board_and_the_report(manifest: dict) -> None:
    exposures = {one["name"]: one for one in manifest["exposures"].values()}

    assert set(exposures) == {*BOARDS, "customer_value_report"}
    for one in exposures.values():
        assert one["description"].strip()
        assert one["owner"]["name"]
        assert one["type"] == ("dashboard" if one["name"] in BOARDS else "application")
        for node in one["depends_on"]["nodes"]:
            assert manifest["nodes"][node]["access"] == "public"


def test_the_exposure_of_the_report_names_the_tables_that_it_reads() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "perennial/report").glob("*.py")
    )
    (exposure,) = (
        one
        for one in yaml.safe_load(EXPOSURES.read_text())["exposures"]
        if one["name"] == "customer_value_report"
    )
    named = re.findall(r"ref\('(\w+)'\)", str(exposure["depends_on"]))

    # Which build it is, all that open the published file read in one place.
    read = {"build_info", *re.findall(r"\bmarts\.([a-z_]+)", code)}
    assert sorted(named) == sorted(read)


def test_lineage_ends_where_people_look(docs: Path) -> None:
    ends = lineage_of(docs)["nodes"]

    for name in {*BOARDS, "customer_value_report"}:
        assert f"exposure.perennial.{name}" in ends


def test_nothing_personal_is_in_the_docs(docs: Path) -> None:
    personal = personal_of(DEMO)
    # An example of the documents may be called as somebody of the demo.
    told = {
        str(Path(source.relative_to(PROJECT / "docs")).with_suffix(".html")): found
        for source in (PROJECT / "docs").rglob("*.md")
        if (found := personal.found_in(source.read_bytes()))
    }
    assert told == {"metrics.html": {b"hana@example.com"}}
    assert len(list(docs.rglob("*"))) > 40

    assert hits(personal, docs) == told
    # The page holds its data in Base64, where a search of its bytes sees nothing.
    assert personal.found_in(json.dumps(lineage_of(docs)).encode()) == set()


def test_nothing_else_is_written(docs_run: SimpleNamespace) -> None:
    assert docs_run.unchanged
    assert docs_run.left == {"docs", "dashboards", "reports"}


def test_the_command_says_where_and_how_much(docs_run: SimpleNamespace) -> None:
    files = [path for path in docs_run.folder.rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in files) / 1_000_000
    last = docs_run.said.splitlines()[-1]

    assert last.endswith(f"docs/index.html  {len(files)} files, {megabytes:.1f} MB")
    assert megabytes < 20


# ------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    """A tab as wide as a phone."""
    return browser.running.new_page(viewport={"width": 390, "height": 844})


def visit(tab: Tab, page: Path, suffix: str = "", wait_for: str = "h1") -> list[str]:
    """Open a page; what it asked for besides itself, and what it complained of."""
    wrong: list[str] = []
    listeners = {
        "request": lambda asked: (
            None
            if asked.url.startswith((page.as_uri(), "data:", "blob:"))
            else wrong.append(asked.url)
        ),
        "console": lambda said: (
            wrong.append(said.text) if said.type == "error" else None
        ),
        "pageerror": lambda error: wrong.append(str(error)),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    # Another page first: of one address only the part behind # may differ.
    tab.goto("about:blank")
    tab.goto(page.as_uri() + suffix)
    tab.locator(wait_for).first.wait_for()
    tab.evaluate("new Promise(done => requestAnimationFrame(done))")
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return wrong


def test_every_page_is_quiet_and_fits_a_phone(docs: Path, tab: Tab) -> None:
    pages = own_pages(docs)
    wrong = {}
    for page in pages:
        found = visit(tab, page)
        # Pictures of the folder are no requests that leave it.
        found = [one for one in found if not one.startswith(docs.as_uri())]
        if tab.evaluate("document.documentElement.scrollWidth") > 390:
            found.append("wider than a phone")
        if found:
            wrong[page.name] = found

    assert wrong == {}
    assert len(pages) > 40


def test_dbt_docs_are_quiet_and_greet_with_the_map(docs: Path, tab: Tab) -> None:
    assert visit(tab, docs / "dbt.html") == []
    link = tab.locator('a[href="#!/model/model.perennial.int_mrr_changes"]')

    assert link.first.inner_text() == "int_mrr_changes"
    icons = tab.locator("svg.menu-icon-off use").evaluate_all(
        "icons => icons.filter(one => one.getBoundingClientRect().width > 0).length"
    )
    assert icons >= 4
    assert tab.locator("text=The map: which model decides what").count() == 1


def test_dbt_docs_open_at_a_table(docs: Path, tab: Tab) -> None:
    suffix = "#!/model/model.perennial.rpt_mrr_monthly"

    assert visit(tab, docs / "dbt.html", suffix, "text=ending_mrr") == []


def test_dbt_docs_show_at_a_column_what_is_tested_of_it(docs: Path, tab: Tab) -> None:
    suffix = "#!/model/model.perennial.fct_customer_lifetime_value"
    assert visit(tab, docs / "dbt.html", suffix, "text=probability_alive") == []
    cells = tab.locator("tr", has_text="customer_key").first.inner_text().split()
    tab.locator("td", has_text="probability_alive").first.click()

    assert {"U", "N", "F"} <= set(cells)
    label = 'accepted_range({"min_value":0,"max_value":1})'
    assert tab.locator(f"text={label}").first.is_visible()


def test_the_lineage_of_a_table_is_quiet(docs: Path, tab: Tab) -> None:
    suffix = "?model=model.perennial.rpt_mrr_monthly"

    assert visit(tab, docs / "lineage.html", suffix, "text=ending_mrr") == []


# ------------------------------------------------------------------- when it fails


def test_a_skipped_backtest_says_why(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "published.duckdb") as file:
        file.execute(
            """
            create schema marts;
            create table marts.rpt_clv_backtest as select
                'none' as model_name, 'all' as value_decile,
                date '2024-12-20' as cut_date, 11 as held_out_days,
                'skipped' as backtest_status, 'Too <short>.' as backtest_reason
            """
        )
    write_backtest(tmp_path / "published.duckdb", tmp_path / "backtest.html")
    text = (tmp_path / "backtest.html").read_text()

    assert "There is no backtest of this data. Too &lt;short&gt;." in text
    assert "<svg" not in text


def test_without_a_published_file_there_is_one_sentence(tmp_path: Path) -> None:
    outcome = run_perennial("docs", "--output", str(tmp_path / "docs"), folder=tmp_path)

    assert outcome.returncode == 1
    assert "the published file" in outcome.stderr
    assert "run perennial build" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "docs").exists()


def test_without_a_work_file_the_old_docs_stay(
    published_folder: Path, docs: Path, tmp_path: Path
) -> None:
    shutil.copy(published_folder / "published.duckdb", tmp_path)
    shutil.copytree(docs, tmp_path / "docs")
    outcome = run_perennial("docs", "--output", str(tmp_path / "docs"), folder=tmp_path)

    assert outcome.returncode == 1
    assert "the work file" in outcome.stderr
    assert "run perennial build" in outcome.stderr
    assert (tmp_path / "docs/index.html").read_bytes() == (
        docs / "index.html"
    ).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} >= {"docs"}
    assert not list(tmp_path.glob(".docs*"))


def test_a_folder_of_other_things_is_not_replaced(
    published_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("mine")
    outcome = run_perennial("docs", "--output", str(tmp_path), folder=published_folder)

    assert outcome.returncode == 1
    assert "is no folder of docs" in outcome.stderr
    assert (tmp_path / "index.html").read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_old_docs_and_nothing_else(
    published_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    start = tmp_path / "site/docs/index.html"
    start.parent.mkdir(parents=True)
    start.write_text(mark("docs"))
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "perennial", "docs", "--output", str(start.parent)],
        cwd=PROJECT,
        env=environment_of(published_folder) | {"TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # dbt has begun.
    while not list(tmp_path.glob("temporary/*/logs")):
        assert process.poll() is None, process.communicate()
    process.send_signal(number)
    _said, errors = process.communicate(timeout=60)

    assert process.returncode == 128 + number
    assert f"Error: stopped by {number.name}; the docs are as they were" in errors
    assert start.read_text() == mark("docs")
    assert list(start.parent.parent.iterdir()) == [start.parent]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_missing_part_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from click.testing import CliRunner

    from perennial.cli import main
    from perennial.docs_site import site

    monkeypatch.setattr(site, "NEEDED", ("no_such_part",))
    outcome = CliRunner().invoke(main, ["docs", "--output", str(tmp_path / "docs")])

    assert outcome.exit_code == 1
    assert "make setup-bi" in outcome.output
    assert "no_such_part" in outcome.output


def test_the_build_needs_none_of_it() -> None:
    code = "import sys, perennial.cli, perennial.build; print(*sys.modules)"
    outcome = run_python(code)

    assert not {"markdown_it", "vl_convert", "dbt_colibri"} & set(outcome.split())


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


# -------------------------------------------------------------------- its pieces


def test_public_tables_that_the_work_file_lacks_are_found(tmp_path: Path) -> None:
    nodes = {
        f"model.p.{name}": {"name": name, "resource_type": "model", "access": access}
        for name, access in (("a", "public"), ("b", "public"), ("c", "private"))
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (tmp_path / "catalog.json").write_text('{"nodes": {"model.p.a": {}}}')

    assert find_missing_tables(tmp_path) == ["b"]


def test_shapes_have_every_table_and_no_row(demo_scratch: Path, tmp_path: Path) -> None:
    count = copy_shapes(
        demo_scratch / "work.duckdb", tmp_path / "shapes.duckdb", kind="work"
    )
    with duckdb.connect(tmp_path / "shapes.duckdb", read_only=True) as file:
        tables = file.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
        rows = [
            file.execute(f"select count(*) from {schema}.{table}").fetchone()
            for schema, table in tables
        ]

    assert len(tables) == count > 100
    assert set(rows) == {(0,)}


def test_links_lead_to_pages_or_stay_words() -> None:
    places = {
        "docs/one.md": "one.html",
        "docs/decisions/two.md": "decisions/two.html",
        "docs/plots/p.svg": "plots/p.svg",
    }
    text = (
        "# Two\n[a](../one.md#here) [b](https://x.example) [c](../../LICENSE) [d](#two)"
        "\n![e](../plots/p.svg)\n"
    )
    page = render(text, "docs/decisions/two.md", places)

    assert page.title == "Two"
    assert 'href="../one.html#here"' in page.html
    assert 'href="https://x.example" rel="noreferrer"' in page.html
    assert '<a class="file" title="../../LICENSE">c</a>' in page.html
    assert 'src="../plots/p.svg"' in page.html
    assert '<h1 id="two">' in page.html


def test_headings_of_one_name_and_html_in_text() -> None:
    page = render("# A `b_c`, d\n## x\n## x\n<b>\n", "a.md", {"a.md": "a.html"})

    assert 'id="a-b_c-d"' in page.html
    assert 'id="x-1"' in page.html
    assert "&lt;b&gt;" in page.html


def test_csv_of_the_docs_is_a_table() -> None:
    page = render('```csv orders\nid,note\n1,"a, <b>"\n```\n', "a.md", {"a.md": "a"})

    assert "<caption>orders</caption>" in page.html
    assert "<td>a, &lt;b&gt;</td>" in page.html


CHART = """
flowchart TB
    subgraph early
        a[one] --> b[(two<br>three)]
    end
    b & c{{gate}} --> d[/"last, one"/]
    a -- by a way of its own --> d
"""


def test_flowcharts_are_read_as_they_are_written() -> None:
    chart = parse(CHART)
    found = {name: node.lines for name, node in chart.nodes.items()}

    assert found == {
        "a": ["one"],
        "b": ["two", "three"],
        "c": ["gate"],
        "d": ["last, one"],
    }
    assert chart.edges == [("a", "b"), ("b", "d"), ("c", "d"), ("a", "d")]
    assert [node.group for node in chart.nodes.values()] == ["early", "early", "", ""]


@pytest.mark.parametrize("source", ["docs/map.md", "README.md"])
def test_flowcharts_show_every_node_and_edge(source: str) -> None:
    text = (PROJECT / source).read_text(encoding="utf-8")
    (written,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    chart = parse(written)
    drawn = draw_flowchart(written)
    boxes = [
        tuple(map(int, found))
        for found in re.findall(
            r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', drawn
        )
    ]

    assert len(boxes) == len(chart.nodes) > 8
    assert drawn.count('class="tip"') == len(chart.edges) > 8
    for node in chart.nodes.values():
        for line in node.lines:
            assert f">{line}</text>" in drawn
    for number, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[number + 1 :]:
            apart = x + width <= left or left + wide <= x
            assert apart or y + height <= top or top + high <= y


def test_boxes_of_the_diagram_never_overlap() -> None:
    key = Column("id", "string", "", True, None)
    tables = [Table(f"t{n}", "others", "", [key] * (n % 4 + 1)) for n in range(12)]
    relations = [
        Relation(f"t{n}", "id", "t0" if n < 8 else "t1", "id", False)
        for n in range(2, 12)
    ]
    drawing = draw_stars(tables, relations)
    boxes = drawing.boxes

    assert len(drawing.lines) == 10
    assert {box.table.name for box in boxes} == {table.name for table in tables}
    for number, one in enumerate(boxes):
        assert 0 <= one.x <= drawing.width - 250
        assert one.y + one.height <= drawing.height
        for other in boxes[number + 1 :]:
            apart = (
                abs(one.x - other.x) >= 250
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart, (one.table.name, other.table.name)
