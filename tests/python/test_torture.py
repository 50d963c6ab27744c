"""The short form of `make torture`: kills, readers and starved machines.

Most of it is publishing of ready work files, which are one build of the demo
under several names: a publish takes a second where a build takes thirty.
"""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import duckdb
import pytest
from faults.contents import BrokenPromiseError, digest, find_whole, read_contents
from faults.houses import House, ended, kill
from faults.kills import (
    Ready,
    check_left,
    check_recovered,
    count_steps,
    kill_steps,
    must_succeed,
)
from faults.readers import hold_through, publishing, read_while
from faults.shops import write_shops
from faults.starve import (
    CASES,
    Scene,
    halve_orders,
    must_fail,
    published_stays,
    run_case,
    wait_for_lock,
)
from faults.versions import write_version

SEED = 6
VERSIONS = 6
STEPS = 8
# Those that need no whole build: the long form has all of them.
SHORT = [
    "disk full, publish",
    "disk full, build",
    "too little memory",
    "read-only folder, publish",
    "read-only folder, build",
    "clock set back, build",
    "clock set back, publish",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torture")


@pytest.fixture(scope="module")
def shops(folder: Path) -> dict[str, Path]:
    return write_shops(folder / "shops")


@pytest.fixture(scope="module")
def versions(folder: Path, demo_scratch: Path) -> list[Path]:
    """Work files of builds that began one after the other."""
    files = []
    for number in range(1, VERSIONS + 1):
        files.append(folder / f"work{number}.duckdb")
        write_version(number, demo_scratch / "work.duckdb", files[-1])
    return files


@pytest.fixture(scope="module")
def ready(folder: Path, demo_scratch: Path, versions: list[Path]) -> Ready:
    """The first two versions, published one after the other."""
    house = House(folder / "clean")
    shutil.copyfile(demo_scratch / "history.duckdb", house.history)
    known, saved = {}, {}
    for name, file in zip("AB", versions, strict=False):
        shutil.copyfile(file, house.work)
        must_succeed(house.publish(), f"the publish of {name}")
        known[name] = read_contents(house.published)
        saved[name] = house.save(folder / "ready" / name)
    return Ready(known, saved, seconds=30)


def test_two_versions_differ_in_every_mart_that_the_audits_do_not_compare(
    ready: Ready,
) -> None:
    a, b = ready.known["A"], ready.known["B"]
    alike = {mart for mart in a if a[mart] == b[mart]}
    assert alike <= {
        "build_info",
        "rpt_closed_months",
        "rpt_input_reconciliation",
        "rpt_restatements",
    }


def test_a_file_of_two_builds_does_not_pass_for_a_whole_one(
    ready: Ready, folder: Path
) -> None:
    mixed = folder / "mixed.duckdb"
    shutil.copyfile(ready.saved["A"] / "public/published.duckdb", mixed)
    with duckdb.connect(mixed) as connection:
        connection.execute(f"attach '{ready.saved['B'] / 'work.duckdb'}' as b")
        connection.execute("delete from marts.dim_products")
        connection.execute("insert into marts.dim_products from b.marts.dim_products")
    with pytest.raises(BrokenPromiseError, match="30 of 31 marts are those of A"):
        find_whole(mixed, ready.known)


def test_a_publish_killed_at_any_step_leaves_a_whole_file_and_recovers(
    ready: Ready, folder: Path
) -> None:
    house = House(folder / "killed")
    steps = count_steps(house, ready)
    assert steps > 50
    # The last ones are those around the replace.
    chosen = random.Random(SEED).sample(range(1, steps - 12), STEPS // 2)
    chosen += random.Random(SEED).sample(range(steps - 12, steps + 1), STEPS // 2)
    tally = kill_steps(house, ready, sorted(chosen))
    assert tally.broken == []
    assert tally.whole == tally.recovered == STEPS
    assert tally.fell["after the end"] == 0


def test_readers_never_fail_nor_see_two_builds_on_one_page(
    ready: Ready, folder: Path, versions: list[Path]
) -> None:
    house = House(folder / "read")
    house.restore(ready.saved["A"])
    right, wrong = read_while(house, publishing(house, versions[1:]))
    assert (right.failed, right.mixed) == (0, 0), right.errors
    assert wrong.failed == 0, wrong.errors
    assert right.pages > 100
    assert len(right.versions) == VERSIONS


def test_an_open_reader_keeps_its_build_and_a_new_one_sees_the_new(
    ready: Ready, folder: Path, versions: list[Path]
) -> None:
    house = House(folder / "held")
    house.restore(ready.saved["A"])
    hold_through(house, *publishing(house, versions[1:2]))


@pytest.mark.parametrize("case", SHORT)
def test_a_starved_machine_says_so_and_the_published_file_stays(
    case: str, ready: Ready, folder: Path, shops: dict[str, Path]
) -> None:
    assert case in CASES
    scene = Scene(folder / "starved", shops, ready, is_short=True)
    holds, message = run_case(case, scene)
    assert holds, message


@pytest.fixture(scope="module")
def recovered(ready: Ready, folder: Path, shops: dict[str, Path]) -> House:
    """A house in which a build was killed, and then one came to its end."""
    house = House(folder / "starved/house")
    house.restore(ready.saved["A"])
    house.bring(shops["A"])
    before, inode = digest(house.published), house.published.stat().st_ino
    seconds = random.Random(SEED).uniform(4, 12)

    first = house.start(*house.building())
    with ended(first):
        wait_for_lock(house)
        began = time.monotonic()
        must_fail(house.build(), "another")
        time.sleep(max(0, seconds - (time.monotonic() - began)))
        assert first.poll() is None
        kill(first)
    check_left(house, ready.known, before, inode)

    must_succeed(house.build(), "the build after the kill")
    return house


def test_after_a_killed_build_the_next_one_is_published(
    recovered: House, ready: Ready
) -> None:
    built = read_contents(recovered.published)
    check_recovered(recovered, ready.known | {"new": built}, "new")
    as_built = read_contents(recovered.work)
    assert built == as_built


def test_half_of_the_orders_is_not_published(recovered: House) -> None:
    halve_orders(recovered)
    (recovered.input / "order_items.csv").unlink()
    with published_stays(recovered):
        must_fail(recovered.build(), "orders shrunk from")
