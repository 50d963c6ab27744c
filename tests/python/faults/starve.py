"""What machines do to builds: no room, no memory, no right, no time, no quiet.

Each case must end with exit code 1 and a few plain lines; the published file
stays as it is, byte for byte, and what comes after works again.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from faults.contents import BrokenPromiseError, digest, find_whole
from faults.houses import DBT, House, Outcome, ended, kill, members
from faults.kills import Ready, check_recovered, must_succeed, stage
from faults.limits import limit_file_size, obey_permissions, read_only, small_disk
from faults.shops import AS_OF

# What a failing command may say, without what dbt says of its inputs.
# A restatement lists up to twenty months.
MOST_LINES = 30
# Seconds in which a second build must have said that it will not begin.
LONGEST_AT_ONCE = 10
NO_ROOM = ("space|room|too large|full",)
# Somewhere among these the demo does not fit and can still be built: where, lies
# with what DuckDB happens to do at once. In the last one nothing can be built.
LITTLE = ("100MB", "90MB", "85MB", "80MB", "75MB")
TOO_SMALL = "4MB"


@dataclass(frozen=True)
class Scene:
    """Where a case takes place."""

    folder: Path
    shops: dict[str, Path]
    ready: Ready
    # Whether the builds that follow a failure are left out.
    is_short: bool = False

    def house(self) -> House:
        """A house in which A is published and B is in the input folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        house = House(self.folder / "house")
        house.restore(self.ready.saved["A"])
        house.bring(self.shops["B"])
        return house


# --- What every case must show ------------------------------------------------


@contextlib.contextmanager
def published_stays(house: House) -> Iterator[None]:
    """The published file is the same, byte for byte, after the block."""
    before = digest(house.published)
    yield
    if digest(house.published) != before:
        raise BrokenPromiseError("the published file has changed")
    if Path(f"{house.published}.wal").exists():
        raise BrokenPromiseError("a .wal stands beside the published file")


def must_fail(outcome: Outcome, *words: str) -> str:
    """The message of a command that failed as promised: its last lines."""
    text = outcome.text
    if outcome.returncode != 1:
        tail = " / ".join(text.splitlines()[-4:])
        raise BrokenPromiseError(f"exit code {outcome.returncode}, not 1: {tail}")
    if "Traceback" in text:
        raise BrokenPromiseError("a traceback: " + text.strip().splitlines()[-1])
    message = message_of(text)
    missing = [word for word in words if not re.search(word, message, re.IGNORECASE)]
    if missing:
        raise BrokenPromiseError(f"does not say {missing}: {message!r}")
    if len(message.splitlines()) > MOST_LINES:
        raise BrokenPromiseError(f"{len(message.splitlines())} lines: {message!r}")
    return message


def message_of(text: str) -> str:
    """What perennial says at the end; where that points up, the last lines."""
    lines = text.strip().splitlines()
    ours = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
    message = "\n".join(lines[ours[-1] :]) if ours else "above"
    return "\n".join(lines[-MOST_LINES:]) if "above" in message else message


def publish_recovers(house: House, ready: Ready, *options: str) -> None:
    """A publish of B works now."""
    must_succeed(house.publish(*options), "the publish that follows")
    check_recovered(house, ready.known, "B")


def build_recovers(house: House, scene: Scene, *but_for: str) -> None:
    """A build of B works now."""
    if not scene.is_short:
        must_succeed(house.build(), "the build that follows")
        check_recovered(house, scene.ready.known, "B", but_for)


# --- No room ------------------------------------------------------------------


def publish_on_a_full_disk(scene: Scene) -> str:
    """The disk has no room for a second published file."""
    house = scene.house()
    stage(house, scene.ready)
    with small_disk(scene.folder / "disk", "400M") as disk:
        if disk is None:
            return publish_beyond_the_limit(house, scene.ready)
        at_home = house.published
        shutil.copytree(at_home.parent, disk.seen, dirs_exist_ok=True)
        house.published = disk.seen / house.published.name
        house.enter = disk.enter
        house.told = {
            "PERENNIAL_PUBLISHED_FILE": str(disk.folder / house.published.name)
        }
        used = sum(f.stat().st_size for f in disk.seen.rglob("*") if f.is_file())
        # Room for half of the file.
        used += house.published.stat().st_size // 2
        disk.resize(f"{used // 1024}k")
        with published_stays(house):
            message = must_fail(house.publish(), *NO_ROOM)
        disk.resize("400M")
        must_succeed(house.publish(), "the publish that follows")
        # DuckDB cannot open what is seen through /proc.
        shutil.rmtree(at_home.parent)
        shutil.copytree(disk.seen, at_home.parent)
    house.published = at_home
    check_recovered(house, scene.ready.known, "B")
    return message


