"""What was measured, as the tables of RESULTS.md; targets are judged here."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from speed_measure import Reading, Spread, spread_of
from speed_questions import CONTENDERS, QUESTIONS
from speed_run import SizeResult, ratios_to

# Comments that no renderer shows; the pages of the docs show those of HTML.
BEGIN = "[//]: # (From here on written by benchmarks/speed.py.)"
END = "[//]: # (Until here.)"
# The size that targets are for, and what is wanted there besides the ratios and
# memory of speed_questions.py.
TARGET_CUSTOMERS = 1_000_000
WANTED_MARTS_RATIO = 3.0
WANTED_MARTS_PEAK_MB = 4096.0
WANTED_GROWTH = 11.0
# How many times the CPU seconds of ours a contender takes, at least.
WANTED_LEAD = {"spine": 2.0, "pandas": 2.0, "polars": 1.0}


class ReportError(Exception):
    """Why the tables cannot be put into a file."""


@dataclass(frozen=True)
class Verdict:
    """A target, what was measured, and whether that is met."""

    target: str
    wanted: float
    measured: Spread
    # Whether more is better, as with a lead.
    is_least: bool = False
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        """Judged by the median."""
        if self.is_least:
            return self.measured.median >= self.wanted
        return self.measured.median <= self.wanted


def judge(results: Sequence[SizeResult]) -> list[Verdict]:
    """All targets, at the largest size that was measured; growth to it."""
    largest = results[-1]
    verdicts = []
    for name, question in QUESTIONS.items():
        readings = largest.questions[name]
        ours = readings["ours"]
        if question.wanted_ratio is not None:
            ratio = spread_of(ratios_to(readings["floor"], ours))
            verdicts.append(
                Verdict(f"{question.title}, × floor", question.wanted_ratio, ratio)
            )
        if question.wanted_peak_mb is not None:
            peak = spread_of([one.peak_mb for one in ours])
            target = f"{question.title}, peak memory"
            verdicts.append(Verdict(target, question.wanted_peak_mb, peak, unit="MB"))
        for other, lead in WANTED_LEAD.items():
            if other in readings:
                measured = spread_of(ratios_to(ours, readings[other]))
                target = f"{question.title}, {other} × ours"
                verdicts.append(Verdict(target, lead, measured, is_least=True))
    for target, builds in _ways(largest).items():
        cpu = [_cpu(pair) / _floors(largest) for pair in builds]
        verdicts.append(
            Verdict(f"{target}, × sum of floors", WANTED_MARTS_RATIO, spread_of(cpu))
        )
        peaks = spread_of([max(one.peak_mb for one in pair) for pair in builds])
        verdicts.append(
            Verdict(f"{target}, peak memory", WANTED_MARTS_PEAK_MB, peaks, unit="MB")
        )
    return verdicts + _judge_growth(results)


def _judge_growth(results: Sequence[SizeResult]) -> list[Verdict]:
    """To the largest size from a tenth of it; none where that was not measured."""
    larger = results[-1]
    smaller = {one.customers: one for one in results}.get(larger.customers // 10)
    if smaller is None:
        return []
    growths = {
        question.title: ratios_to(
            smaller.questions[name]["ours"], larger.questions[name]["ours"]
        )
        for name, question in QUESTIONS.items()
    }
    growths["dbt build"] = ratios_to(smaller.whole.models, larger.whole.models)
    step = f"from {smaller.customers:,} to {larger.customers:,}"
    return [
        Verdict(f"{title}, growth {step}", WANTED_GROWTH, spread_of(growth))
        for title, growth in growths.items()
    ]


def _ways(result: SizeResult) -> dict[str, list[tuple[Reading, Reading]]]:
    whole = result.whole
    return {
        "all marts to the published file, data tests too": list(
            zip(whole.with_tests, whole.publish, strict=True)
        ),
        "all marts to the published file, models alone": list(
            zip(whole.models, whole.publish, strict=True)
        ),
    }


def _cpu(readings: Iterable[Reading]) -> float:
    return sum(one.cpu_seconds for one in readings)


def _floors(result: SizeResult) -> float:
    """The sum of the marts' median floors, in CPU seconds."""
    return sum(
        spread_of([one.cpu_seconds for one in readings]).median
        for readings in result.whole.floors.values()
    )


