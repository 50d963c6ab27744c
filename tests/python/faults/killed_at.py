"""Runs `perennial` and kills it before its n-th step on the files.

A step is whatever Python does to a file below a folder (open, rename, link,
remove, ...), every fsync, and a statement of a DuckDB connection. Random
times fall on the long steps; here each step has its turn.

Usage: python killed_at.py FOLDER STEP COMMAND [OPTION ...]; STEP 0 kills
nothing and counts: the last line printed is the number of steps.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb

WATCHED = ("open", "os.", "shutil.")
# Statements that change nothing, or one like hundreds of others.
UNWATCHED = ("select", "set", "comment", "describe")


class Steps:
    """Counts steps, and ends the process before one of them."""

    def __init__(self, folder: Path, last: int) -> None:
        self.folder = str(folder)
        self.last = last
        self.count = 0

    def step(self, name: str) -> None:
        """One more; the last one never happens."""
        self.count += 1
        if self.count == self.last:
            os.write(2, f"killed before step {self.count}: {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python itself tells of its work on files."""
        if event.startswith(WATCHED):
            paths = [str(path) for path in arguments[:2] if is_path(path)]
            if any(path.startswith(self.folder) for path in paths):
                self.step(f"{event} {' '.join(Path(path).name for path in paths)}")


def is_path(argument: object) -> bool:
    return isinstance(argument, str | bytes | os.PathLike)


class Watched:
    """A DuckDB connection whose statements are steps."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, steps: Steps) -> None:
        self._connection = connection
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("execute", "sql", "close", "commit", "checkpoint"):
            return found

        def stepping(*arguments: Any, **named: Any) -> Any:
            words = str(arguments[0]).split()[:4] if arguments else [""]
            if words[0] not in UNWATCHED:
                self._steps.step(f"{name} {' '.join(words)}")
            return found(*arguments, **named)

        return stepping

    def __enter__(self) -> Watched:
        self._connection.__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        self._steps.step("leave the connection")
        return self._connection.__exit__(*raised)


def main() -> None:
    """Arm, and run the command."""
    folder, last, *command = sys.argv[1:]
    steps = Steps(Path(folder), int(last))
    connect, fsync = duckdb.connect, os.fsync

    def watched_connect(*arguments: Any, **named: Any) -> Watched:
        steps.step("connect")
        return Watched(connect(*arguments, **named), steps)

    def watched_fsync(file: int) -> None:
        steps.step("fsync")
        fsync(file)

    # Before the package is imported, so that it finds these.
    from perennial.cli import main as perennial

    duckdb.connect, os.fsync = watched_connect, watched_fsync
    sys.addaudithook(steps.heard)
    sys.argv = ["perennial", *command]
    try:
        perennial()
    finally:
        print(steps.count, flush=True)


if __name__ == "__main__":
    main()
