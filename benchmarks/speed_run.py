"""Run contenders on questions, side by side, each run in a process of its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_build import MODELS_ONLY, Whole, build
from speed_checksum import Checksums, require_equal
from speed_inputs import RELATIONS, answer_of
from speed_measure import Reading, measure
from speed_questions import CONTENDERS, QUESTIONS, WITHOUT_SPINE

# Question -> contender -> one reading for each repeat.
Readings = dict[str, dict[str, list[Reading]]]


@dataclass(frozen=True)
class SizeResult:
    """All that was measured with so many customers."""

    customers: int
    # Input table -> rows.
    rows: dict[str, int]
    whole: Whole
    questions: Readings


def write_input(customers: int, folder: Path) -> dict[str, int]:
    """Write a world of worlds.py; table -> rows."""
    _, said = measure(
        (
            "benchmarks/worlds.py",
            *("--customers", str(customers), "--output", str(folder)),
        )
    )
    return {
        table: int(rows.replace(",", ""))
        for table, rows in (line.split() for line in said.splitlines())
    }


def take_out(build_folder: Path, folder: Path) -> None:
    """Copy typed tables and compiled models out of a build."""
    measure(("benchmarks/speed_inputs.py", str(build_folder), str(folder)))


def prepare_questions(customers: int, scratch: Path) -> Path:
    """Build only what the questions need; their folder, reused if it is there."""
    folder = scratch / "questions"
    if not (folder / RELATIONS).exists():
        world = scratch / "input"
        write_input(customers, world)
        models = {f"+{name}" for one in QUESTIONS.values() for name in one.models}
        selected = ("--select", *sorted(models))
        build(world, scratch / "build", *MODELS_ONLY, *selected)
        take_out(scratch / "build", folder)
    return folder


def contenders_of(question: str, wanted: Sequence[str] = CONTENDERS) -> list[str]:
    """Who answers a question, ours first: the others are held against it."""
    return [
        one
        for one in CONTENDERS
        if one in wanted and not (one == "spine" and question in WITHOUT_SPINE)
    ]


def measure_question(
    question: str, folder: Path, repeats: int, wanted: Sequence[str] = CONTENDERS
) -> dict[str, list[Reading]]:
    """Answer a question so many times with each contender, taking turns.

    Args:
        question: a key of QUESTIONS.
        folder: typed tables and models.
        repeats: how many times.
        wanted: of CONTENDERS; all are held against what `ours` answers.

    Returns:
        Contender -> its readings.

    Raises:
        ChecksumError: one of them has not the same rows as ours.
    """
    # Once without being counted: files are read from disk, and the floor gets
    # the answer that it writes.
    answer("ours", question, folder)
    (expected,) = take_checksums(["ours"], folder, answer_of(folder, question))
    contenders = contenders_of(question, wanted)
    readings: dict[str, list[Reading]] = {contender: [] for contender in contenders}
    for _ in range(repeats):
        for contender in contenders:
            readings[contender].append(answer(contender, question, folder))
        found = take_checksums(contenders, folder)
        for contender, theirs in zip(contenders, found, strict=True):
            require_equal(question, contender, theirs, expected)
    return readings


def _result_of(contender: str, folder: Path) -> Path:
    return folder / f"result_{contender}.duckdb"


def answer(contender: str, question: str, folder: Path) -> Reading:
    """Answer once, into a file that take_checksums reads and removes."""
    result = _result_of(contender, folder)
    result.unlink(missing_ok=True)
    reading, _ = measure(
        ("benchmarks/speed_once.py", contender, question, str(folder), str(result))
    )
    return reading


def take_checksums(
    contenders: Sequence[str], folder: Path, copy: Path | None = None
) -> list[Checksums]:
    """What the last answers of some contenders hold; their files are removed.

    Args:
        contenders: who.
        folder: typed tables and models.
        copy: a Parquet file to which the first answer is copied.
    """
    files = [_result_of(contender, folder) for contender in contenders]
    copied = ("--copy", str(copy)) if copy else ()
    _, said = measure(("benchmarks/speed_checksum.py", *map(str, files), *copied))
    for file in files:
        file.unlink()
    return [Checksums(**one) for one in json.loads(said)]


def ratios_to(base: Sequence[Reading], readings: Sequence[Reading]) -> list[float]:
    """CPU seconds as multiples of those of another contender's run beside it."""
    return [
        one.cpu_seconds / other.cpu_seconds
        for one, other in zip(readings, base, strict=True)
    ]
