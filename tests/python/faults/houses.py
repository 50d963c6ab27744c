"""A folder in which a project is run: its input, its files, its commands."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.shops import AS_OF

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, and all it printed."""

    returncode: int
    text: str


class House:
    """One place where builds run; two houses share nothing.

    Below `folder`: `input` (what is built), `files` (work, history, published
    and what is kept), `target` and `logs` of dbt.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.input = folder / "input"
        self.files = folder / "files"
        self.work = self.files / "work.duckdb"
        self.history = self.files / "history.duckdb"
        self.published = self.files / "public" / "published.duckdb"
        # What a command begins with, and what it is told beyond the rest.
        self.enter: tuple[str, ...] = ()
        self.told: dict[str, str] = {}
        for place in (self.input, self.published.parent):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def new(self) -> Path:
        """The published file to be, as long as it is written."""
        return Path(f"{self.published}.new")

    @property
    def kept(self) -> list[Path]:
        """The published files of earlier builds."""
        folder = self.published.with_name(f"{self.published.stem}_builds")
        files = sorted(folder.glob("*.duckdb"))
        return [file for file in files if not file.stem.endswith("_history")]

    def bring(self, shop: Path) -> None:
        """Replace the input, as an export of the night would."""
        shutil.rmtree(self.input)
        shutil.copytree(shop, self.input)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command, with every place in this house."""
        return {
            **os.environ,
            "PERENNIAL_WORK_FILE": str(self.work),
            "PERENNIAL_HISTORY_FILE": str(self.history),
            "PERENNIAL_PUBLISHED_FILE": str(self.published),
            # Not that of the tree, which may change under a long run.
            "PERENNIAL_GIT_COMMIT": "torture",
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_USE_COLORS": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": str(PROJECT),
            **self.told,
            **more,
        }

    def start(
        self,
        *command: str,
        before: Callable[[], None] | None = None,
        **more: str,
    ) -> subprocess.Popen[str]:
        """Start a command as the leader of a group that can be killed as one.

        What it prints goes to a file: nobody reads a pipe of the killed.
        """
        with self.next_output().open("w") as printed:
            return subprocess.Popen(
                (*self.enter, *command),
                cwd=PROJECT,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=before,
            )

    def next_output(self) -> Path:
        """Where the next command prints to."""
        prints = self.folder / "printed"
        prints.mkdir(exist_ok=True)
        self.last_output = prints / f"{len(list(prints.iterdir())):04d}.txt"
        return self.last_output

    def run(
        self,
        *command: str,
        before: Callable[[], None] | None = None,
        **more: str,
    ) -> Outcome:
        """Run a command to its end."""
        process = self.start(*command, before=before, **more)
        printed = self.last_output
        with ended(process):
            process.wait(timeout=900)
        return Outcome(process.returncode, printed.read_text(errors="replace"))

    def build(self, *options: str, **more: Any) -> Outcome:
        """Build and publish what is in the input folder."""
        return self.run(*self.building(*options), **more)

    def building(self, *options: str) -> tuple[str, ...]:
        """The command that builds and publishes."""
        return (
            *(*PERENNIAL, "build", "--input", str(self.input)),
            *("--as-of", AS_OF.isoformat()),
            # The same shop, in whichever house it is built.
            *("--vars", "{history_name: shop}"),
            *options,
        )

    def publish(self, *options: str, **more: Any) -> Outcome:
        """Publish the work file as it stands."""
        return self.run(*PERENNIAL, "publish", *options, **more)

    def save(self, folder: Path) -> Path:
        """Copy all files aside; see `restore`."""
        shutil.copytree(self.files, folder)
        return folder

    def restore(self, saved: Path) -> None:
        """Bring the files back to what was saved."""
        shutil.rmtree(self.files)
        shutil.copytree(saved, self.files, copy_function=shutil.copyfile)


PERENNIAL = (sys.executable, "-m", "perennial")
DBT = (sys.executable, "-m", "dbt.cli.main")


def kill(process: subprocess.Popen[str], alone: bool = False) -> None:
    """Kill a command and all that it started, without a word of warning.

    Args:
        process: from `House.start`, the leader of its session.
        alone: spare what it started.
    """
    victims = [process.pid] if alone else members(process.pid)
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    process.wait()


def members(session: int) -> list[int]:
    """The processes of a session: groups within it do not hide them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything; the session is the
            # fourth field after it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                found.append(int(folder.name))
    return sorted(found)


@contextlib.contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave nothing running, whatever happens."""
    try:
        yield
    finally:
        kill(process)
