"""What of the published file every page needs: its build, and what can be chosen."""

from pathlib import Path

import duckdb

from perennial.dashboards.boards import Board
from perennial.dashboards.choices import Choice, find_choices
from perennial.dashboards.errors import DashboardsError
from perennial.warehouse import Build, opened_published, read_build


def read_published(
    data: Path, boards: list[Board]
) -> tuple[Build, dict[str, tuple[Choice, ...]]]:
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
