"""The build command: what it gives dbt, what it shows, and how it ends.

A stand-in takes dbt's place: it is loaded instead of dbt, does what the test
says, and takes no seconds to do it.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT
from published import Shop

from perennial.build import (
    UNINTERESTING,
    BuildError,
    check_files,
    find_commit,
    read_variables,
)
from perennial.progress import ERASE_LINE, Progress
from perennial.warehouse import DEFAULTS

BUILD = [sys.executable, "-m", "perennial", "build"]
# A build that ends well: the work file that was prepared takes its place.
BUILDS = "shutil.copy(os.environ['PREPARED'], os.environ['PERENNIAL_WORK_FILE'])"
WAITS = "print(f'dbt is {os.getpid()}', flush=True); time.sleep(600)"
LATER = "timestamp '2099-01-01'"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with build 1 published, and build 2 prepared for the stand-in."""
    shop = Shop(tmp_path / "shop")
    shop.build(1)
    shop.publish()
    shop.build(2)
    with duckdb.connect(str(shop.places.work)) as work:
        work.execute(f"update utilities.dbt_runs set started_at = {LATER}")
    shop.places.work.rename(shop.folder / "prepared.duckdb")
    return shop


def environment(shop: Shop, does: str) -> dict[str, str]:
    """The environment of a build whose dbt does something."""
    stand_in = shop.folder / "stand_in" / "dbt" / "cli"
    stand_in.mkdir(parents=True, exist_ok=True)
    (stand_in.parent / "__init__.py").touch()
    (stand_in / "__init__.py").touch()
    (stand_in / "main.py").write_text(
        "import os, shutil, sys, time\n"
        "def cli(arguments):\n"
        "    print('given', arguments, flush=True)\n"
        f"    {does}\n"
    )
    return {
        **os.environ,
        **shop.environment,
        "PREPARED": str(shop.folder / "prepared.duckdb"),
        "PYTHONPATH": f"{PROJECT}:{stand_in.parents[1]}",
    }


def build(shop: Shop, does: str, *arguments: str, **further: str):
    """A build to its end."""
    return subprocess.run(
        [*BUILD, *arguments],
        cwd=shop.folder,
        env=environment(shop, does) | further,
        capture_output=True,
        text=True,
        check=False,
    )


