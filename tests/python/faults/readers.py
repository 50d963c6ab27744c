"""Many readers while builds are published: nobody fails, no page is mixed.

A page is what a dashboard shows at one time: four marts. The recipe is one
read-only connection per page. A page is mixed when its four answers are not
those of one build.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from faults.contents import BrokenPromiseError, read_mart
from faults.houses import House
from faults.kills import must_succeed

MARTS = ("rpt_mrr_monthly", "fct_customer_lifetime_value", "rpt_segment_value")
READERS = 8
# The time between two pages, and between two questions of one page.
PAUSE, THINKING = 0.02, 0.005

# The build's id, and what each mart answered.
Page = tuple[str, ...]
# Pages read so, and the first errors.
Reading = tuple[list[Page], list[str]]


@dataclass
class Counts:
    """What readers saw."""

    pages: int = 0
    failed: int = 0
    mixed: int = 0
    versions: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The figures in one line."""
        return (
            f"{self.pages} pages of {len(MARTS) + 1} reads, {self.failed} failed, "
            f"{self.mixed} mixed, {len(self.versions)} builds seen"
        )


def read_page(file: Path) -> Page:
    """One page by the recipe: one connection, opened and closed."""
    with duckdb.connect(file, read_only=True) as connection:
        return ask_all(lambda: connection)


def read_page_apart(file: Path) -> Page:
    """One page by the wrong recipe: each question opens the file anew."""
    return ask_all(lambda: duckdb.connect(file, read_only=True), closing=True)


def ask_all(
    connect: Callable[[], duckdb.DuckDBPyConnection], closing: bool = False
) -> Page:
    """The answers of a page, build_info first."""
    answers = []
    for mart in ("build_info", *MARTS):
        connection = connect()
        if mart == "build_info":
            rows = connection.execute("select build_id from marts.build_info")
            answers.append(str(rows.fetchone()[0]))
        else:
            answers.append(read_mart(connection, mart))
        if closing:
            connection.close()
        time.sleep(THINKING)
    return tuple(answers)


def keep_reading(file: Path, apart: bool, stop: Any, told: Any) -> None:
    """A reader's process: pages until it is told to stop, or nobody is there to."""
    parent = multiprocessing.parent_process()
    read = read_page_apart if apart else read_page
    pages: list[Page] = []
    errors: list[str] = []
    while not stop.is_set() and parent.is_alive():
        try:
            pages.append(read(file))
        except duckdb.Error as error:
            errors.append(str(error).splitlines()[0])
        time.sleep(PAUSE)
    told.put((apart, pages, errors))


def read_while(
    house: House, publish: Iterable[Callable[[], None]], apart: int = 2
) -> tuple[Counts, Counts]:
    """Readers of both recipes, from before the first step to after the last.

    Each step publishes something. Returns the counts of the recipe and of the
    wrong one, of which `apart` readers read.
    """
    # A fork would share what DuckDB has open here.
    context = multiprocessing.get_context("spawn")
    stop, told = context.Event(), context.Queue()
    readers = [
        context.Process(
            target=keep_reading, args=(house.published, number >= READERS, stop, told)
        )
        for number in range(READERS + apart)
    ]
    for reader in readers:
        reader.start()
    try:
        expected = dict([expect(house.published)])
        for step in publish:
            step()
            expected.update([expect(house.published)])
            time.sleep(0.3)
    finally:
        stop.set()
        readings = [told.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join()
    together, one_by_one = Counts(), Counts()
    for was_apart, pages, errors in readings:
        count(one_by_one if was_apart else together, pages, errors, expected)
    return together, one_by_one


def expect(file: Path) -> tuple[str, Page]:
    """What a page of this build must look like."""
    page = read_page(file)
    return page[0], page


def count(
    counts: Counts, pages: list[Page], errors: list[str], expected: dict[str, Page]
) -> None:
    """Sort pages into whole and mixed."""
    counts.pages += len(pages) + len(errors)
    counts.failed += len(errors)
    counts.errors += errors[:1]
    for page in pages:
        counts.versions.add(page[0])
        counts.mixed += page != expected.get(page[0])


def hold_through(house: House, publish: Callable[[], None]) -> None:
    """A reader that stays open sees its build; a new one sees the new one.

    Raises BrokenPromiseError where it is otherwise.
    """
    old = read_page(house.published)
    with duckdb.connect(house.published, read_only=True) as held:
        # Its marts are still on the disk alone: no answer comes from memory.
        held.execute("select build_id from marts.build_info").fetchall()
        publish()
        if ask_all(lambda: held) != old:
            raise BrokenPromiseError("a reader that stays open saw its marts change")
    if read_page(house.published)[0] == old[0]:
        raise BrokenPromiseError("a reader that came after sees the old build")


def publishing(
    house: House, work_files: Iterable[Path]
) -> Iterable[Callable[[], None]]:
    """Steps that publish one ready work file each."""

    def publish(work_file: Path) -> None:
        house.work.write_bytes(work_file.read_bytes())
        must_succeed(house.publish(), f"the publish of {work_file.name}")

    return [lambda file=file: publish(file) for file in work_files]


def building(
    house: House, shops: dict[str, Path], builds: int
) -> Iterable[Callable[[], None]]:
    """Steps that build A and B in turn."""

    def build(name: str) -> None:
        house.bring(shops[name])
        must_succeed(house.build(), f"the build of {name}")

    return [lambda name="BA"[n % 2]: build(name) for n in range(builds)]
