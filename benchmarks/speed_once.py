"""Answer one question with one contender, once: a process that is measured.

Example: python benchmarks/speed_once.py polars cohorts folder result.duckdb
"""

import argparse
import importlib
from pathlib import Path

from speed_measure import say_work_begins
from speed_questions import CONTENDERS, QUESTIONS

MODULES = {"pandas": "speed_pandas", "polars": "speed_polars"}


def main() -> None:
    """Import what the contender needs, say so, and run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("folder", type=Path, help="typed tables and models")
    parser.add_argument("result", type=Path, help="a database file that is not there")
    arguments = parser.parse_args()
    module = importlib.import_module(MODULES.get(arguments.contender, "speed_duckdb"))
    say_work_begins()
    module.run(
        arguments.contender, arguments.question, arguments.folder, arguments.result
    )


if __name__ == "__main__":
    main()
