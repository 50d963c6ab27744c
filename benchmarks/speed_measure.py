"""Run a command in a process of its own, and read what it cost.

CPU seconds are those of user and system, of all threads, and of the processes
that it waited for. A command that says where its work begins is charged from
there on: that an interpreter starts and imports is no part of a question.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_BEGINS = "work begins "
# Linux counts the memory of whoever starts a process as the process's own, so a
# small one stands between. It needs no site packages, and ends as the command does.
_STARTER = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as cost:
    json.dump({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}, cost)
sys.exit(code if code >= 0 else 128 - code)
"""


class ChildError(Exception):
    """What a command said that failed."""


@dataclass(frozen=True)
class Reading:
    """What one run cost."""

    # Of the work alone, where the command said that it begins.
    cpu_seconds: float
    wall_seconds: float
    # Of the whole process, libraries included, in MB of 2^20 bytes.
    peak_mb: float


@dataclass(frozen=True)
class Spread:
    """A figure of several runs: its median, the lowest and the highest."""

    median: float
    low: float
    high: float


def spread_of(values: Sequence[float]) -> Spread:
    """Median and range of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def say_work_begins() -> None:
    """Tell the measuring process that all from here on counts."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = {"cpu": used.ru_utime + used.ru_stime, "clock": time.monotonic()}
    print(_BEGINS + json.dumps(spent), flush=True)


def measure(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> tuple[Reading, str]:
    """Run a Python script or module, given as the arguments of `python`.

    Args:
        command: like ("-m", "dbt.cli.main", "build").
        environment: added to the one of this process.

    Returns:
        The cost, and what the command printed.

    Raises:
        ChildError: it failed; with the end of what it printed.
    """
    starter = [sys.executable, "-I", "-S", "-c", _STARTER]
    with tempfile.TemporaryDirectory() as folder:
        cost = Path(folder, "cost.json")
        began = time.monotonic()
        done = subprocess.run(
            [*starter, cost, sys.executable, *command],
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ended = time.monotonic()
        if done.returncode:
            raise ChildError(f"{' '.join(command)}\n{done.stdout[-4000:]}")
        used = json.loads(cost.read_text())
    lines = done.stdout.splitlines()
    before = {"cpu": 0.0, "clock": began}
    for line in lines:
        if line.startswith(_BEGINS):
            before = json.loads(line.removeprefix(_BEGINS))
    reading = Reading(
        cpu_seconds=used["cpu"] - before["cpu"],
        wall_seconds=ended - before["clock"],
        peak_mb=used["peak"] / 1024,
    )
    return reading, "\n".join(line for line in lines if not line.startswith(_BEGINS))