def describe_machine() -> str:
    """Cores, memory and versions, as one sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = ("duckdb", "polars", "pandas", "pyarrow", "dbt-core", "dbt-duckdb")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Measured on {len(os.sched_getaffinity(0))} cores ({_processor()}) with "
        f"{memory:.0f} GB of memory, load {os.getloadavg()[0]:.1f} at the end; "
        f"{platform.system()}, Python {platform.python_version()}, {versions}; "
        "threads as each library chooses by itself."
    )


def _processor() -> str:
    """The model of the processor, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def write_tables(machine: str, results: Sequence[SizeResult], plot: str) -> str:
    """The generated part of RESULTS.md, as Markdown.

    Args:
        machine: what describe_machine said.
        results: by size, smallest first.
        plot: the plot's path from RESULTS.md.
    """
    sizes = ", ".join(f"{one.customers:,}" for one in results)
    parts = [
        machine,
        f"Customers: {sizes}. A figure is the median of the repeats, with the lowest "
        "and the highest; ratios are taken within a repeat. All answers to a "
        "question were equal, row by row in their checksums, or there would be no "
        "figure.",
        "### Targets",
        _targets(results),
        f"![CPU seconds by customers]({plot})",
    ]
    for result in results:
        parts += [f"### {result.customers:,} customers", _rows_of(result)]
        parts += [_whole_table(result), _questions_table(result)]
    return "\n\n".join(parts) + "\n"


def _targets(results: Sequence[SizeResult]) -> str:
    customers = results[-1].customers
    of_size = f"Measured at {customers:,} customers"
    if customers != TARGET_CUSTOMERS:
        of_size += f"; the targets are for {TARGET_CUSTOMERS:,}"
    rows = [
        (
            one.target,
            f"{'at least' if one.is_least else 'at most'} {one.wanted:g} {one.unit}",
            f"{_figure(one.measured)} {one.unit}",
            "met" if one.is_met else "**not met**",
        )
        for one in judge(results)
    ]
    return f"{of_size}.\n\n" + table(("target", "wanted", "measured", ""), rows)


def _rows_of(result: SizeResult) -> str:
    rows = ", ".join(f"{rows:,} {name}" for name, rows in result.rows.items())
    return f"Rows of the input: {rows.replace('_', ' ')}."


def _whole_table(result: SizeResult) -> str:
    steps = {
        "dbt build, models, seeds, snapshots": result.whole.models,
        "dbt build with data tests": result.whole.with_tests,
        "perennial publish": result.whole.publish,
    }
    rows = [(step, *_costs(readings)) for step, readings in steps.items()]
    floors = f"{_floors(result):.2f}"
    rows.append((f"sum of the floors of {len(result.whole.floors)} marts", floors))
    return table(("whole", "CPU s", "wall s", "peak MB"), rows)


def _questions_table(result: SizeResult) -> str:
    rows = []
    for name, readings in result.questions.items():
        for contender in CONTENDERS:
            if contender in readings:
                mine = readings[contender]
                rows.append(
                    (
                        QUESTIONS[name].title if contender == "ours" else "",
                        contender,
                        *_costs(mine),
                        _figure(spread_of(ratios_to(readings["floor"], mine))),
                        _figure(spread_of(ratios_to(readings["ours"], mine))),
                    )
                )
    heads = ("question", "by", "CPU s", "wall s", "peak MB", "× floor", "× ours")
    return table(heads, rows)


def _costs(readings: Sequence[Reading]) -> tuple[str, str, str]:
    """CPU and wall seconds and peak MB, each as a figure."""
    return (
        _figure(spread_of([one.cpu_seconds for one in readings])),
        _figure(spread_of([one.wall_seconds for one in readings])),
        _figure(spread_of([one.peak_mb for one in readings]), digits=0),
    )


def _figure(spread: Spread, digits: int = 2) -> str:
    """Median (lowest–highest)."""
    low, high = (f"{one:,.{digits}f}" for one in (spread.low, spread.high))
    return f"{spread.median:,.{digits}f} ({low}–{high})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; rows that are too short end in empty cells."""
    lines = [heads, ["---"] * len(heads)]
    lines += [[*row, *[""] * (len(heads) - len(row))] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def put_between_markers(document: str, text: str) -> str:
    """The document with its generated part replaced.

    Raises:
        ReportError: the markers are not there, once each and in their order.
    """
    before, found, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended) or BEGIN in rest or END in after:
        raise ReportError(f"there has to be one {BEGIN} before one {END}")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"
