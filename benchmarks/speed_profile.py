"""Where the project's own models spend their time: EXPLAIN ANALYZE of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from speed_duckdb import opened, prepare_ours
from speed_inputs import model_sql, relations
from speed_questions import QUESTIONS

_WIDTH = 120
# What every plan has and no query can change.
_OUTER = ("RESULT_COLLECTOR", "EXPLAIN_ANALYZE")
_ESTIMATE = "Estimated Cardinality"


def profile(question: str, folder: Path) -> str:
    """Run the models of a question on its typed tables; their plans with times.

    An operator a line, below the one that it feeds: milliseconds, waits
    included and summed over threads, the rows that it gave, and what it does.

    Args:
        question: a key of QUESTIONS.
        folder: typed tables and models; a work file is written here and removed.
    """
    names = relations(folder)
    file = folder / "profile.duckdb"
    file.unlink(missing_ok=True)
    lines = []
    with opened(file) as connection:
        prepare_ours(connection, question, folder)
        for model in QUESTIONS[question].models:
            sql = model_sql(folder, model)
            ((_, plan),) = connection.execute(
                f"explain (analyze, format json) {sql}"
            ).fetchall()
            lines += [f"\n{model}", f"{'ms':>9} {'rows':>12}"]
            for operator in json.loads(plan)["operator"]:
                lines += _lines_of(operator, 0)
            connection.execute(f"create table {names[model]} as {sql}")
    file.unlink()
    return "\n".join(lines)


def _lines_of(operator: dict[str, Any], depth: int) -> Iterator[str]:
    if operator["type"] not in _OUTER:
        details = "; ".join(
            ", ".join(value) if isinstance(value, list) else str(value)
            for name, value in operator["extra_info"].items()
            if name != _ESTIMATE
        )
        yield (
            f"{1000 * operator['timing']:9.1f} {operator['intermediate_rows']:12,} "
            f"{'  ' * depth}{operator['type']} {' '.join(details.split())}"
        )[:_WIDTH]
        depth += 1
    for child in operator.get("children", []):
        yield from _lines_of(child, depth)
