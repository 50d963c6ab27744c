"""Measure how the project grows on a Spark cluster: time, shuffles, joins.

A master and two workers on this machine, one core each; for every size an
input of worlds.py is loaded, fitted and built (models, seeds and snapshots; one
node at a time, so that what Spark writes down can be told apart by node).
Printed are wall and CPU seconds of each step, the nodes that move most with the
columns by which they do, and those that join by a loop.

Needs what make test-spark needs. Example:
    python benchmarks/spark_growth.py --customers 10000 100000
"""

import argparse
import contextlib
import ctypes
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from worlds import LAST_DAY, write_world

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests/python"))

import postgres_cluster  # noqa: E402
import spark_cluster  # noqa: E402

# What Spark does by default, but for pieces as small as this machine.
SETTINGS = {
    "spark.driver.memory": "2g",
    "spark.executor.memory": "4g",
    "spark.sql.shuffle.partitions": "8",
    # The comment by which dbt names the node is not told; the clock is.
    "spark.sql.maxPlanStringLength": "200000",
}
LOOPS = re.compile(r"\b(CartesianProduct|BroadcastNestedLoopJoin)\b")
# Of a plan: by which columns rows go to another worker; an id follows each.
SHUFFLES = re.compile(r"Arguments: (?:hash|range)partitioning\(([^\n]*), \d+\)")
COLUMN_ID = re.compile(r"#\d+L?( ASC NULLS (FIRST|LAST))?")
SHOWN = 15
# Of Linux: orphans become children of this process, which can then wait for them.
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Work:
    """What Spark did within a span of time."""

    cpu_seconds: float = 0.0
    shuffled_bytes: int = 0
    spilled_bytes: int = 0
    tasks: int = 0
    loops: set[str] = field(default_factory=set)
    shuffles: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Step:
    """One command: wall seconds, CPU seconds of driver and of executors."""

    name: str
    wall: float
    # dbt or perennial, and the Java that plans for it.
    driver: float
    # In tasks alone: what their JVMs do besides, like compiling, is not in it.
    executors: float


