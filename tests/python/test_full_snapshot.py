"""Exports of whole tables, one beside the other: the last one counts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from comparison import assert_mart_matches
from conftest import Built, build_folder, opened, run_dbt, story_built
from daily_histories import write_histories
from reference import compute
from reference.contract import CONTRACTS
from table_comparison import compare
from worlds import write_story

DAYS = [date(2024, 11, 10), date(2024, 11, 18)]
# What tells of the rows that were brought, and not of the business.
ROWS_TOLD = ("fct_rejected_rows", "rpt_input_reconciliation")


def orders(ids: range, loaded_at: str, **changed: str) -> list[dict]:
    """An export of orders with these numbers."""
    row = {"customer_id": "a", "ordered_at": "2025-01-05", "gross_amount": "10"}
    return [
        {"order_id": f"o{number}"} | row | {"loaded_at": loaded_at} | changed
        for number in ids
    ]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Two exports of random worlds, the second after a week of the business."""
    scratch = tmp_path_factory.mktemp("exports")
    _, day = write_histories(scratch, DAYS, worlds=60, as_exports=True)
    build_folder(day.folder, day.as_of, scratch, full_snapshot=True)
    expected = compute(day.folder, day.as_of, full_snapshot=True)
    with opened(scratch / "work.duckdb") as warehouse:
        yield Built("exports", day.folder, day.as_of, warehouse, expected)


def test_each_row_is_told_as_the_reference_tells_it(exports: Built) -> None:
    for mart in (*ROWS_TOLD, "fct_orders", "fct_mrr_movements"):
        assert_mart_matches(exports, mart)
    reasons = {row["reasons"] for row in exports.expected["fct_rejected_rows"]}
    assert {"earlier_export", "deleted_row", "conflicting_id"} <= reasons


def test_the_business_is_that_of_the_last_export_alone(
    exports: Built, tmp_path: Path
) -> None:
    last = {}
    for table in CONTRACTS:
        with (exports.folder / f"{table}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        latest = max((row["loaded_at"] for row in rows), default="")
        last[table] = [row for row in rows if row["loaded_at"] == latest]
    folder = write_story(tmp_path / "input", **last)
    build_folder(folder, exports.as_of, tmp_path)
    of_both = exports.folder.parent / "work.duckdb"
    outcomes = compare(of_both, tmp_path / "work.duckdb")
    outcomes = [one for one in outcomes if one.table not in (*ROWS_TOLD, "build_info")]
    shown = [text for outcome in outcomes for text in outcome.shown]
    assert sum(outcome.differences for outcome in outcomes) == 0, shown
    assert len(outcomes) >= 28


def test_a_table_without_times_of_arrival_is_one_export(tmp_path: Path) -> None:
    tables = {
        "orders": orders(range(3), ""),
        "customers": [
            {"customer_id": "a", "country": country, "loaded_at": loaded_at}
            for country, loaded_at in (("FR", "2025-01-06"), ("DE", "2025-01-07"))
        ],
    }
    with story_built(tmp_path, date(2025, 1, 31), tables, full_snapshot=True) as story:
        assert story.rows("select count(*) from marts.fct_orders") == [(3,)]
        assert story.rows("select country from marts.dim_customers") == [("DE",)]


@pytest.mark.parametrize(
    ("last", "variables", "message"),
    [
        (range(80), {}, None),
        (
            range(79),
            {},
            "the last export of orders, loaded_at 2025-01-07 00:00:00, has 79 rows, "
            "the one before, 2025-01-06 00:00:00, 100: more than max_shrink_share "
            "(0.2) is gone",
        ),
        (range(79), {"max_shrink_share": 0.3}, None),
        (range(79), {"full_snapshot": False}, None),
    ],
)
def test_a_last_export_that_is_a_stump_stops_the_build(
    last: range, variables: dict, message: str | None, tmp_path: Path
) -> None:
    rows = orders(range(100), "2025-01-06") + orders(last, "2025-01-07", status="paid")
    folder = write_story(tmp_path / "input", orders=rows)
    given = {"input_path": str(folder), "full_snapshot": True, **variables}
    outcome = run_dbt(
        *("build", "--select", "+util_input_gate", "--vars", json.dumps(given)),
        scratch=tmp_path,
        check=False,
    )
    assert (outcome.returncode == 0) == (message is None), outcome.stdout[-3000:]
    assert (message or "") in " ".join(outcome.stdout.split())
