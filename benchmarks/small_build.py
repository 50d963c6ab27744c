"""Where the seconds of a small build go: the demo, warm, step by step.

Warm: a work file that was built before, by a project that was parsed before.
Unit tests, which bring their own rows, are not run.

Example: python benchmarks/small_build.py --repeats 3
"""

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

from dbt_costs import Costs, costs_of
from speed_build import WITH_DATA_TESTS
from speed_measure import PROJECT, measure, spread_of

BUILD = ("build", *WITH_DATA_TESTS)


def steps_of(costs: Costs) -> dict[str, float]:
    """Step -> CPU seconds."""
    by_kind: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for kind, spent in costs.nodes.values():
        by_kind[kind] += spent
        numbers[kind] += 1
    return {
        "imports": costs.imports,
        "reading the project, hooks before the first node": costs.start,
        **{f"{numbers[kind]} {kind}s": spent for kind, spent in by_kind.items()},
        "hooks and files after the last node": costs.end,
        "**all, one node at a time**": costs.total,
        "of it within DuckDB": costs.duckdb,
    }


def in_words(values: list[float]) -> str:
    """Median, lowest and highest."""
    spread = spread_of(values)
    return f"{spread.median:.1f} ({spread.low:.1f} to {spread.high:.1f})"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    os.chdir(PROJECT)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        costs_of(BUILD, scratch)
        steps, whole = [], []
        for _ in range(repeats):
            # costs_of has told this process where a build writes.
            whole.append(measure(("-m", "dbt.cli.main", "--quiet", *BUILD))[0])
            steps.append(steps_of(costs_of(BUILD, scratch)))
    print("| step | CPU s, median (lowest to highest) |\n|---|---|")
    for step in steps[0]:
        print(f"| {step} | {in_words([one[step] for one in steps])} |")
    print(f"| **all, as it is run** | {in_words([one.cpu_seconds for one in whole])} |")
    print(f"\n{in_words([one.wall_seconds for one in whole])} s on the clock")


if __name__ == "__main__":
    main()
