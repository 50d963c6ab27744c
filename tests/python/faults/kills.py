"""kill -9, at random times of a build and at every step of a publish.

After each kill the published file must be wholly the old build or wholly the
new one; the next run, without any other step, must make it wholly the new one
and clear away what the killed run left.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from faults import killed_at
from faults.contents import (
    BrokenPromiseError,
    Contents,
    digest,
    find_whole,
    read_build_id,
    read_contents,
)
from faults.houses import House, Outcome, kill
from faults.versions import schemas_of

KEEP_BUILDS = 3
HISTORY = ("snap_builds", "snap_closed_months", "snap_files__subscriptions")


@dataclass
class Tally:
    """Trials counted, and what was broken, in words."""

    trials: int = 0
    whole: int = 0
    recovered: int = 0
    fell: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add_broken(self, line: str) -> None:
        """Note it, and say it at once: a long run may not see its end."""
        self.broken.append(line)
        print(f"    BROKEN  {line}", flush=True)

    def add(self, other: Tally) -> None:
        self.trials += other.trials
        self.whole += other.whole
        self.recovered += other.recovered
        self.fell += other.fell
        self.broken += other.broken


@dataclass(frozen=True)
class Ready:
    """Both inputs built and published once: what trials begin with.

    `saved` has, per name, all files of a house after that build was published.
    """

    known: dict[str, Contents]
    saved: dict[str, Path]
    seconds: float


def build_both(house: House, shops: dict[str, Path], keep: Path) -> Ready:
    """Build A, then B over it; raises BrokenPromiseError where one fails.

    What an earlier call has put into `keep` is taken as it is.
    """
    known, saved = {}, {}
    clock = keep / "seconds"
    for name, shop in shops.items():
        saved[name] = keep / name
        if not saved[name].exists():
            house.bring(shop)
            began = time.monotonic()
            must_succeed(house.build(), f"the build of {name}")
            house.save(saved[name])
            clock.write_text(f"{time.monotonic() - began:.1f}")
        known[name] = read_contents(saved[name] / "public/published.duckdb")
    return Ready(known, saved, float(clock.read_text()))


def must_succeed(outcome: Outcome, what: str) -> None:
    """Raise what a command printed, unless its exit code was 0."""
    if outcome.returncode != 0:
        last = " / ".join(outcome.text.strip().splitlines()[-6:])
        raise BrokenPromiseError(f"{what} has exit code {outcome.returncode}: {last}")


# --- Trials -------------------------------------------------------------------


def kill_builds(
    house: House,
    shops: dict[str, Path],
    ready: Ready,
    trials: int,
    chance: random.Random,
) -> Tally:
    """Builds of A and B in turn, each killed once and then run to its end."""
    tally = Tally()
    house.restore(ready.saved["A"])
    for number in range(trials):
        goal = "BA"[number % 2]
        house.bring(shops[goal])
        after = chance.uniform(0, ready.seconds * 1.05)
        trial(
            house,
            Trial(goal, after, house.building(), f"build, {after:5.1f} s"),
            ready,
            tally,
        )
    return tally


def kill_publishes(
    house: House, ready: Ready, trials: int, seconds: float, chance: random.Random
) -> Tally:
    """Publishes of B over A, each killed once and then run to its end."""
    tally = Tally()
    for _ in range(trials):
        stage(house, ready)
        after = chance.uniform(0.3 * seconds, 1.05 * seconds)
        command = (sys.executable, "-m", "perennial", "publish")
        trial(
            house, Trial("B", after, command, f"publish, {after:5.2f} s"), ready, tally
        )
    return tally


def kill_steps(house: House, ready: Ready, steps: Iterable[int]) -> Tally:
    """Publishes of B over A, each killed before one step of the steps."""
    tally = Tally()
    for step in steps:
        stage(house, ready)
        command = stepping(house, step)
        trial(house, Trial("B", None, command, f"publish, step {step}"), ready, tally)
    return tally


def count_steps(house: House, ready: Ready) -> int:
    """How many steps a publish of B over A has."""
    stage(house, ready)
    outcome = house.run(*stepping(house, 0))
    must_succeed(outcome, "the publish that counts steps")
    return int(outcome.text.split()[-1])


def stepping(house: House, step: int) -> tuple[str, ...]:
    """The command that publishes up to a step."""
    script = str(Path(killed_at.__file__))
    return (sys.executable, script, str(house.files), str(step), "publish")


def stage(house: House, ready: Ready) -> None:
    """A is published, and the work file is that of B."""
    house.restore(ready.saved["A"])
    for file in ("work.duckdb", "history.duckdb"):
        (house.files / file).write_bytes((ready.saved["B"] / file).read_bytes())


@dataclass(frozen=True)
class Trial:
    """A command to kill: after some seconds, or it kills itself."""

    goal: str
    after: float | None
    command: tuple[str, ...]
    name: str


def trial(house: House, one: Trial, ready: Ready, tally: Tally) -> None:
    """One kill, what it left, and the run that follows."""
    tally.trials += 1
    bytes_before = digest(house.published)
    file_before = house.published.stat().st_ino
    process = house.start(*one.command)
    lived = wait(process, one.after)
    # In turn all at once, as a crash does, and the first process alone.
    kill(process, alone=tally.trials % 2 == 0)
    fell = "after the end" if not lived else where(house, file_before)
    tally.fell[fell] += 1
    try:
        check_left(house, ready.known, bytes_before, file_before)
        tally.whole += 1
    except BrokenPromiseError as broken:
        tally.add_broken(f"{one.name} ({fell}): {broken}")
    print(f"    {one.name}: fell {fell}", flush=True)
    try:
        again = house.build if "build" in one.command else house.publish
        must_succeed(again(), "the next run")
        check_recovered(house, ready.known, one.goal)
        tally.recovered += 1
    except BrokenPromiseError as broken:
        tally.add_broken(f"{one.name} ({fell}), recovery: {broken}")


def wait(process: subprocess.Popen[str], seconds: float | None) -> bool:
    """Let it run; whether it was killed, by us or by itself, before its end."""
    try:
        return process.wait(timeout=seconds) != 0
    except subprocess.TimeoutExpired:
        return True


def where(house: House, file_before: int) -> str:
    """What the killed run was at, by what it left."""
    if house.published.stat().st_ino != file_before:
        return "after the replace"
    if house.new.exists():
        return "while copying"
    if not is_built(house):
        return "while dbt ran"
    is_old = read_build_id(house.work) == read_build_id(house.published)
    return "before dbt wrote" if is_old else "before the copy"


def is_built(house: House) -> bool:
    """Whether the last run of dbt in the work file came to its end."""
    try:
        with duckdb.connect(house.work, read_only=True) as connection:
            for schema in schemas_of(connection, "dbt_runs"):
                row = connection.execute(
                    f"""
                    select ended_at is not null
                    from {schema}.dbt_runs
                    order by started_at desc
                    limit 1
                    """
                ).fetchone()
                return row == (True,)
    except duckdb.Error:
        return False
    return False


# --- What must hold -----------------------------------------------------------


def check_left(
    house: House, known: dict[str, Contents], bytes_before: str, file_before: int
) -> None:
    """The published file is the old one, or wholly that of the work file."""
    found = find_whole(house.published, known)
    if house.published.stat().st_ino == file_before:
        if digest(house.published) != bytes_before:
            raise BrokenPromiseError("the published file was changed in its place")
    elif found.build_id != read_build_id(house.work):
        raise BrokenPromiseError(
            f"what was published says build {found.build_id}, the work file another"
        )
    check_history(house)


def check_history(house: House) -> None:
    """The history opens, and its tables can be read."""
    try:
        with duckdb.connect(house.history, read_only=True) as connection:
            there = {
                name
                for (name,) in connection.execute(
                    "select table_name from duckdb_tables() where schema_name = ?",
                    ["snapshots"],
                ).fetchall()
            }
            for table in HISTORY:
                if table not in there:
                    raise BrokenPromiseError(f"the history has lost {table}")
                connection.execute(f"select hash(t) from snapshots.{table} as t")
    except duckdb.Error as error:
        line = str(error).splitlines()[0]
        raise BrokenPromiseError(f"the history is unreadable: {line}") from error


def check_recovered(
    house: House,
    known: dict[str, Contents],
    goal: str,
    but_for: tuple[str, ...] = (),
) -> None:
    """The new build is published; nothing of the killed run is left."""
    found = find_whole(house.published, known, but_for)
    if found.name != goal:
        raise BrokenPromiseError(f"published is {found.name}, not {goal}")
    if found.build_id != read_build_id(house.work):
        raise BrokenPromiseError("published is not the build of the work file")
    left = list(leftovers(house))
    if left:
        raise BrokenPromiseError(f"left over: {', '.join(left)}")
    if not 1 <= len(house.kept) <= KEEP_BUILDS:
        raise BrokenPromiseError(f"{len(house.kept)} builds are kept")
    for kept in house.kept:
        find_whole(kept, known, but_for)
        if not kept.with_name(f"{kept.stem}_history.duckdb").exists():
            raise BrokenPromiseError(f"{kept.name} has no history beside it")
    check_history(house)


def leftovers(house: House) -> Iterator[str]:
    """Files that no finished run leaves behind."""
    for file in sorted(house.published.parent.rglob("*")):
        name = file.name
        if file.is_file() and not name.endswith((".duckdb", ".lock")):
            yield name
        if file.is_file() and (".new" in name or ".tmp" in name):
            yield name


# --- The long form ------------------------------------------------------------


def kill_in_houses(
    folder: Path,
    shops: dict[str, Path],
    ready: Ready,
    trials: int,
    jobs: int,
    seed: int,
) -> Iterator[tuple[str, Tally]]:
    """Kill `trials` times at random, three of five in builds, else in publishes.

    Each job has a house of its own.
    """
    houses = [House(folder / f"house{job}") for job in range(jobs)]
    seconds = time_publish(houses[0], ready)
    publishes = trials * 2 // 5

    def of_publishes(job: int, share: int) -> Tally:
        chance = random.Random(f"{seed}-publish-{job}")
        return kill_publishes(houses[job], ready, share, seconds, chance)

    def of_builds(job: int, share: int) -> Tally:
        chance = random.Random(f"{seed}-build-{job}")
        return kill_builds(houses[job], shops, ready, share, chance)

    parts = (
        ("publish", of_publishes, publishes),
        ("build", of_builds, trials - publishes),
    )
    for name, run, count in parts:
        shares = [count // jobs + (job < count % jobs) for job in range(jobs)]
        yield name, in_turn(run, shares)


def kill_every_step(folder: Path, ready: Ready, jobs: int) -> Tally:
    """Kill a publish at each of its steps, one after the other."""
    houses = [House(folder / f"house{job}") for job in range(jobs)]
    steps = range(1, count_steps(houses[0], ready) + 1)

    def at_steps(job: int, _share: int) -> Tally:
        return kill_steps(houses[job], ready, steps[job::jobs])

    return in_turn(at_steps, [0] * jobs)


def in_turn(run: Callable[[int, int], Tally], shares: list[int]) -> Tally:
    """Run the shares of all jobs at a time, and add up what they tell."""
    total = Tally()
    with ThreadPoolExecutor(len(shares)) as pool:
        for tally in pool.map(run, range(len(shares)), shares):
            total.add(tally)
    return total


def time_publish(house: House, ready: Ready) -> float:
    """Seconds of one publish of B over A."""
    stage(house, ready)
    began = time.monotonic()
    must_succeed(house.publish(), "the publish that is timed")
    return time.monotonic() - began
