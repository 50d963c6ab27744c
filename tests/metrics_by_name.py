"""Writes docs/metrics_by_name.md: every metric, what it may be asked by, and where
the marts say the same.

The tables are read from models/semantic, the text before them is kept. A test holds
the document against the models, and asks every metric by all that its row names.

Usage: `python tests/metrics_by_name.py`
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "models/semantic"
DOCUMENT = PROJECT / "docs/metrics_by_name.md"
START = "<!-- The tables below are written by tests/metrics_by_name.py. -->"
# Numbers that have no name, as rows of the last table.
NOT_BY_NAME = {
    "`rpt_mrr_by_slice_monthly`, by billing interval and source": (
        "movements are shared among slices of one kind, here plans: of two kinds at "
        "once they would be a third number"
    ),
    "`rpt_segment_value.clv_index`, `revenue_share`": (
        "a part of the whole, which a query by attribute does not know"
    ),
    "`rpt_segment_value.lifespan_months`, `formula_clv`": (
        "few customers take the lifespan of all"
    ),
    "`rpt_upcoming_renewals.tenure_months`": "a row's own, nothing to sum",
    "`rpt_subscription_survival`": (
        "Kaplan-Meier: a product over months, with who is still there left out"
    ),
    "`rpt_product_profitability`": "products have no day, which each metric needs",
    "`rpt_clv_calculator`, `rpt_clv_backtest`": "one row per input, result or tenth",
    "`fct_customer_lifetime_value`, all but revenue, margin and predicted CLV": (
        "a customer's own: ranges, levers and probabilities do not add up"
    ),
}


def models() -> list[dict]:
    """The semantic models of all files."""
    return [
        model
        for path in sorted(FOLDER.glob("sem_*.yml"))
        for model in yaml.safe_load(path.read_text("utf-8"))["semantic_models"]
    ]


def metrics() -> list[dict]:
    """The metrics, each with the heading that stands over it."""
    text = (FOLDER / "_metrics.yml").read_text("utf-8")
    heading, headings = "", {}
    for line in text.splitlines():
        if line.startswith("  # "):
            heading = line.removeprefix("  # ")
        elif name := re.match(r"  - name: (\w+)", line):
            headings[name[1]] = heading
    return [
        metric | {"heading": headings[metric["name"]]}
        for metric in yaml.safe_load(text)["metrics"]
    ]


def group_bys() -> dict[str, list[str]]:
    """What each metric may be asked by, besides its time and customers' attributes."""
    of_measure = {
        measure["name"]: names_of(model)
        for model in models()
        for measure in model["measures"]
    }
    by_name = {metric["name"]: metric for metric in metrics()}

    def of(name: str) -> list[str]:
        parameters = by_name[name]["type_params"]
        if "measure" in parameters:
            return of_measure[parameters["measure"]]
        parts = [of(part) for part in parts_of(parameters)]
        return [name for name in parts[0] if all(name in part for part in parts)]

    return {name: of(name) for name in by_name}


def parts_of(parameters: dict) -> list[str]:
    if "numerator" in parameters:
        return [parameters["numerator"], parameters["denominator"]]
    return [
        part if isinstance(part, str) else part["name"]
        for part in parameters["metrics"]
    ]


def names_of(model: dict) -> list[str]:
    entities = model.get("entities", [])
    primary = model.get("primary_entity") or next(
        entity["name"] for entity in entities if entity["type"] == "primary"
    )
    return [entity["name"] for entity in entities] + [
        f"{primary}__{dimension['name']}"
        for dimension in model["dimensions"]
        # Attributes of customers go with `customer`, and are listed once.
        if dimension["type"] == "categorical" and primary != "customer"
    ]


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)
    ]


def tables() -> str:
    """All that follows the text of the document."""
    lines = [START]
    asked_by = group_bys()
    listed = metrics()
    for heading in dict.fromkeys(metric["heading"] for metric in listed):
        rows = []
        for metric in (m for m in listed if m["heading"] == heading):
            name = metric["name"]
            equals = metric.get("config", {}).get("meta", {}).get("equals", [])
            rows.append(
                [
                    f"`{name}`",
                    metric["label"],
                    metric["description"].strip(),
                    ", ".join(f"`{by}`" for by in asked_by[name]) or "time alone",
                    ", ".join(f"`{column}`" for column in equals) or "part of a rate",
                ]
            )
        lines += ["", f"## {heading}", ""]
        lines += table(["metric", "", "what it is", "asked by", "the same in"], rows)
    lines += [
        "",
        "## Not by name",
        "",
        "Published columns, which stay in their marts:",
        "",
    ]
    lines += table(["column", "because"], [list(row) for row in NOT_BY_NAME.items()])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(text.partition(START)[0] + tables(), encoding="utf-8")