def run(command: list[str], environment: dict[str, str], events: Path) -> Step:
    """Run a command to its end, and add up what its tasks took."""
    known = set(events.iterdir())
    began, used = time.monotonic(), _children()
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(said[-6000:])
    # The driver's Java ends after the Python that started it, and as an orphan.
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitid(os.P_PGID, process.pid, os.WEXITED)
    wall, driver = time.monotonic() - began, _children() - used
    executors = sum(
        _cpu_of(event)
        for log in set(events.iterdir()) - known
        for event in read_events(log)
        if event["Event"] == "SparkListenerTaskEnd"
    )
    return Step(command[1], wall, driver, executors)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_events(log: Path) -> Iterator[dict]:
    """What Spark wrote down of one application, in its order."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _cpu_of(event: dict) -> float:
    metrics = event.get("Task Metrics") or {}
    nanoseconds = metrics.get("Executor CPU Time", 0)
    return (nanoseconds + metrics.get("Executor Deserialize CPU Time", 0)) / 1e9


def work_by_node(results: Path, events: Path) -> dict[str, Work]:
    """What was done for each node of the last dbt run, by the clock."""
    spans = []
    for result in json.loads(results.read_text())["results"]:
        for step in result["timing"]:
            if step["name"] == "execute" and step["completed_at"]:
                spans.append(
                    (
                        _milliseconds(step["started_at"]),
                        _milliseconds(step["completed_at"]),
                        result["unique_id"].split(".")[2],
                    )
                )
    works: dict[str, Work] = defaultdict(Work)
    last = max(events.iterdir(), key=lambda log: log.stat().st_mtime)
    for event in read_events(last):
        kind = event["Event"].rpartition(".")[2]
        if kind == "SparkListenerTaskEnd":
            at = event["Task Info"]["Launch Time"]
        elif kind == "SparkListenerSQLExecutionStart":
            at = event["time"]
        else:
            continue
        name = next((name for start, end, name in spans if start <= at <= end), None)
        if name:
            _add(works[name], kind, event)
    return works


def _add(work: Work, kind: str, event: dict) -> None:
    if kind == "SparkListenerSQLExecutionStart":
        plan = event["physicalPlanDescription"].partition("== Initial Plan ==")[0]
        work.loops |= set(LOOPS.findall(plan))
        work.shuffles |= {COLUMN_ID.sub("", keys) for keys in SHUFFLES.findall(plan)}
        return
    metrics = event.get("Task Metrics") or {}
    work.tasks += 1
    work.cpu_seconds += _cpu_of(event)
    work.spilled_bytes += metrics.get("Disk Bytes Spilled", 0)
    work.shuffled_bytes += metrics.get("Shuffle Write Metrics", {}).get(
        "Shuffle Bytes Written", 0
    )


def _milliseconds(moment: str) -> float:
    read = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    return read.timestamp() * 1000


def measure(customers: int, cluster: spark_cluster.SparkCluster, scratch: Path) -> None:
    """Load, fit and build so many customers, and print what it took."""
    counts = write_world(customers, scratch / "input")
    print(f"\n{customers:,} customers, {counts['orders']:,} orders, ", end="")
    print(f"{counts['subscriptions']:,} subscriptions")
    schema = f"raw_{customers}"
    environment = {
        **os.environ,
        **cluster.environment,
        "PERENNIAL_SPARK_SCHEMA": f"growth_{customers}",
        "PERENNIAL_WORK_FILE": str(scratch / "work.duckdb"),
        "PERENNIAL_HISTORY_FILE": str(scratch / "history.duckdb"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    spark = ["--target", "spark"]
    variables = ["--vars", json.dumps({"input_schema": schema, "as_of_date": LAST_DAY})]
    untested = ["--exclude-resource-type", "test", "unit_test"]
    for command in (
        ["perennial", "load", *spark, "--schema", schema, str(scratch / "input")],
        ["perennial", "fit", *spark, *variables],
        ["dbt.cli.main", "build", *spark, *variables, "--threads", "1", *untested],
    ):
        step = run(command, environment, cluster.event_logs)
        print(
            f"{step.name:8} wall {step.wall:7.0f} s   CPU driver {step.driver:7.0f} s"
            f"   executors {step.executors:7.0f} s",
            flush=True,
        )
    results = scratch / "target/run_results.json"
    _print_nodes(work_by_node(results, cluster.event_logs))


def _print_nodes(works: dict[str, Work]) -> None:
    total = sum(work.shuffled_bytes for work in works.values())
    print(f"shuffled {total / 1e6:,.0f} MB in all; most of it, and most CPU:")
    heaviest = sorted(works, key=lambda n: -works[n].cpu_seconds)[:SHOWN]
    moving = sorted(works, key=lambda n: -works[n].shuffled_bytes)[:SHOWN]
    for name in dict.fromkeys(heaviest + moving):
        work = works[name]
        print(
            f"  {name:48} CPU {work.cpu_seconds:7.1f} s  shuffled "
            f"{work.shuffled_bytes / 1e6:8.1f} MB  spilled "
            f"{work.spilled_bytes / 1e6:7.1f} MB  {work.tasks:5} tasks"
        )
        for keys in sorted(work.shuffles):
            print(f"    by {keys}")
    print("joined by a loop:")
    for name, work in sorted(works.items()):
        if work.loops:
            print(f"  {name:48} {', '.join(sorted(work.loops))}")


def main() -> None:
    """Start the cluster, measure each size, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    sizes = parser.parse_args().customers
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_cluster.running() as postgres,
        spark_cluster.started(
            Path(folder) / "spark", postgres.environment, SETTINGS, "4500m"
        ) as cluster,
    ):
        for customers in sizes:
            scratch = Path(folder) / str(customers)
            scratch.mkdir()
            measure(customers, cluster, scratch)


if __name__ == "__main__":
    main()
