"""The server that asks the published file live, for this machine only."""

import subprocess
import sys
from pathlib import Path

from perennial.dashboards.boards import read_boards
from perennial.dashboards.drawing import environment, project_of, require_dct
from perennial.dashboards.reading import read_published
from perennial.dashboards.site import PROJECT
from perennial.stops import stoppable

LOOPBACK = "127.0.0.1"


def serve_boards(published: Path, port: int, project: Path = PROJECT) -> int:
    """Run the interactive server on this machine only, until it is stopped.

    Every request asks the file that is published then. Gives the exit code of the
    server.

    Raises:
        DashboardsError: dbt-charts is not installed.
        StopError: a signal ended it, and the server with it.
        BoardError: there are no boards.
        WarehouseError: the published file is missing or damaged.
    """
    require_dct()
    boards = read_boards(project)
    build, _ = read_published(published, boards)
    # A signal that ends this process alone would leave the server behind.
    with project_of(project, build) as folder, stoppable("nothing is served now"):
        return subprocess.run(
            [
                *(sys.executable, "-c", "from dbt_charts.cli.main import app; app()"),
                *("serve", "--host", LOOPBACK, "--port", str(port)),
                *("--no-cache", "--project-dir", str(folder)),
            ],
            env=environment(published),
            check=False,
        ).returncode
