"""Run dbt on the work file, and show of its output what a person wants to see."""

import contextlib
import datetime
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from perennial import dbt_process, durable
from perennial.causes import cause_of
from perennial.contract import read_contract
from perennial.damage import find_damaged_parquet, find_folders_and_links
from perennial.places import Places
from perennial.progress import Progress
from perennial.warehouse import attach, engine

# Two lines for each good node, and what is only about dbt itself.
UNINTERESTING = re.compile(
    r" \d+ of \d+ (START|OK|PASS|SKIP|NO-OP) "
    r"| (Registered adapter:|Unable to do partial|Concurrency:) "
    r"|  (Found \d+ models|Finished running|Completed successfully)"
    r"|^[0-9:]+ *$"
)
FAILURE = re.compile(r"  Failure in ((?:\w+ )+)")
# Work file and history hold addresses.
PRIVATE = 0o077
SECONDS_TO_END = 10
Say = Callable[[str], None]


class BuildError(Exception):
    """Why there is no build, in one line that says what to do."""


def read_variables(
    given: str | None, input_folder: str | None, as_of: str | None
) -> dict[str, object]:
    """The variables of a build from the options of the command.

    Raises:
        BuildError: `given` is no mapping, or says what an option says too.
    """
    try:
        variables = yaml.safe_load(given or "{}")
    except yaml.YAMLError as error:
        raise BuildError(
            "--vars is no YAML; write it like --vars '{closed_through: 2025-06-30}'"
        ) from error
    if not isinstance(variables, dict):
        raise BuildError(
            "--vars is no mapping; write it like --vars '{history_name: shop}'"
        )
    options = {
        "input_path": str(Path(input_folder).expanduser()) if input_folder else None,
        "as_of_date": as_of,
    }
    for name, value in options.items():
        if value and name in variables:
            raise BuildError(f"{name} is given twice, as an option and in --vars")
        if value:
            variables[name] = value
    return variables


def run_build(
    places: Places, variables: dict[str, object], target: str | None, say: Say
) -> datetime.datetime:
    """Run `dbt build`; the lock is held. Each line is shown when it is written.

    Unit tests say nothing about anyone's data and are left out.

    Returns:
        A moment before the run began, in UTC.

    Raises:
        BuildError: dbt failed, or a Parquet file cannot be read.
        WarehouseError: a file that it needs is held by another process.
    """
    check_files(places)
    check_inputs(variables)
    return run_dbt_build(variables, target, places.work.parent, say)


def run_dbt_build(
    variables: dict[str, object], target: str | None, folder: Path, say: Say
) -> datetime.datetime:
    """Run `dbt build` on any engine; the lock is held.

    Args:
        variables: of the build.
        target: of the profile; without it, its default.
        folder: where it writes, for words on what is full or locked.
        say: takes the lines that a person wants to see.

    Returns:
        A moment before the run began, in UTC.

    Raises:
        BuildError: dbt failed, or was ended.
    """
    began = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    arguments = [
        *("--no-use-colors", "build"),
        *("--vars", json.dumps(variables, default=str)),
        *("--exclude-resource-type", "unit_test"),
        *(("--target", target) if target else ()),
    ]
    words = "Nothing was published"
    run_dbt_to_end(arguments, "dbt build failed", words, folder, say)
    return began


def run_dbt_to_end(
    arguments: list[str],
    failed: str,
    words: str,
    folder: Path,
    say: Say,
    environment: dict[str, str] | None = None,
) -> None:
    """Run dbt, show how far it is, and say in one line why it failed.

    Args:
        arguments: the command line of dbt.
        failed: what a failure is, like "dbt build failed".
        words: what became of what was there, like "Nothing was published".
        folder: where dbt writes, for words on what is full or locked.
        say: takes the lines that a person wants to see.
        environment: of the process; without it, `dbt_environment`.

    Raises:
        BuildError: dbt failed, or was ended.
    """
    causes: list[str] = []
    failures: list[str] = []

    def listen(line: str) -> None:
        cause = cause_of(line, folder)
        if cause and cause not in causes:
            causes.append(cause)
        failures.extend(FAILURE.findall(line))
        progress.clear()
        say(line)

    with Progress(say) as progress:
        code = run_dbt(arguments, listen, progress.see, environment=environment)
    if code < 0:
        raise BuildError(
            f"dbt was ended by {signal.Signals(-code).name}. {words}. "
            "If memory ran out, set PERENNIAL_MEMORY_LIMIT to less than there is"
        )
    if code:
        last = f"{failures[0].strip()}; " if failures else ""
        why = "; ".join(causes) or f"{last}what it says is above"
        raise BuildError(f"{failed}: {why}. {words}")


