"""Words of the reasons that models give."""

from __future__ import annotations


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a whole number and its noun: `1 run`, `2 runs`.

    `many` is the plural where it is not `one` with an s.
    """
    return f"{number:.0f} {one if round(number) == 1 else many or one + 's'}"
