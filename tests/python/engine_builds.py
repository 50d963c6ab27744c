"""The days of one input, built on an engine one after the other.

The first day, the same once more, the next day, and that day under other
policies: each build goes on with what snapshots kept of the ones before. After
each, the public tables are read into a file of their own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import engine_tables
from conftest import PROJECT, environment_of
from other_dialects import sql_of_nodes
from postgres_cluster import Cluster
from spark_cluster import SparkCluster

# The second build brings nothing new, the last one only other policies.
BUILDS = ("first build", "the same again", "a day later", "other policies")
# Unit tests bring their own rows: once is enough of them.
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
RAW = "parity_raw"


@dataclass(frozen=True)
class Day:
    """The input of one build, its as-of date, and what is decided about it."""

    folder: Path
    as_of: date
    policies: dict[str, Any] = field(default_factory=dict)

    def variables(self, **others: str) -> str:
        """The `--vars` of a build that may reject whatever it has to."""
        return json.dumps(
            {
                "as_of_date": self.as_of.isoformat(),
                "max_rejected_share": 1.0,
                "history_name": "parity",
                **self.policies,
                **others,
            },
            default=float,
        )


@dataclass(frozen=True)
class Stage:
    """What one command took; of a server only the client's part is CPU."""

    name: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Build:
    """One build of a day: its public tables, its nodes, what it took."""

    tables: Path
    # Kind of node -> status -> count.
    nodes: dict[str, Counter[str]]
    stages: list[Stage]
    # Node -> the SQL that was run for it.
    compiled: dict[str, str]

    def passed(self, kind: str) -> int:
        """How many nodes of a kind did all they had to."""
        return self.nodes[kind]["success"] + self.nodes[kind]["pass"]

    @property
    def others(self) -> Counter[str]:
        """What else became of nodes, tests that warn included."""
        total = sum(self.nodes.values(), Counter())
        return Counter({k: n for k, n in total.items() if k not in ("success", "pass")})


def build_on_duckdb(days: list[Day], scratch: Path) -> list[Build]:
    """Each day, from files."""
    builds = []
    for number, day in enumerate(days):
        target = scratch / f"{number}.duckdb"
        variables = day.variables(input_path=str(day.folder))
        built = run(
            *("dbt.cli.main", "build", "--vars", variables, *NO_UNIT_TESTS),
            scratch=scratch,
        )
        engine_tables.read_duckdb(scratch / "work.duckdb", target)
        builds.append(_read_build(scratch, target, [built]))
    return builds


def build_on_postgres(days: list[Day], scratch: Path, cluster: Cluster) -> list[Build]:
    """Each day, loaded, fitted and built there; unit tests with the first one."""
    builds = []
    for number in range(len(days)):
        target = scratch / f"{number}.duckdb"
        stages = build_loaded("postgres", days, number, scratch, cluster.environment)
        connection = cluster.connect()
        try:
            engine_tables.read_postgres(connection, "perennial_marts", target)
        finally:
            connection.close()
        builds.append(_read_build(scratch, target, stages))
    return builds


def build_on_spark(
    days: list[Day], scratch: Path, cluster: SparkCluster
) -> list[Build]:
    """Each day, loaded, fitted and built there; unit tests with the first one.

    Tables by customer lie in buckets, but for those of the second build.
    """
    builds = []
    # In a process of its own: there is one session to a process.
    reader = {"PYTHONPATH": str(Path(__file__).parent), **cluster.environment}
    for number in range(len(days)):
        target = scratch / f"{number}.duckdb"
        environment = {
            **cluster.environment,
            "PERENNIAL_SPARK_BUCKETS": "0" if number == 1 else "2",
        }
        stages = build_loaded("spark", days, number, scratch, environment)
        stages += [
            run(
                *("engine_tables", "perennial_marts", str(target)),
                scratch=scratch,
                environment=reader,
            )
        ]
        builds.append(_read_build(scratch, target, stages))
    return builds


def build_loaded(
    target: str,
    days: list[Day],
    number: int,
    scratch: Path,
    environment: dict[str, str],
) -> list[Stage]:
    """A day on an engine that reads no files and runs no Python models.

    What is loaded and fitted holds for the same day once more.
    """
    day = days[number]
    folder = str(day.folder)
    options = ("--target", target)
    variables = ("--vars", day.variables(input_schema=RAW))
    into = {"scratch": scratch, "environment": environment}
    left_out = NO_UNIT_TESTS if number else ()
    stages = []
    if day not in days[:number]:
        stages += [
            run("perennial", "load", *options, folder, "--schema", RAW, **into),
            run("perennial", "fit", *options, *variables, **into),
        ]
    return [
        *stages,
        run("dbt.cli.main", "build", *options, *variables, *left_out, **into),
    ]


def run(
    module: str,
    *arguments: str,
    scratch: Path,
    environment: dict[str, str] | None = None,
) -> Stage:
    """Run a command in a process of its own; all it writes is in `scratch`."""
    start, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment_of(scratch), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-9000:] + outcome.stderr[-3000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Stage(
        "read" if module == "engine_tables" else arguments[0],
        time.monotonic() - start,
        after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
    )


def _read_build(scratch: Path, tables: Path, stages: list[Stage]) -> Build:
    """What dbt left of the last build in a folder."""
    results = (scratch / "target/run_results.json").read_text(encoding="utf-8")
    nodes: dict[str, Counter[str]] = {}
    for result in json.loads(results)["results"]:
        kind = result["unique_id"].split(".")[0]
        nodes.setdefault(kind, Counter())[result["status"]] += 1
    compiled = sql_of_nodes(scratch / "target/manifest.json")
    return Build(tables, nodes, stages, compiled)


def as_table(builds: dict[str, Build]) -> str:
    """Nodes and seconds of each build, a line each."""
    lines = []
    for name, build in builds.items():
        nodes = ", ".join(
            f"{kind} {' '.join(f'{n} {status}' for status, n in counted.items())}"
            for kind, counted in sorted(build.nodes.items())
        )
        stages = ", ".join(
            f"{stage.name} {stage.seconds:.0f} s ({stage.cpu_seconds:.0f} s CPU)"
            for stage in build.stages
        )
        lines.append(f"{name}: {nodes}; {stages}")
    return "\n".join(lines)
