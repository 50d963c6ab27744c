"""Measure the models' speed and memory, beside what users would pick instead.

Worlds of worlds.py are built, published and taken apart into questions, which
the models, a scan that writes the same table (the floor), a month spine, pandas
and polars answer from the same files. The tables go into RESULTS.md, with a
plot of growth. With --profile instead: where the models' time goes.

Predicted lifetime value against `lifetimes` is measured by clv.py.

Example: python benchmarks/speed.py --customers 10000 100000 --repeats 3
"""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from speed_build import measure_whole
from speed_checksum import ChecksumError
from speed_measure import ChildError
from speed_plot import draw_growth
from speed_profile import profile
from speed_questions import QUESTIONS
from speed_report import (
    ReportError,
    describe_machine,
    put_between_markers,
    write_tables,
)
from speed_run import (
    SizeResult,
    measure_question,
    prepare_questions,
    take_out,
    write_input,
)

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks/RESULTS.md"
PLOT = PROJECT / "docs/plots/speed_growth.svg"


def measure_size(
    customers: int, scratch: Path, repeats: int, build_repeats: int
) -> SizeResult:
    """Measure all there is with so many customers, in an emptied folder."""
    shutil.rmtree(scratch, ignore_errors=True)
    say(f"{customers:,} customers: input")
    rows = write_input(customers, scratch / "input")
    say(f"{customers:,} customers: dbt build and publish, {build_repeats} of each")
    whole = measure_whole(scratch / "input", scratch, build_repeats)
    folder = scratch / "questions"
    take_out(scratch / "build", folder)
    questions = {}
    for question in QUESTIONS:
        say(f"{customers:,} customers: {QUESTIONS[question].title}")
        questions[question] = measure_question(question, folder, repeats)
    return SizeResult(customers, rows, whole, questions)


def say(text: str) -> None:
    """Tell how far it is, apart from what is printed as a result."""
    print(text, file=sys.stderr, flush=True)


def write_results(results: list[SizeResult], document: Path, plot: Path) -> None:
    """Write the plot, and the tables into their place in the document."""
    draw_growth(results, plot)
    link = os.path.relpath(plot, document.parent)
    text = write_tables(describe_machine(), results, link)
    written = put_between_markers(document.read_text(encoding="utf-8"), text)
    document.write_text(written, encoding="utf-8")
    print(text)


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=3, help="of each question")
    parser.add_argument(
        "--build-repeats", type=int, default=1, help="of whole builds and floors"
    )
    parser.add_argument(
        "--profile", choices=QUESTIONS, help="print EXPLAIN ANALYZE of ours instead"
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--plot", type=Path, default=PLOT)
    parser.add_argument(
        "--scratch", type=Path, help="a folder that is kept, for the next --profile"
    )
    arguments = parser.parse_args()
    sizes = sorted(set(arguments.customers))
    try:
        with _folder(arguments.scratch) as folder:
            if arguments.profile:
                for customers in sizes:
                    scratch = Path(folder) / str(customers)
                    print(f"{customers:,} customers")
                    questions = prepare_questions(customers, scratch)
                    print(profile(arguments.profile, questions))
                return 0
            results = [
                measure_size(
                    customers,
                    Path(folder) / str(customers),
                    arguments.repeats,
                    arguments.build_repeats,
                )
                for customers in sizes
            ]
            write_results(results, arguments.results, arguments.plot)
    except (ChildError, ChecksumError, ReportError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _folder(scratch: Path | None) -> AbstractContextManager[str | Path]:
    return nullcontext(scratch.resolve()) if scratch else tempfile.TemporaryDirectory()


if __name__ == "__main__":
    sys.exit(main())