def publish_beyond_the_limit(house: House, ready: Ready) -> str:
    """Files may not grow beyond 1 MB: writing fails as on a full disk."""
    with published_stays(house):
        limited = functools.partial(limit_file_size, 2**20)
        message = must_fail(house.publish(before=limited), *NO_ROOM)
    publish_recovers(house, ready)
    return message


def build_on_a_full_disk(scene: Scene) -> str:
    """dbt meets a full disk in the middle of its tables."""
    house = scene.house()
    limited = functools.partial(limit_file_size, 2**20)
    with small_disk(scene.folder / "disk", "1M") as disk:
        house.told = {"PERENNIAL_WORK_FILE": str(scene.folder / "disk/work.duckdb")}
        house.enter = disk.enter if disk else ()
        with published_stays(house):
            outcome = house.build(before=None if disk else limited)
            message = must_fail(outcome, *NO_ROOM)
        house.told, house.enter = {}, ()
    build_recovers(house, scene)
    return message


# --- No memory ----------------------------------------------------------------


def build_in_little_memory(scene: Scene) -> str:
    """What does not fit spills to the disk; the numbers are the same."""
    spill = scene.folder / "spill"
    for limit in LITTLE:
        house = scene.house()
        with Watch(spill) as watch:
            outcome = house.build(
                PERENNIAL_MEMORY_LIMIT=limit, PERENNIAL_TEMP_DIRECTORY=str(spill)
            )
        must_succeed(outcome, f"the build in {limit}")
        check_recovered(house, scene.ready.known, "B")
        if watch.most:
            return f"{limit}: same numbers; {watch.most / 2**20:.1f} MB were spilled"
    raise BrokenPromiseError(f"nothing was spilled in {LITTLE[-1]}")


