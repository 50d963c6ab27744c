"""Two states of the project, each in a folder of its own, apart from the user's."""

import filecmp
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

WORKING_TREE = "the working tree"
DEMO = Path("data/demo")
REQUIREMENTS = Path("requirements.txt")


class DiffError(Exception):
    """Why there is nothing to compare, in words that say what to do."""


@dataclass(frozen=True)
class State:
    """A commit, or the working tree, and the folder that it is laid out in."""

    name: str
    commit: str
    subject: str
    folder: Path

    @property
    def shown(self) -> str:
        """How a person knows it again."""
        is_named = self.name != self.commit[: len(self.name)]
        return f"{self.name} ({self.commit[:10]})" if is_named else self.name


def lay_out_commit(project: Path, ref: str, folder: Path) -> State:
    """Write the files of a commit to a folder.

    Raises:
        DiffError: there is no such commit, or no git.
    """
    commit = _find_commit(project, ref)
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _git(project, "archive", "--format=tar", f"--output={archive}", commit)
    with tarfile.open(archive) as files:
        # Early 3.11 knows no filters, and takes what git has written as it is.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)
    archive.unlink()
    subject = _git(project, "log", "-1", "--format=%s", commit).strip()
    return State(ref, commit, subject, folder)


def lay_out_working_tree(project: Path, folder: Path) -> State:
    """Copy the files of the working tree: committed, changed and new ones.

    What git ignores is left where it is: databases, logs, environments.

    Raises:
        DiffError: it is no checkout of git, or there is no git.
    """
    commit = _find_commit(project, "HEAD")
    listing = _git(
        *(project, "ls-files", "-z", "--deduplicate"),
        *("--cached", "--others", "--exclude-standard"),
    )
    folder.mkdir()
    for name in filter(None, listing.split("\0")):
        file = project / name
        # One that is deleted, but not yet for git, is listed too.
        if file.is_file() or file.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, folder / name, follow_symlinks=False)
    is_dirty = bool(_git(project, "status", "--porcelain", "--", ".").strip())
    subject = "with what is not committed" if is_dirty else "nothing uncommitted"
    return State(WORKING_TREE, commit, subject, folder)


def count_missing(project: Path, base: State, head: State) -> int:
    """How many commits of the base the head does not have."""
    found = _git(project, "rev-list", "--count", f"{head.commit}..{base.commit}")
    return int(found)


def same_files(one: Path, other: Path, part: Path | str = "") -> bool:
    """Whether two folders, or a file or folder of both, hold the same bytes."""
    contents = [_files(folder / part) for folder in (one, other)]
    if contents[0].keys() != contents[1].keys():
        return False
    return all(
        filecmp.cmp(file, contents[1][name], shallow=False)
        for name, file in contents[0].items()
    )


def give_demo(giver: State, taker: State) -> bool:
    """Have both build the demo of one: what differs is then the code's doing.

    Returns:
        Whether the two had the same demo before.

    Raises:
        DiffError: the giver has no demo.
    """
    source, target = giver.folder / DEMO, taker.folder / DEMO
    if not source.is_dir():
        raise DiffError(
            f"{giver.shown} has no {DEMO}, on which both are built; go to the folder "
            "of the project"
        )
    had_same = same_files(giver.folder, taker.folder, DEMO)
    if not had_same:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    return had_same


def _files(place: Path) -> dict[str, Path]:
    """The files of a folder by their path in it; a file is one without a path."""
    if place.is_file():
        return {"": place}
    return {
        str(path.relative_to(place)): path
        for path in place.rglob("*")
        if path.is_file()
    }


def _find_commit(project: Path, ref: str) -> str:
    try:
        _git(project, "rev-parse", "--git-dir")
    except DiffError as error:
        raise DiffError(
            f"{project} is no checkout of git ({error}), and commits are what is "
            "compared; go to a clone of the project"
        ) from error
    try:
        found = _git(
            *(project, "rev-parse", "--verify", "--quiet"),
            *("--end-of-options", f"{ref}^{{commit}}"),
        )
    except DiffError as error:
        is_shallow = _git(project, "rev-parse", "--is-shallow-repository").strip()
        fetch = "git fetch --unshallow" if is_shallow == "true" else "git fetch"
        raise DiffError(
            f"git knows no commit {ref!r}; name a branch, a tag or a commit that "
            f"git log shows, or fetch it first ({fetch})"
        ) from error
    return found.strip()


def _git(folder: Path, *arguments: str) -> str:
    """What git says to a command.

    Raises:
        DiffError: it fails, or there is none; the text is git's own.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise DiffError("git is not installed; perennial diff reads commits") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["git said nothing"]
        raise DiffError(said[-1])
    return done.stdout
