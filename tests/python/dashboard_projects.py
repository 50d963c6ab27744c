"""What tests of dashboards draw: a few boards, and changed published files."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
from conftest import PROJECT


def project_of(tmp_path: Path, *boards: str) -> Path:
    """A dct project with some of the boards."""
    project = tmp_path / "dashboards"
    shutil.copytree(PROJECT / "dashboards", project)
    for path in (project / "charts").glob("*.yml"):
        if path.stem not in ("meta", *boards):
            path.unlink()
    return project


def with_other_mrr(file: Path, mrr: int) -> None:
    """Write another MRR of the last month into a copy of a published file."""
    with duckdb.connect(file) as connection:
        connection.execute(
            """
            update marts.rpt_mrr_monthly set ending_mrr = ?
            where revenue_month = (
                select max(revenue_month) from marts.rpt_mrr_monthly
            )
            """,
            [mrr],
        )
