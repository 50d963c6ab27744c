"""The whole way of a world: dbt build, publish, and the floors of all marts.

A publish is refused to a build whose data tests did not run: what is published
is the build with them. The build without them is told beside it.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from speed_floors import NEEDED
from speed_measure import PROJECT, Reading, measure

# From the root: the tests have a module of their own that is called worlds.
sys.path.insert(0, str(PROJECT))

from benchmarks.worlds import LAST_DAY

# Without it DuckDB keeps what it has read in whatever memory there is.
MEMORY_LIMIT = "3GB"
MODELS_ONLY = ("--exclude-resource-type", "test", "unit_test")
WITH_DATA_TESTS = ("--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Whole:
    """Readings of whole runs, one for each repeat."""

    models: list[Reading]
    with_tests: list[Reading]
    publish: list[Reading]
    # Mart -> readings of its floor.
    floors: dict[str, list[Reading]]


def places(scratch: Path) -> dict[str, str]:
    """The environment of a command that writes below `scratch` only."""
    return {
        "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
        "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
        "PERENNIAL_PUBLISHED_FILE": str(scratch / "published.duckdb"),
        "PERENNIAL_MEMORY_LIMIT": MEMORY_LIMIT,
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def build(world: Path, scratch: Path, *options: str) -> Reading:
    """One dbt build of a world from nothing, into an emptied folder."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    variables = json.dumps({"input_path": str(world), "as_of_date": LAST_DAY})
    reading, _ = measure(
        ("-m", "dbt.cli.main", "build", "--vars", variables, "--quiet", *options),
        places(scratch),
    )
    return reading


def publish(scratch: Path) -> Reading:
    """Publish what was built in a folder, for the first time."""
    (scratch / "published.duckdb").unlink(missing_ok=True)
    reading, _ = measure(("-m", "perennial", "publish"), places(scratch))
    return reading


def measure_whole(world: Path, scratch: Path, repeats: int) -> Whole:
    """Build without tests, with them, publish, and run the floors of all marts.

    The last build stays in scratch/build, with its target folder.
    """
    whole = Whole([], [], [], {mart: [] for mart in NEEDED})
    folder = scratch / "build"
    for _ in range(repeats):
        whole.models.append(build(world, folder, *MODELS_ONLY))
        whole.with_tests.append(build(world, folder, *WITH_DATA_TESTS))
        whole.publish.append(publish(folder))
    marts = scratch / "marts"
    script = "benchmarks/speed_floors.py"
    measure((script, "export", str(folder / "work.duckdb"), str(marts)))
    for _ in range(repeats):
        for mart, readings in whole.floors.items():
            result = scratch / "floor.duckdb"
            reading, _ = measure((script, mart, str(world), str(marts), str(result)))
            result.unlink()
            readings.append(reading)
    return whole
