"""What of the published file every page needs: its build, and what can be chosen."""

from pathlib import Path

import duckdb

from perennial.dashboards.boards import Board
from perennial.dashboards.choices import Choice, find_choices
from perennial.dashboards.errors import DashboardsError
from perennial.warehouse import Build, opened_build


def read_published(
    data: Path, boards: list[Board]
) -> tuple[Build, dict[str, tuple[Choice, ...]]]:
    """The build of a published file, and the choices of each board in it."""
    with opened_build(data) as (connection, build):
        try:
            return build, {b.name: find_choices(b, connection) for b in boards}
        except duckdb.Error as error:
            raise DashboardsError(
                f"the published file {data} lacks what the dashboards need "
                f"({str(error).splitlines()[0]}); build and publish it anew"
            ) from error
