"""Kills, crowds and starves builds on purpose, and looks what readers then see.

- kills: kill -9 at random times of `perennial build` and `perennial publish`;
- steps: kill -9 at every step of a publish;
- readers: eight readers while builds are published one after the other;
- starve: no disk, no memory, no rights, no clock, two builds at once, half an
  input.

Prints a table; the exit code is 1 when a promise is broken.

Usage: `make torture [ONLY=kills]`, or
`python tests/torture.py [kills] [steps] [readers] [starve] [--trials 40]`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "python"))

from faults.contents import BrokenPromiseError
from faults.houses import House
from faults.kills import Ready, Tally, build_both, kill_every_step, kill_in_houses
from faults.readers import Counts, building, hold_through, publishing, read_while
from faults.shops import write_shops
from faults.starve import CASES, Scene, run_case
from faults.versions import write_version

READY_VERSIONS = 10


def main() -> int:
    """Run the parts that were named, or all."""
    options = parse()
    began = time.monotonic()
    print(f"seed {options.seed}, {options.jobs} at a time", flush=True)
    with tempfile.TemporaryDirectory(prefix="torture", dir=options.folder) as scratch:
        folder = Path(scratch)
        shops = write_shops(folder / "shops")
        try:
            keep = options.ready or folder / "ready"
            ready = build_both(House(folder / "clean"), shops, keep)
        except BrokenPromiseError as broken:
            print(f"not even the clean builds work: {broken}")
            return 1
        compare_inputs(ready)
        broken = []
        for part in options.parts or PARTS:
            part_began = time.monotonic()
            broken += PARTS[part](folder / part, shops, ready, options)
            print(f"{part}: {time.monotonic() - part_began:.0f} s\n", flush=True)
    for line in broken:
        print(f"BROKEN  {line}")
    print(f"{len(broken)} broken promises, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def parse() -> argparse.Namespace:
    """What to run, and how much of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--trials", type=int, default=40, help="kills at random times")
    parser.add_argument("--builds", type=int, default=10, help="builds while reading")
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--case", default="", help="starve: part of a case's name")
    parser.add_argument("--folder", type=Path, help="where to work")
    parser.add_argument("--ready", type=Path, help="where clean builds are kept")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(
            f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}"
        )
    return options


def compare_inputs(ready: Ready) -> None:
    """Say by how much A and B differ: what is alike could be mixed unseen."""
    a, b = ready.known["A"], ready.known["B"]
    alike = [mart for mart in a if a[mart] == b[mart]]
    print(
        f"A and B differ in {len(a) - len(alike)} of {len(a)} marts"
        f" (alike: {', '.join(alike)}); a build takes {ready.seconds:.0f} s\n",
        flush=True,
    )


def kills(
    folder: Path, shops: dict[str, Path], ready: Ready, options: argparse.Namespace
) -> list[str]:
    """Kill, look, run again."""
    print_heading()
    total = Tally()
    for name, tally in kill_in_houses(
        folder, shops, ready, options.trials, options.jobs, options.seed
    ):
        print_tally(name, tally)
        total.add(tally)
    print_tally("all at random", total)
    return total.broken


def steps(
    folder: Path, _shops: dict[str, Path], ready: Ready, options: argparse.Namespace
) -> list[str]:
    """Kill a publish wherever it can be killed."""
    print_heading()
    tally = kill_every_step(folder, ready, options.jobs)
    print_tally("every step", tally)
    return tally.broken


def print_heading() -> None:
    """The head of the table of kills."""
    print(f"{'killed':<20} {'trials':>6} {'whole':>6} {'recovered':>10}  where it fell")


def print_tally(name: str, tally: Tally) -> None:
    """One row of the table of kills."""
    fell = ", ".join(f"{count} {place}" for place, count in tally.fell.most_common())
    print(
        f"{name:<20} {tally.trials:>6} {tally.whole:>6} {tally.recovered:>10}  {fell}",
        flush=True,
    )


def readers(
    folder: Path, shops: dict[str, Path], ready: Ready, options: argparse.Namespace
) -> list[str]:
    """Read while builds run, then while ready work files are published."""
    broken = []
    house = House(folder / "builds")
    house.restore(ready.saved["A"])
    right, wrong = read_while(house, building(house, shops, options.builds))
    broken += judge(f"{options.builds} builds", right, wrong, options.builds + 1)
    house = House(folder / "publishes")
    house.restore(ready.saved["A"])
    files = []
    for number in range(1, READY_VERSIONS + 1):
        files.append(folder / f"work{number}.duckdb")
        write_version(number, house.work, files[-1])
    right, wrong = read_while(house, publishing(house, files[:-1]))
    broken += judge(f"{len(files) - 1} publishes", right, wrong, len(files))
    try:
        hold_through(house, *publishing(house, files[-1:]))
        print("an open reader keeps its build, a new one sees the new: yes")
    except BrokenPromiseError as error:
        broken.append(str(error))
    return broken


def judge(name: str, right: Counts, wrong: Counts, builds: int) -> list[str]:
    """Print both counts; what of them is a broken promise."""
    print(f"{name}, one connection per page:     {right.text}")
    print(f"{name}, one connection per question: {wrong.text}")
    broken = []
    if right.failed or right.mixed or wrong.failed:
        broken.append(f"readers, {name}: {right.text} {right.errors + wrong.errors}")
    if right.pages < 800 or len(right.versions) < builds:
        broken.append(f"readers, {name}: too little was seen: {right.text}")
    return broken


def starve(
    folder: Path, shops: dict[str, Path], ready: Ready, options: argparse.Namespace
) -> list[str]:
    """Each case in a folder of its own."""
    broken = []
    for number, name in enumerate(CASES):
        if options.case in name:
            began = time.monotonic()
            scene = Scene(folder / f"{number:02d}", shops, ready)
            holds, message = run_case(name, scene)
            seconds = time.monotonic() - began
            print(f"{'holds ' if holds else 'BROKEN'}  {name} ({seconds:.0f} s)")
            print("\n".join(f"        {line}" for line in message.splitlines()))
            sys.stdout.flush()
            broken += [] if holds else [f"starve, {name}: {message}"]
    return broken


Part = Callable[[Path, dict[str, Path], Ready, argparse.Namespace], list[str]]
PARTS: dict[str, Part] = {
    "kills": kills,
    "steps": steps,
    "readers": readers,
    "starve": starve,
}


if __name__ == "__main__":
    sys.exit(main())
