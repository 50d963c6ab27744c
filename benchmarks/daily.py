"""What a day costs: a full run, and the daily run after it, model by model.

An input of worlds.py is built as of one day, then as of the next one: the rows
of that day count, terms and refunds of it fall due. One node at a time, so that
CPU seconds of the process are those of the node; without tests. Printed are a
table of the models that are computed for touched customers, with what finding
these customers costs, and the whole runs; and one of the costliest others.

Example: python benchmarks/daily.py --customers 100000
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import duckdb
from dbt_costs import Costs, costs_of
from speed_build import MODELS_ONLY
from speed_measure import PROJECT
from worlds import write_world

TRACKED = "int_customers_tracked"
SHOWN = 20
# In the middle of a month of the last year; the next day no month begins.
FIRST_DAY, NEXT_DAY = "2025-12-16", "2025-12-17"


def run(scratch: Path, world: Path, as_of: str) -> Costs:
    """A build without tests, as of a day."""
    variables = json.dumps({"input_path": str(world), "as_of_date": as_of})
    return costs_of(["build", "--vars", variables, *MODELS_ONLY], scratch)


def touched_models(scratch: Path) -> list[str]:
    """The models that are computed for touched customers, by name."""
    manifest = json.loads((scratch / "target/manifest.json").read_text())
    return sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["config"].get("incremental_strategy") == "touched"
    )


def touched_customers(work_file: Path) -> int:
    """How many customers the last run, a daily one, has computed."""
    with duckdb.connect(str(work_file), read_only=True) as work:
        run_id, reason = work.execute(
            "select invocation_id, refreshed_because from utilities.dbt_last_build"
        ).fetchone()
        assert reason is None, reason
        (count,) = work.execute(
            f"select count(*) from intermediate.{TRACKED} where touched_by = ?",
            [run_id],
        ).fetchone()
    return count


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--customers", type=int, default=100_000)
    customers = parser.parse_args().customers
    os.chdir(PROJECT)
    with tempfile.TemporaryDirectory() as folder:
        world, scratch = Path(folder) / "world", Path(folder) / "run"
        scratch.mkdir()
        write_world(customers, world)
        full = run(scratch, world, FIRST_DAY)
        daily = run(scratch, world, NEXT_DAY)
        models = touched_models(scratch)
        touched = touched_customers(scratch / "work.duckdb")
    print(f"{customers:,} customers, {touched:,} touched\n")
    print("| model | full run, CPU s | daily run, CPU s |\n|---|---|---|")
    for name in models:
        print(f"| `{name}` | {full.of(name):.2f} | {daily.of(name):.2f} |")
    # Finding them is a cost of the daily run; a full one needs no such table.
    print(f"| `{TRACKED}` | {full.of(TRACKED):.2f} | {daily.of(TRACKED):.2f} |")
    sums = [sum(map(costs.of, models)) for costs in (full, daily)]
    sums[1] += daily.of(TRACKED)
    share = sums[1] / sums[0]
    print(f"| these models | {sums[0]:.2f} | {sums[1]:.2f}, {share:.1%} |")
    print(f"| the whole run | {full.total:.0f} | {daily.total:.0f} |")

    others = sorted(set(full.nodes) - {*models, TRACKED}, key=full.of, reverse=True)
    print("\n| computed for all | full run | daily run |\n|---|---|---|")
    for name in others[:SHOWN]:
        print(f"| `{name}` | {full.of(name):.2f} | {daily.of(name):.2f} |")


if __name__ == "__main__":
    main()