class Watch:
    """The most bytes that ever stood in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self) -> None:
        """Add up the files, again and again."""
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                sizes = [f.stat().st_size for f in self.folder.rglob("*.tmp")]
                self.most = max(self.most, sum(sizes))
            time.sleep(0.005)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.over.set()
        self.thread.join()


def build_in_no_memory(scene: Scene) -> str:
    """Too little even to spill: said in words."""
    house = scene.house()
    with published_stays(house):
        outcome = house.build(PERENNIAL_MEMORY_LIMIT=TOO_SMALL)
        message = must_fail(outcome, "memory")
    build_recovers(house, scene)
    return message


# --- No right -----------------------------------------------------------------


def publish_into_a_read_only_folder(scene: Scene) -> str:
    """The folder of the published file cannot be written."""
    house = scene.house()
    stage(house, scene.ready)
    with published_stays(house), read_only(house.published.parent):
        outcome = house.publish(before=obey_permissions)
        message = must_fail(outcome, "written|read-only|permission")
    publish_recovers(house, scene.ready)
    return message


def build_in_a_read_only_folder(scene: Scene) -> str:
    """The folder of the work file cannot be written."""
    house = scene.house()
    house.work.unlink()
    with published_stays(house), read_only(house.files):
        outcome = house.build(before=obey_permissions)
        message = must_fail(outcome, "written|read-only|permission")
    build_recovers(house, scene)
    return message


# --- No time ------------------------------------------------------------------


def build_before_the_last_one(scene: Scene) -> str:
    """The clock was set back: the history has a build of tomorrow."""
    house = scene.house()
    kept = house.history.read_bytes()
    with duckdb.connect(house.history) as connection:
        connection.execute(
            "update snapshots.snap_builds set told_at = told_at + interval 1 year"
        )
    with published_stays(house):
        message = must_fail(house.build(), "clock")
    house.history.write_bytes(kept)
    build_recovers(house, scene)
    return message


def publish_before_the_last_one(scene: Scene) -> str:
    """The clock was set back: what is published began after this build."""
    house = scene.house()
    stage(house, scene.ready)
    with duckdb.connect(house.published) as connection:
        connection.execute(
            "update marts.build_info set started_at = started_at + interval 1 year"
        )
    with published_stays(house):
        message = must_fail(house.publish(), "clock|later|before", "--accept-as-of")
    must_succeed(house.publish("--accept-as-of"), "the publish with --accept-as-of")
    if find_whole(house.published, scene.ready.known).name != "B":
        raise BrokenPromiseError("--accept-as-of has not published it")
    return message


# --- No quiet -----------------------------------------------------------------


def build_beside_a_build(scene: Scene) -> str:
    """The second build says so at once; the first one is not disturbed."""
    house = scene.house()
    first = house.start(*house.building())
    printed = house.last_output
    with ended(first):
        wait_for_lock(house)
        with published_stays(house):
            began = time.monotonic()
            message = must_fail(house.build(), "another|already")
            seconds = time.monotonic() - began
            must_fail(house.publish(), "another|already")
            if seconds > LONGEST_AT_ONCE or first.poll() is not None:
                raise BrokenPromiseError(f"the second build took {seconds:.1f} s")
        first.wait(timeout=600)
        must_succeed(
            Outcome(first.returncode, printed.read_text()), "the build that was first"
        )
    check_recovered(house, scene.ready.known, "B")
    return f"{message} (after {seconds:.1f} s)"


def wait_for_lock(house: House) -> None:
    """Wait until a command holds the lock."""
    lock = FileLock(f"{house.published}.lock", timeout=0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with lock:
                pass
        except Timeout:
            return
        time.sleep(0.05)
    raise BrokenPromiseError("the first build never took the lock")


def build_twice_by_hand(scene: Scene) -> str:
    """Two `dbt build` at once, without perennial: one is refused the work file.

    By DuckDB, in its words, and with the exit code dbt has for them: nothing of
    ours runs before dbt opens the file. The other is as good as alone.
    """
    house = scene.house()
    variables = {
        "input_path": str(house.input),
        "as_of_date": AS_OF.isoformat(),
        "history_name": "shop",
    }
    by_hand = (
        *(*DBT, "build", "--vars", json.dumps(variables)),
        *("--exclude-resource-type", "unit_test"),
    )
    outcomes = []
    with contextlib.ExitStack() as running, published_stays(house):
        processes = []
        for number in range(2):
            apart = {"DBT_TARGET_PATH": str(house.folder / f"target{number}")}
            process = house.start(*by_hand, **apart)
            running.enter_context(ended(process))
            processes.append((process, house.last_output))
        for process, printed in processes:
            process.wait(timeout=900)
            outcomes.append(Outcome(process.returncode, printed.read_text()))
    failed = [outcome for outcome in outcomes if outcome.returncode != 0]
    if len(failed) != 1:
        raise BrokenPromiseError(f"{len(failed)} of two builds by hand failed")
    refusal = [line for line in failed[0].text.splitlines() if "lock on" in line]
    if not refusal:
        raise BrokenPromiseError(f"no word of a lock: {message_of(failed[0].text)}")
    publish_recovers(house, scene.ready)
    return refusal[0].strip()


def build_after_the_parent(scene: Scene) -> str:
    """Only `perennial` is killed: the dbt that it started ends by itself."""
    house = scene.house()
    process = house.start(*house.building())
    with ended(process):
        wait_for_lock(house)
        time.sleep(scene.ready.seconds * 0.6)
        kill(process, alone=True)
        build_recovers(house, scene)
        left = members(process.pid)
    if left:
        raise BrokenPromiseError(f"{len(left)} processes outlived perennial")
    return "the next build, at once, works"


# --- No whole input -----------------------------------------------------------


def build_half_the_orders(scene: Scene) -> str:
    """The orders file is cut in half, in the middle of a line.

    What names the other half stops the build; without that, the publish stops.
    """
    house = scene.house()
    halve_orders(house)
    with published_stays(house):
        message = must_fail(house.build(), "Is orders whole")
        (house.input / "order_items.csv").unlink()
        message += "\n" + must_fail(house.build(), "orders shrunk from")
    house.bring(scene.shops["B"])
    # The log keeps what was built of the half and never published.
    build_recovers(house, scene, "rpt_restatements")
    return message


def halve_orders(house: House) -> None:
    """Leave the first half of the bytes of the orders that were brought."""
    orders = house.input / "orders.csv"
    with orders.open("r+b") as file:
        file.truncate(orders.stat().st_size // 2)


CASES: dict[str, Callable[[Scene], str]] = {
    "disk full, publish": publish_on_a_full_disk,
    "disk full, build": build_on_a_full_disk,
    "little memory": build_in_little_memory,
    "too little memory": build_in_no_memory,
    "read-only folder, publish": publish_into_a_read_only_folder,
    "read-only folder, build": build_in_a_read_only_folder,
    "clock set back, build": build_before_the_last_one,
    "clock set back, publish": publish_before_the_last_one,
    "two builds": build_beside_a_build,
    "two builds by hand": build_twice_by_hand,
    "perennial killed, dbt not": build_after_the_parent,
    "half the orders": build_half_the_orders,
}


def run_case(name: str, scene: Scene) -> tuple[bool, str]:
    """Whether what was promised holds, and the message or what was broken."""
    try:
        return True, CASES[name](scene)
    except BrokenPromiseError as broken:
        return False, str(broken)
