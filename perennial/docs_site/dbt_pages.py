"""The pages that dbt and dbt-colibri write, from tables without rows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from perennial.build import Say, dbt_environment, run_dbt
from perennial.docs_site.errors import DocsError
from perennial.docs_site.shapes import copy_shapes
from perennial.places import Places
from perennial.row_rules import read_rules

# What the page of dbt asks for before its own code has run, or never had: each
# is an error on the console, and a request for a file that is not there.
MENDS = (
    ("""href="${require('./assets/favicons/favicon.ico')}\"""", 'href="data:,"'),
    ('xlink:href="{{ getIcon', 'ng-attr-href="{{ getIcon'),
)
QUIET = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_COLIBRI_NO_VERSION_CHECK": "1",
}
TELLS_NOTHING = ("Running with dbt", "Found ", "Building catalog", "Catalog written")


def generate(places: Places, variables: str | None, scratch: Path, say: Say) -> Path:
    """Run `dbt docs generate` on the tables as the last build left them.

    Args:
        places: the files of the warehouse; none of them is written to.
        variables: those of the build, as dbt takes them.
        scratch: a folder for what dbt writes.
        say: is told what dbt says when it fails.

    Returns:
        The folder with manifest, catalog and the single page.

    Raises:
        DocsError: dbt failed, or the work file was never built.
        WarehouseError: the work file or the history file cannot be read.
    """
    shapes = {"work": places.work, "history": places.history}
    for kind, file in shapes.items():
        if kind == "work" or file.exists():
            copy_shapes(file, scratch / f"{kind}.duckdb", kind=kind)
    target = scratch / "target"
    said: list[str] = []
    code = run_dbt(
        [
            *("--no-use-colors", "docs", "generate", "--static"),
            *(("--vars", variables) if variables else ()),
        ],
        said.append,
        environment={
            **dbt_environment(),
            **QUIET,
            "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
            "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(scratch / "logs"),
        },
    )
    if code:
        for line in said:
            if not any(words in line for words in TELLS_NOTHING):
                say(line)
        raise DocsError(
            "dbt docs generate failed: what it says is above. The docs are as they "
            "were; if tables are missing, run perennial build first"
        )
    return target


def read_manifest(target: Path) -> dict[str, Any]:
    """What dbt knows of the project."""
    return json.loads((target / "manifest.json").read_text(encoding="utf-8"))


def find_missing_tables(target: Path) -> list[str]:
    """The public tables that the work file does not have, as one of another commit."""
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
    return sorted(
        node["name"]
        for unique_id, node in read_manifest(target)["nodes"].items()
        if node["resource_type"] == "model"
        and node["access"] == "public"
        and unique_id not in catalog["nodes"]
    )


def write_dbt_page(target: Path, greeting: str, output: Path) -> None:
    """Write the single page of dbt: no request, no error, with a longer greeting.

    It shows what is tested of each column, though one test holds the rules of all.

    Args:
        target: the folder that `generate` returned.
        greeting: Markdown that follows the overview.
        output: the file to write.
    """
    page = (target / "static_index.html").read_text(encoding="utf-8")
    manifest = read_manifest(target)
    embedded = (target / "manifest.json").read_text(encoding="utf-8")
    page = page.replace(embedded.strip(), json.dumps(_with_rules_by_column(manifest)))
    for old, new in MENDS:
        page = page.replace(old, new)
    overview = manifest["docs"]["doc.perennial.__overview__"]["block_contents"]
    page = page.replace(json.dumps(overview), json.dumps(f"{overview}\n\n{greeting}"))
    output.write_text(page, encoding="utf-8")


def _with_rules_by_column(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with one test more for each rule of each column.

    The page shows at a column the tests that name it.
    """
    nodes = dict(manifest["nodes"])
    for unique_id, test in manifest["nodes"].items():
        for number, rule in enumerate(read_rules(test)):
            own_id = f"{unique_id}.{number}"
            nodes[own_id] = {
                **test,
                "unique_id": own_id,
                "column_name": rule.column,
                "test_metadata": {
                    "name": rule.name,
                    "kwargs": {"column_name": rule.column, **rule.arguments},
                    "namespace": None,
                },
                # That of all rules, and long.
                "raw_code": "",
                "compiled_code": "",
            }
    return {**manifest, "nodes": nodes}


def write_lineage(target: Path, output: Path) -> None:
    """Write the lineage by column, one page.

    Raises:
        DocsError: colibri failed.
    """
    made = target / "colibri"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt_colibri.cli.cli", "generate"),
            *("--manifest", str(target / "manifest.json")),
            *("--catalog", str(target / "catalog.json")),
            *("--output-dir", str(made), "--disable-telemetry"),
        ],
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode or not (made / "index.html").exists():
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise DocsError(
            "colibri, which draws the lineage, failed"
            f" ({last[-1] if last else 'without a word'}); the docs are as they were"
        )
    shutil.copyfile(made / "index.html", output)
