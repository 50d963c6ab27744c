"""The long table of everything fitted, collected piece by piece."""

from __future__ import annotations

import numpy as np

TEXTS = (
    "cut_name",
    "model_name",
    "plan_id",
    "term_name",
    "output_name",
    "item_name",
    "note",
)
INTEGERS = ("frequency", "position")
DOUBLES = ("argument", "level", "value", "standard_error")
# As in the table int_clv_models_fitted.
COLUMNS = (*TEXTS[:6], *INTEGERS, *DOUBLES, "note")


class Rows:
    """Rows of int_clv_models_fitted; what is not given is null."""

    def __init__(self) -> None:
        self._parts: list[dict[str, np.ndarray]] = []

    def add(self, **columns: object) -> None:
        """Add rows: each column one value for all of them, or an array (n,).

        All values alone make one row. A number that is not finite is null.
        Raises TypeError for an unknown column, ValueError where the lengths
        differ.
        """
        unknown = set(columns) - set(COLUMNS)
        if unknown:
            raise TypeError(f"no such column: {', '.join(sorted(unknown))}")
        part = {
            name: np.asarray(value, object if name in TEXTS else float)
            for name, value in columns.items()
        }
        lengths = {column.shape for column in part.values() if column.ndim}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        shape = lengths.pop() if lengths else (1,)
        self._parts.append(
            {
                name: np.broadcast_to(part.get(name, _null(name)), shape)
                for name in COLUMNS
            }
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """All rows, as COLUMNS: texts as objects with None, numbers with nan."""
        columns = {}
        for name in COLUMNS:
            kind = object if name in TEXTS else float
            parts = [part[name] for part in self._parts]
            column = np.concatenate([np.empty(0, kind), *parts])
            if name not in TEXTS:
                column[~np.isfinite(column)] = np.nan
            columns[name] = column
        return columns


def _null(name: str) -> np.ndarray:
    return np.array(
        None if name in TEXTS else np.nan, object if name in TEXTS else float
    )
