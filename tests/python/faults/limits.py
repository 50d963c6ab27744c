"""Limits that the system sets: a small disk, and a folder that stays as it is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PR_CAPBSET_DROP = 24


def obey_permissions() -> None:
    """Make root obey permissions as everyone does; runs before the command."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "cannot give up a capability")


def limit_file_size(size: int) -> None:
    """No file may grow beyond this; runs before the command.

    Python ignores the signal that would come: writes fail as on a full disk.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write into the folder; what is below it stays as it is."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(mode)


@dataclass(frozen=True)
class SmallDisk:
    """A disk of its own, seen by the commands that start with `enter`.

    `seen` is the same folder for everyone else.
    """

    folder: Path
    holder: int

    @property
    def enter(self) -> tuple[str, ...]:
        """What a command begins with, to see the disk."""
        return (
            *("nsenter", "--preserve-credentials", "--user", "--mount"),
            # Entering would leave the folder one is in.
            *("--target", str(self.holder), f"--wd={Path.cwd()}", "--"),
        )

    @property
    def seen(self) -> Path:
        """The disk from outside."""
        return Path(f"/proc/{self.holder}/root{self.folder}")

    def resize(self, size: str) -> None:
        """Make it larger or smaller."""
        command = ("mount", "-o", f"remount,size={size}", str(self.folder))
        subprocess.run((*self.enter, *command), check=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk | None]:
    """A disk of this size at `folder`; None where the system allows none."""
    folder.mkdir(parents=True, exist_ok=True)
    script = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo ready && exec sleep 3600'
    command = ("unshare", "--user", "--map-root-user", "--mount")
    if not all(shutil.which(name) for name in ("unshare", "nsenter")):
        yield None
        return
    holder = subprocess.Popen(
        (*command, "sh", "-c", script, "sh", size, str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        ready = holder.stdout.readline().strip() == "ready" if holder.stdout else False
        yield SmallDisk(folder, holder.pid) if ready else None
    finally:
        holder.kill()
        holder.wait()