def check_inputs(
    variables: dict[str, object], words: str = "Nothing was published"
) -> None:
    """Stop before dbt does where it could not say what is wrong with a file.

    Args:
        variables: of the build.
        words: what became of what was there.

    Raises:
        BuildError: a Parquet file of the input folder cannot be read, or a link
            leads nowhere, which dbt does not see.
    """
    folder = Path(str(variables.get("input_path") or ""))
    if not variables.get("input_path") or not folder.is_dir():
        return
    tables = list(read_contract())
    damage = find_damaged_parquet(folder, tables)
    for problem in (damage, *find_folders_and_links(folder, tables)):
        if problem:
            raise BuildError(f"{problem}. {words}")


def check_files(places: Places) -> None:
    """Stop before dbt does where it could not open the files.

    Raises:
        BuildError: a folder is missing, or something may not be written.
        WarehouseError: a file is held by another process, or is no DuckDB file;
            an environment variable has no value for DuckDB.
    """
    with engine(places.published.parent):
        pass
    for path, what, remedy in (
        (places.work, "the work file", "delete it: the build makes it anew"),
        (
            places.history,
            "the history file",
            f"bring back a copy: the folder {places.kept} has some",
        ),
    ):
        if not path.exists():
            if not path.parent.is_dir():
                raise BuildError(
                    f"there is no folder {path.parent} for {what}; make it, or name "
                    "another place"
                )
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise BuildError(
                    f"the folder {path.parent} cannot be written, and {what} belongs "
                    "there; allow it, or name another place"
                )
            _clear_log(places, path)
            continue
        if not os.access(path, os.W_OK):
            raise BuildError(f"{what} {path} may not be written; allow it (chmod)")
        with engine(places.published.parent) as connection:
            attach(connection, path, "opened", what=what, remedy=remedy)


def _clear_log(places: Places, path: Path) -> None:
    """Have no log beside a file that is not there: it would not fit a new one.

    The work file is made anew. What is in the log of the history may be
    nowhere else.
    """
    log = durable.wal_of(path)
    if path == places.work:
        durable.remove_quietly(log)
    elif log.exists():
        raise BuildError(
            f"the history file {path} is gone, but its log {log} is there, with what "
            "was told last; bring the file back, or delete the log"
        )


def run_dbt(
    arguments: list[str],
    say: Say,
    see: Say | None = None,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> int:
    """Run dbt in a process of its own, which ends when this one ends.

    Args:
        arguments: the command line of dbt.
        say: takes the lines that a person wants to see.
        see: takes every line, for what counts them.
        folder: of the project; without it, the present one.
        environment: of the process; without it, `dbt_environment`.

    Returns:
        The exit code of dbt.
    """
    process = subprocess.Popen(
        # -P, and by its path: what stands beside a script would hide modules of
        # the same name, and another folder may have no such script.
        [sys.executable, "-u", "-P", dbt_process.__file__, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment or dbt_environment(),
        text=True,
        encoding="utf-8",
        errors="replace",
        umask=PRIVATE,
        process_group=0,
    )
    try:
        for line in process.stdout or ():
            if see:
                see(line)
            if not UNINTERESTING.search(line):
                say(line.rstrip("\n"))
        return process.wait()
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no dbt behind."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def dbt_environment() -> dict[str, str]:
    """The environment of dbt, with the commit that builds the numbers."""
    environment = dict(os.environ)
    # What this process runs with, dbt runs with: it may not be installed.
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(Path(__file__).parents[1]), environment.get("PYTHONPATH")))
    )
    if not environment.get("PERENNIAL_GIT_COMMIT"):
        commit = find_commit(Path.cwd())
        environment.pop("PERENNIAL_GIT_COMMIT", None)
        if commit:
            environment["PERENNIAL_GIT_COMMIT"] = commit
    return environment


def find_commit(folder: Path) -> str | None:
    """The commit of a checkout, with -dirty if files differ; None without git."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip() or None
