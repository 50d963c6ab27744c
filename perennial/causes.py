"""What a machine lacks, found in the words of dbt and DuckDB, said in ours."""

from pathlib import Path

# Part of what is said, in lower case; what it means and what to do.
CAUSES = (
    (
        ("no space left", "disk quota exceeded", "file too large"),
        "no space is left on the disk; make room in {folder}",
    ),
    (
        ("out of memory error", "outofmemory", "failed to allocate", "memoryerror"),
        "memory ran out; set PERENNIAL_MEMORY_LIMIT to more, PERENNIAL_THREADS to "
        "less, or make room where PERENNIAL_TEMP_DIRECTORY lets it spill",
    ),
    (
        ("permission denied", "read-only file system"),
        "a file may not be written; allow it in {folder}",
    ),
    (
        ("could not set lock",),
        "another process has a file open; wait until it is done, or close it",
    ),
)


def cause_of(said: object, folder: Path) -> str | None:
    """The cause that an error tells of, and what to do; None for any other.

    Args:
        said: the error, or a line of output.
        folder: where the file stands that was being written.
    """
    text = str(said).lower()
    for parts, words in CAUSES:
        if any(part in text for part in parts):
            return words.format(folder=folder)
    return None
