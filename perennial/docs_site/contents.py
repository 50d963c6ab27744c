"""What stands in the folder of docs, page by page."""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from perennial.build import Say
from perennial.docs_site import dbt_pages
from perennial.docs_site.backtest import plot, read_backtest
from perennial.docs_site.diagram import draw_stars
from perennial.docs_site.pages import Page, find_documents, find_pictures, render
from perennial.docs_site.site import PAGES, templates
from perennial.docs_site.tables import read_tables
from perennial.page_folder import START, mark
from perennial.places import Places
from perennial.warehouse import Build

DBT, LINEAGE, TABLES, BACKTEST = (
    *("dbt.html", "lineage.html", "tables.html", "backtest.html"),
)
GREETING_FROM = "docs/map.md"


@dataclass(frozen=True)
class Neighbour:
    """Something beside the docs, if it is there: dashboards, a report."""

    href: str | None
    made_by: str


def write_all(
    places: Places,
    build: Build,
    folder: Path,
    output: Path,
    variables: str | None,
    say: Say,
) -> None:
    """Write every page.

    Args:
        places: the files of the warehouse.
        build: the published one, of which the start page tells.
        folder: to write to.
        output: where it will stand, beside dashboards and reports.
        variables: those of the build, as dbt takes them.
        say: is told what is done.

    Raises:
        DocsError: dbt or colibri failed.
        WarehouseError: a file cannot be read.
    """
    project = Path()
    documents = find_documents(project)
    pictures = find_pictures(project)
    pages = _write_documents(project, folder, documents, pictures)
    write_backtest(places.published, folder / BACKTEST)
    with tempfile.TemporaryDirectory(prefix="perennial-docs-") as scratch:
        say("dbt docs: reading the project and the shapes of its tables")
        target = dbt_pages.generate(places, variables, Path(scratch), say)
        missing = dbt_pages.find_missing_tables(target)
        if missing:
            say(
                f"warning: the work file lacks {', '.join(missing)}, so their lineage "
                "is not whole; run perennial build, then this again"
            )
        manifest = dbt_pages.read_manifest(target)
        greeting = _greeting(project, set(manifest["nodes"]), documents)
        dbt_pages.write_dbt_page(target, greeting, folder / DBT)
        say("lineage by column")
        dbt_pages.write_lineage(target, folder / LINEAGE)
    tables, relations = read_tables(manifest)
    _write(
        folder / TABLES,
        "tables.html",
        tables=tables,
        relations=relations,
        drawing=draw_stars(tables, relations),
        alone=[
            table
            for table in tables
            if table.name not in {n for r in relations for n in (r.child, r.parent)}
        ],
    )
    _write(
        folder / START,
        "start.html",
        build=build,
        mark=Markup(mark(PAGES)),
        pages={page.source: page for page in pages},
        decisions=[page for page in pages if "/decisions/" in page.source],
        counts={"tables": len(tables), "relations": len(relations)},
        dashboards=_neighbour(output, "dashboards/index.html", "make dashboards"),
        report=_newest_report(output),
    )


def _write(path: Path, template: str, **values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = templates().get_template(template).render(**{"to_root": "", **values})
    path.write_text(text, encoding="utf-8")


def _write_documents(
    project: Path, folder: Path, documents: dict[str, str], pictures: dict[str, str]
) -> list[Page]:
    places = {**documents, **pictures}
    pages = [
        render((project / source).read_text(encoding="utf-8"), source, places)
        for source in documents
    ]
    for page in pages:
        _write(
            folder / page.target,
            "document.html",
            page=page,
            body=Markup(page.html),
            to_root=page.to_root,
        )
    for source, target in pictures.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / source, folder / target)
    return pages


def write_backtest(published: Path, path: Path) -> None:
    """Write the page of the backtest, with plots or with why there is none."""
    backtest = read_backtest(published)
    plots = {
        tested.name: [Markup(plot(tested, what)) for what in ("orders", "revenue")]
        for tested in backtest.models
    }
    _write(path, "backtest.html", backtest=backtest, plots=plots)


def _greeting(project: Path, nodes: set[str], documents: dict[str, str]) -> str:
    """The map as Markdown for dbt's page: its tables, models linked to theirs."""
    text = (project / GREETING_FROM).read_text(encoding="utf-8")
    picture = f"[As a picture]({documents[GREETING_FROM]})\n\n"
    text = re.sub(r"```mermaid.*?```\s*", picture, text, flags=re.DOTALL)
    # The page has one first heading already.
    text = re.sub(r"^(#+) ", r"#\1 ", text, flags=re.MULTILINE)
    models = {node.rpartition(".")[2]: node for node in nodes}

    def link(found: re.Match[str]) -> str:
        node = models.get(found[1])
        kind = node and node.partition(".")[0]
        if kind not in ("model", "seed", "snapshot"):
            return found[0]
        return f"[{found[0]}](#!/{kind}/{node})"

    text = re.sub(r"`(\w+)`", link, text)
    return re.sub(
        r"\]\((?!https?:|#)([^)#]+)",
        lambda found: "](" + documents.get(f"docs/{found[1]}", found[1]),
        text,
    )


def _neighbour(output: Path, path: str, made_by: str) -> Neighbour:
    is_there = (output.parent / path).is_file()
    return Neighbour(f"../{path}" if is_there else None, made_by)


def _newest_report(output: Path) -> Neighbour:
    found = (output.parent / "reports").rglob("*.html")
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    href = os.path.relpath(newest, output) if newest else None
    return Neighbour(href, "make report")
