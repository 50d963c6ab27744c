"""What a machine lacks, in words of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from perennial.causes import cause_of


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (
            "IO Error: Could not write file: No space left on device",
            "make room in warehouse",
        ),
        (
            "  Out of Memory Error: could not allocate block of size 30.5 MiB",
            "PERENNIAL_MEMORY_LIMIT",
        ),
        ('IO Error: Cannot open file "x": Permission denied', "may not be written"),
        ('Could not set lock on file "x": Conflicting lock', "another process"),
    ],
)
def test_what_a_machine_lacks_is_said_with_what_to_do(said: str, word: str) -> None:
    assert word in (cause_of(said, Path("warehouse")) or "")


def test_another_error_is_not_explained_by_the_machine() -> None:
    assert cause_of("Failure in test unique_dim_customers", Path()) is None