def start(shop: Shop) -> tuple[subprocess.Popen[str], int]:
    """A build whose dbt waits, and the process of that dbt."""
    process = subprocess.Popen(
        BUILD,
        cwd=shop.folder,
        env=environment(shop, WAITS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process.stdout.readline()
    # It can be read while dbt runs: output is not held back to the end.
    return process, int(process.stdout.readline().removeprefix("dbt is "))


def is_gone(pid: int) -> bool:
    """Whether a process ends within some seconds."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


# ---------------------------------------------------------------- from end to end


def test_a_build_is_published_and_its_headlines_shown(shop):
    outcome = build(shop, BUILDS)
    assert outcome.returncode == 0, outcome.stderr
    assert "published: build 00000002" in outcome.stdout
    *_, last_number, blank, last = outcome.stdout.splitlines()
    assert last_number.startswith("Average CLV")
    assert blank == ""
    assert re.fullmatch(r"Done in \d+ s\. Next: make dashboards, or .*", last)
    assert shop.number() == 2


def test_dbt_is_given_what_the_options_say(shop):
    (shop.folder / "dbt_project.yml").write_text("profile: shop\n")
    (shop.folder / "profiles.yml").write_text(
        "shop: {outputs: {other: {type: duckdb}}}\n"
    )
    outcome = build(
        shop,
        BUILDS,
        *("--input", "my shop", "--as-of", "2025-12-31", "--target", "other"),
        *("--vars", "{history_name: it's}"),
        DBT_PROFILES_DIR=str(shop.folder),
    )
    given = outcome.stdout.splitlines()[0]
    assert "'--exclude-resource-type', 'unit_test'" in given
    assert "'--target', 'other'" in given
    for variable in (
        '"history_name": "it\\\'s"',
        '"input_path": "my shop"',
        '"as_of_date": "2025-12-31"',
    ):
        assert variable in given


def test_files_that_dbt_writes_are_their_owners_alone(shop):
    assert build(shop, "open('by_dbt', 'w').close()").returncode == 1
    assert (shop.folder / "by_dbt").stat().st_mode & 0o777 == 0o600


def test_a_failed_build_publishes_nothing(shop):
    outcome = build(shop, "sys.exit(2)")
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("Error: dbt build failed")
    assert shop.number() == 1


def test_a_failed_build_names_the_first_that_failed(shop):
    says = "print('10:00:00  Failure in model dim_products (models/x.sql)', flush=True)"
    outcome = build(shop, f"{says}; sys.exit(1)")
    assert outcome.stderr == (
        "Error: dbt build failed: model dim_products; what it says is above. "
        "Nothing was published\n"
    )


def test_how_far_dbt_is_shows_in_quarters_where_nobody_watches(shop):
    lines = "; ".join(
        f"print('10:00:00  {n} of 8 {what} test t{n}', flush=True)"
        for n in range(1, 9)
        for what in ("START", "PASS")
    )
    outcome = build(shop, f"{lines}; {BUILDS}")
    told = [line for line in outcome.stdout.splitlines() if "of 8" in line]
    assert [line.partition(" tables")[0] for line in told] == [
        *("2 of 8", "4 of 8", "6 of 8", "8 of 8"),
    ]


def test_how_far_dbt_is_moves_on_one_line_of_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, clock = Terminal(), iter(range(100))
    with Progress(print, screen, lambda: next(clock)) as progress:
        progress.see("10:00:00  1 of 9 START test a")
        progress.see("10:00:00  1 of 1 OK hook: perennial.on-run-start.0")
        assert screen.getvalue() == ""
        progress.see("10:00:00  1 of 9 PASS a")
        progress.see("10:00:00  2 of 9 FAIL 1 b")
        *_, last = screen.getvalue().split(ERASE_LINE)
        assert last == "2 of 9 tables and tests, 2 s"
        assert "\n" not in screen.getvalue()
        progress.clear()
        assert screen.getvalue().endswith(ERASE_LINE)


def test_a_dbt_that_was_killed_is_told_as_such(shop):
    outcome = build(shop, "os.kill(os.getpid(), 9)")
    assert outcome.returncode == 1
    assert "dbt was ended by SIGKILL" in outcome.stderr
    assert "PERENNIAL_MEMORY_LIMIT" in outcome.stderr


def test_a_dbt_that_wrote_elsewhere_publishes_no_old_work_file(shop):
    with duckdb.connect(str(shop.folder / "prepared.duckdb")) as work:
        work.execute("update utilities.dbt_runs set started_at = '2025-03-03'")
    outcome = build(shop, BUILDS)
    assert outcome.returncode == 1
    assert "dbt did not write to the work file" in outcome.stderr
    assert shop.number() == 1


def test_a_build_takes_the_options_of_publishing(shop):
    with duckdb.connect(str(shop.folder / "prepared.duckdb")) as work:
        work.execute("delete from marts.rpt_input_reconciliation")
    assert "customers is gone" in build(shop, BUILDS).stderr
    assert build(shop, BUILDS, "--accept-shrink").returncode == 0
    assert shop.number() == 2


def test_the_commit_is_given_to_dbt_and_one_that_is_given_wins(shop):
    does = "print(os.environ.get('PERENNIAL_GIT_COMMIT'), flush=True)"
    assert build(shop, does).stdout.splitlines()[1] == "None"
    assert build(shop, does, PERENNIAL_GIT_COMMIT="abc").stdout.splitlines()[1] == "abc"


def test_the_commit_of_a_checkout_is_found(tmp_path):
    assert find_commit(tmp_path) is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "file").touch()
    subprocess.run([*git, "add", "."], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-qm", "first"], cwd=tmp_path, check=True)
    commit = find_commit(tmp_path)
    assert len(commit) == 40
    (tmp_path / "file").write_text("changed")
    assert find_commit(tmp_path) == f"{commit}-dirty"


# ----------------------------------------------------------------- how it ends


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_dbt_and_frees_the_lock(shop, number):
    process, dbt = start(shop)
    assert "another perennial" in build(shop, BUILDS).stderr
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors.startswith(f"Error: stopped by {number.name}; nothing was published")
    assert "Traceback" not in errors
    assert is_gone(dbt)
    assert build(shop, BUILDS).returncode == 0
    assert shop.number() == 2


def test_a_killed_build_leaves_no_dbt_behind(shop):
    process, dbt = start(shop)
    process.kill()
    process.communicate()
    assert is_gone(dbt)
    assert build(shop, BUILDS).returncode == 0
    assert shop.number() == 2


# --------------------------------------------------------------- before it begins


def test_a_work_file_in_use_is_said_before_dbt_runs(shop):
    shop.build(1, history=False)
    script = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]);"
        " print(1, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(shop.places.work)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    holder.stdout.readline()
    outcome = build(shop, BUILDS)
    holder.communicate("")
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert "the work file" in outcome.stderr
    assert f"PID {holder.pid}" in outcome.stderr


def test_what_dbt_cannot_say_of_a_file_is_said_before_it_runs(shop, tmp_path):
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "orders.csv").symlink_to(tmp_path / "nowhere.csv")
    outcome = build(shop, "build", "--input", str(folder))
    assert outcome.returncode == 1
    assert "orders.csv is a link that leads nowhere" in outcome.stderr
    (folder / "orders.csv").unlink()
    duckdb.sql("select 1 as order_id").write_parquet(str(folder / "orders.parquet"))
    content = (folder / "orders.parquet").read_bytes()
    (folder / "orders.parquet").write_bytes(content[: len(content) // 2])
    outcome = build(shop, "build", "--input", str(folder))
    assert outcome.returncode == 1
    assert "orders.parquet" in outcome.stderr
    assert outcome.stdout == ""


def test_a_damaged_history_is_said_before_dbt_runs(shop):
    shop.places.history.write_text("no database" * 1000)
    outcome = build(shop, BUILDS)
    assert outcome.stdout == ""
    assert "the history file" in outcome.stderr
    assert "bring back a copy" in outcome.stderr


def test_the_log_of_a_history_that_is_gone_is_not_deleted(shop):
    history = shop.places.history
    history.unlink()
    log = history.with_name("history.duckdb.wal")
    log.write_text("what was told last")
    with pytest.raises(BuildError, match="is gone, but its log") as stop:
        check_files(shop.places)
    assert "bring the file back, or delete the log" in str(stop.value)
    assert log.exists()


def test_what_an_older_version_did_not_have_is_as_the_project_has_it():
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    for name, value in DEFAULTS.items():
        assert value == ("" if variables[name] is None else str(variables[name]))


def test_a_policy_that_is_no_number_is_not_guessed(shop):
    with duckdb.connect(str(shop.folder / "prepared.duckdb")) as work:
        work.execute(
            'update marts.build_info set policies = \'{"max_shrink_share": "x"}\''
        )
    outcome = build(shop, BUILDS)
    assert outcome.returncode == 1
    assert "max_shrink_share in build_info is 'x'" in outcome.stderr


def test_the_log_of_a_deleted_work_file_goes_too(shop):
    log = shop.places.work.with_name("work.duckdb.wal")
    log.write_text("of a file that was deleted")
    check_files(shop.places)
    assert not log.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("[a, b]", "is no mapping"),
        ("{a: b", "is no YAML"),
        ("text", "is no mapping"),
    ],
)
def test_variables_that_are_none_are_a_sentence(given, words):
    with pytest.raises(BuildError, match=words):
        read_variables(given, None, None)


def test_a_variable_is_not_given_twice():
    with pytest.raises(BuildError, match="as_of_date is given twice"):
        read_variables("{as_of_date: 2025-12-31}", None, "2025-12-30")


def test_only_what_is_given_becomes_a_variable():
    assert read_variables(None, None, None) == {}
    assert read_variables("{a: 1}", "~/shop", "") == {
        "a": 1,
        "input_path": str(Path.home() / "shop"),
    }


# ----------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    "line",
    [
        "07:41:20  1 of 578 START sql table model utilities.util_numbers ... [RUN]",
        "07:41:20  1 of 578 OK created sql table model utilities.util_numbers",
        "07:41:20  12 of 578 PASS sound_rows_build_info .. [PASS in 0.05s]",
        "07:41:20  13 of 578 SKIP relation marts.dim_customers .. [SKIP]",
        "07:41:20  Registered adapter: duckdb=1.11.1",
        "07:41:20  Concurrency: 4 threads (target='duckdb')",
        "07:41:20  Found 166 models, 3 snapshots, 10 analyses, 408 data tests",
        "07:41:20  Finished running 3 project hooks, 2 seeds in 0 hours 0 minutes",
        "07:41:20  Completed successfully",
        "07:41:20  ",
    ],
)
def test_what_only_concerns_dbt_is_not_shown(line):
    assert UNINTERESTING.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "07:41:20  12 of 578 FAIL 3 sound_rows_build_info .. [FAIL 3 in 0.05s]",
        "07:41:20  12 of 578 WARN 1 some_test .... [WARN 1 in 0.05s]",
        "07:41:20  sound_rows_build_info, 3 rows: build_id is null (primary_key)",
        "07:41:20  12 of 578 ERROR creating sql table model marts.dim_customers",
        "07:41:20  Inputs: folder data/demo",
        "07:41:20  Completed with 1 error, 0 partial successes, and 0 warnings:",
        "07:41:20    orders   data/demo/orders.csv, 7220 rows",
        "07:41:20  Done. PASS=573 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=573",
    ],
)
def test_inputs_warnings_errors_and_the_summary_are_shown(line):
    assert not UNINTERESTING.search(line)
