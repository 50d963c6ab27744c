"""One build of the demo by the code of a folder, into files of its own."""

import os
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from perennial.build import Say, run_dbt
from perennial.diff.states import DiffError, State
from perennial.progress import Progress
from perennial.warehouse import SETTINGS

LAST_LINES = 10


@dataclass(frozen=True)
class Built:
    """What one build has left."""

    warehouse: Path
    manifest: Path


def build_demo(state: State, scratch: Path, as_of: str, say: Say) -> Built:
    """Build the demo that lies in the folder of a state, with its own code.

    Args:
        state: the state; its folder is where dbt runs.
        scratch: a folder for what the build writes; it is made.
        as_of: the as-of date.
        say: told that the build begins and how far it is, on standard error.

    Raises:
        DiffError: the build fails; with the end of what it said.
    """
    scratch.mkdir()
    say(f"building {state.shown}")
    last: deque[str] = deque(maxlen=LAST_LINES)
    with Progress(say, sys.stderr) as progress:
        code = run_dbt(
            [
                *("--no-use-colors", "build"),
                *("--vars", f"{{as_of_date: '{as_of}'}}"),
                *("--exclude-resource-type", "unit_test"),
            ],
            last.append,
            progress.see,
            folder=state.folder,
            environment=_environment(state, scratch),
        )
    if code:
        raise DiffError(
            "\n".join(
                (
                    f"{state.shown} cannot be built; the end of what dbt says of it:",
                    # The folder is gone when this is read.
                    *(f"  {line.replace(f'{scratch}/', '')}" for line in last),
                )
            )
        )
    return Built(scratch / "work.duckdb", scratch / "target" / "manifest.json")


def _environment(state: State, scratch: Path) -> dict[str, str]:
    """The environment of a build that knows nothing of the user's own files."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "PERENNIAL_")) or name in SETTINGS.values()
    }
    return {
        **kept,
        "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
        "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
        "PERENNIAL_PUBLISHED_FILE": str(scratch / "published.duckdb"),
        "PERENNIAL_GIT_COMMIT": state.commit,
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DBT_PROFILES_DIR": str(state.folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # The Python model imports the code of its own state.
        "PYTHONPATH": str(state.folder),
    }
