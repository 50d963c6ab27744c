"""Reasons in words."""

from __future__ import annotations

from perennial.clv.wording import counted


def test_one_is_counted_in_the_singular() -> None:
    assert [counted(n, "run") for n in (0, 1, 2.0)] == ["0 runs", "1 run", "2 runs"]
    assert counted(2, "box", "boxes") == "2 boxes"
