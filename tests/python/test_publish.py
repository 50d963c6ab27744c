"""Publishing: the whole build or nothing, whatever stops it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, opened
from published import MARTS, Shop

from perennial import durable, kept, publish
from perennial.lock import LockError, locked
from perennial.publishing import PublishError

PUBLISH = [sys.executable, "-m", "perennial", "publish"]
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'read')
held.execute('create schema if not exists other') if sys.argv[2] == 'write' else None
print('held', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def second_build(shop: Shop) -> Shop:
    """Build 1 is published, build 2 stands in the work file."""
    shop.build(1)
    shop.publish()
    shop.build(2)
    return shop


def hold(path: Path, way: str) -> subprocess.Popen[str]:
    """Another process that has a database open."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def outside(shop: Shop, *command: str, **options: object):
    """Run a command in a process of its own, from the shop's folder."""
    return subprocess.run(
        command or PUBLISH,
        cwd=shop.folder,
        env={**os.environ, **shop.environment, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def assert_stops(shop: Shop, *words: str) -> None:
    """Publishing stops in words, and no file is another."""
    before = shop.files()
    result = shop.run("publish")
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ")
    for word in words:
        assert word in result.stderr
    assert shop.files() == before


# ------------------------------------------------------------ what is published


def test_the_marts_are_published_and_nothing_else(shop):
    shop.build(1, further_sql="create schema staging; create table staging.raw (a int)")
    shop.publish()
    assert shop.rows(
        "select table_schema, table_name from information_schema.tables order by all"
    ) == [("marts", name) for name in sorted(MARTS)]


def test_each_table_is_copied_row_by_row_in_order(shop):
    shop.build(1)
    shop.publish()
    for name in set(MARTS) - {"build_info"}:
        query = f"select * from marts.{name}"
        assert shop.rows(query) == shop.rows(query, shop.places.work)


def test_comments_are_copied_to_the_letter(shop):
    shop.build(1)
    shop.publish()
    assert shop.rows(
        "select comment from duckdb_tables() where table_name = 'dim_customers'"
    ) == [('One row per customer.\nIt\'s "quoted".',)]
    assert shop.rows(
        "select comment from duckdb_columns()"
        " where table_name = 'dim_customers' and column_name = 'customer_key'"
    ) == [("Primary; key.",)]


def test_older_clients_can_read_the_file(shop):
    shop.build(1)
    shop.publish()
    ((tags,),) = shop.rows(
        "select tags from duckdb_databases() where database_name = 'published'"
    )
    assert tags["storage_version"].startswith("v1.4.0")


def test_anyone_may_read_the_file_but_not_the_copy_of_the_history(shop):
    shop.build(1)
    shop.publish()
    assert shop.places.published.stat().st_mode & 0o777 == 0o644
    (copy,) = shop.places.kept.glob("*_history.duckdb")
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_narrowed_down_file_stays_so(second_build):
    second_build.places.published.chmod(0o640)
    second_build.publish()
    assert second_build.number() == 2
    assert second_build.places.published.stat().st_mode & 0o777 == 0o640


def test_build_info_says_when_and_that_nothing_was_overruled(shop):
    shop.build(1)
    shop.publish()
    ((published_at, accepted),) = shop.rows(
        "select published_at, accepted_audits from marts.build_info"
    )
    assert published_at is not None
    assert accepted is None


def test_nothing_is_left_beside_the_file_but_its_lock_and_the_kept_ones(second_build):
    second_build.publish()
    assert {path.name for path in second_build.folder.iterdir()} == {
        *("models", "work.duckdb", "history.duckdb"),
        *("published.duckdb", "published.duckdb.lock", "published_builds"),
    }


def test_the_same_build_again_touches_nothing(second_build):
    second_build.publish()
    before = second_build.files(), second_build.places.published.stat()
    result = second_build.run("publish")
    assert result.exit_code == 0, result.output
    assert "already published: build 00000002" in result.stdout
    assert "MRR" in result.stdout
    assert (second_build.files(), second_build.places.published.stat()) == before


def test_publish_ends_with_the_headlines_of_the_published_file(shop):
    shop.build(1)
    result = shop.run("publish")
    assert result.exit_code == 0, result.output
    first, *headlines = result.stdout.splitlines()
    assert first == (
        f"published: build 00000001 of 2025-02-28 in {shop.places.published.name}"
    )
    assert headlines[0].split() == ["As", "of", "2025-02-28"]
    assert headlines[1].split() == ["Input", "shop"]
    assert "2,000.00" in headlines[2]


def test_a_table_of_no_model_is_left_out_and_named(shop):
    shop.build(1, further_sql="create table marts.rpt_old_name (a int)")
    assert "note: left out, since no model is called so: marts.rpt_old_name" in (
        shop.publish()
    )
    assert shop.rows("from duckdb_tables() where table_name = 'rpt_old_name'") == []


def test_a_work_file_without_a_mart_is_of_another_version(second_build):
    with duckdb.connect(str(second_build.places.work)) as work:
        work.execute("drop table marts.rpt_churn_monthly")
    assert_stops(second_build, "lacks marts.rpt_churn_monthly", "run dbt build")


def test_the_folder_of_no_project_publishes_nothing(second_build):
    for model in second_build.folder.rglob("*.sql"):
        model.unlink()
    assert_stops(second_build, "no models/marts", "go to the folder of the project")


# ------------------------------------------------------------------ only a whole

RUNS = {
    "ended_at = null": "did not come to its end; run dbt build",
    "nodes_failed = 2, first_failure = 'model.perennial.dim_customers: error'": (
        "had 2 errors, the first in model.perennial.dim_customers: error"
    ),
    "nodes_missing = 1": "left out 1 model, seed, snapshot or test; run dbt build "
    "without --select and --exclude; a unit test that fails leaves out its model",
    "note = '--empty'": "was given --empty; run dbt build without it",
    "command = 'run'": "dbt run of 2025-03-03 06:00:00 UTC, may have changed tables",
    "invocation_id = 'other'": "did not make marts.build_info",
}


@pytest.mark.parametrize(("change", "words"), RUNS.items(), ids=list(RUNS))
def test_a_build_that_is_not_whole_is_not_published(second_build, change, words):
    with duckdb.connect(str(second_build.places.work)) as work:
        work.execute(f"update utilities.dbt_runs set {change}")
    assert_stops(second_build, "the published file is as it was", words)
    assert second_build.number() == 1


def test_the_latest_run_counts_and_not_one_that_was_whole(second_build):
    with duckdb.connect(str(second_build.places.work)) as work:
        work.execute(
            "insert into utilities.dbt_runs by name select 'later' as invocation_id,"
            " 'run' as command, timestamp '2025-03-09' as started_at"
        )
    assert_stops(second_build, "dbt run of 2025-03-09", "did not come to its end")


def test_a_work_file_that_knows_of_no_runs_is_not_published(second_build):
    with duckdb.connect(str(second_build.places.work)) as work:
        work.execute("drop table utilities.dbt_runs")
    assert_stops(second_build, "built by an older version", "run dbt build")


def test_without_a_published_file_a_failure_says_that_there_is_none(shop):
    shop.build(1)
    with duckdb.connect(str(shop.places.work)) as work:
        work.execute("update utilities.dbt_runs set nodes_failed = 1")
    assert_stops(shop, "there is no published file yet", "had 1 error,")


# --------------------------------------------------------- stopped at every step

# Every step that changes what is on the disk by name, or waits for the disk.
STEPS = ("replace", "link", "fsync", "unlink", "chmod", "mkdir")
STOPPED = f"""
import os, sys
left = [int(sys.argv[1])]
def stopping(step):
    def stepped(*arguments, **named):
        if left[0] == 0:
            os._exit(99)
        left[0] -= 1
        return step(*arguments, **named)
    return stepped
for name in {STEPS!r}:
    setattr(os, name, stopping(getattr(os, name)))
from perennial.cli import main
main(['publish'])
"""


def assert_recovers(shop: Shop) -> None:
    """The next publish is like one that nothing had stopped."""
    shop.publish()
    assert shop.number() == 2
    (first,) = (name for name in shop.kept() if "history" not in name)
    assert shop.number(shop.places.kept / first) == 1
    left = (".new", ".wal", ".tmp", ".spill")
    assert not [name for name in shop.files() if any(part in name for part in left)]


def test_killed_before_any_step_the_file_is_one_whole_build(second_build, tmp_path):
    seen = []
    for step in range(100):
        shop = second_build.copy_to(tmp_path / str(step))
        code = outside(shop, sys.executable, "-c", STOPPED, str(step)).returncode
        seen.append(shop.number())
        assert_recovers(shop)
        if code != 99:
            break
    assert code == 0
    # Before the rename it is the old one, after it the new one.
    assert seen == sorted(seen)
    assert seen.count(1) >= 8
    assert seen.count(2) >= 2


@pytest.mark.parametrize("failing", STEPS)
def test_a_step_that_fails_is_told_in_words(
    second_build, tmp_path, failing, monkeypatch
):
    works, calls = getattr(os, failing), 0
    for step in range(20):
        shop = second_build.copy_to(tmp_path / str(step))
        done = [0]

        def fail(*arguments, done=done, step=step, **named):
            done[0] += 1
            if done[0] == step + 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
            return works(*arguments, **named)

        monkeypatch.setattr(os, failing, fail)
        try:
            shop.publish()
            said = ""
        except PublishError as error:
            said = str(error)
        monkeypatch.setattr(os, failing, works)
        if said:
            calls += 1
            assert "No space left on device" in said
            assert "make room" in said
            assert "the published file is as it was" in said
        # What is said of the published file is so.
        assert shop.number() == (1 if said else 2)
        assert_recovers(shop)
        if done[0] <= step:
            break
    # Where there is no second name there is a copy; the folder is there.
    assert bool(calls) == (failing not in ("link", "mkdir"))
    assert done[0] <= step


def test_what_fails_after_the_replace_is_a_warning(second_build, monkeypatch):
    works = os.replace
    replaced = []

    def replace(new, path):
        works(new, path)
        if path == second_build.places.published:
            replaced.append(path)

    def fail(path):
        if replaced:
            raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(durable, "sync", fail)
    monkeypatch.setattr(kept, "prune", lambda *_arguments: fail("kept"))
    result = second_build.run("publish")
    assert result.exit_code == 0, result.output
    assert second_build.number() == 2
    assert "published: build 00000002" in result.stdout
    warnings = [line for line in result.output.splitlines() if "warning:" in line]
    assert len(warnings) == 2
    assert all("published, but" in line for line in warnings)
    assert "as it was" not in result.output


def test_who_does_not_listen_does_not_undo_it(second_build):
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        PUBLISH,
        cwd=second_build.folder,
        env={
            **os.environ,
            **second_build.environment,
            "PYTHONPATH": str(PROJECT),
        },
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")
    assert second_build.number() == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_copy_is_written_is_a_sentence(second_build, number):
    script = (
        "import os, signal\n"
        "from perennial import publish\n"
        "works = publish._close\n"
        "def close(*arguments):\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    works(*arguments)\n"
        "publish._close = close\n"
        "from perennial.cli import main\n"
        "main(['publish'])\n"
    )
    before = second_build.files()
    result = outside(second_build, sys.executable, "-c", script)
    assert result.returncode == 128 + number
    assert result.stderr == (
        f"Error: stopped by {number.name}; nothing was published. Publish again "
        "when you like\n"
    )
    assert second_build.files() == before


def test_a_signal_after_the_replace_stops_nothing(second_build):
    script = (
        "import os, signal\n"
        "works = os.replace\n"
        "def replace(new, path):\n"
        "    works(new, path)\n"
        "    if path.name == 'published.duckdb':\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "os.replace = replace\n"
        "from perennial.cli import main\n"
        "main(['publish'])\n"
    )
    result = outside(second_build, sys.executable, "-c", script)
    assert (result.returncode, result.stderr) == (0, "")
    assert "published: build 00000002" in result.stdout


def test_nobody_else_may_read_what_is_being_written(second_build, monkeypatch):
    second_build.places.published.chmod(0o600)
    modes = []
    works = publish._close

    def close(*arguments):
        modes.append(second_build.places.new.stat().st_mode & 0o777)
        works(*arguments)

    monkeypatch.setattr(publish, "_close", close)
    second_build.publish()
    assert modes == [0o600]
    assert second_build.places.published.stat().st_mode & 0o777 == 0o600


# ------------------------------------------------------------------------ others


def test_two_at_once_are_one_and_a_sentence(second_build):
    with locked(second_build.places):
        before = second_build.files()
        with pytest.raises(LockError, match="another perennial is building"):
            second_build.publish()
        result = outside(second_build)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: another perennial is building")
    assert len(result.stderr.splitlines()) == 1
    assert second_build.files() == before


def test_a_killed_holder_of_the_lock_holds_it_no_more(second_build):
    script = (
        "import sys\n"
        "from perennial.lock import locked\n"
        "from perennial.places import find_places\n"
        "with locked(find_places()):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, **second_build.environment, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    assert outside(second_build).returncode == 1
    holder.kill()
    holder.wait()
    assert outside(second_build).returncode == 0
    assert second_build.number() == 2


def test_all_names_of_one_file_share_a_lock(second_build):
    link = second_build.folder / "link.duckdb"
    link.symlink_to(second_build.places.published)
    with locked(second_build.places):
        result = second_build.run("publish", PERENNIAL_PUBLISHED_FILE=str(link))
    assert result.exit_code == 1
    assert "another perennial" in result.stderr


def test_a_reader_neither_blocks_nor_notices(second_build):
    with duckdb.connect(str(second_build.places.published), read_only=True) as reader:
        query = "select distinct built_by from marts.dim_customers"
        assert reader.execute(query).fetchall() == [(1,)]
        result = outside(second_build)
        assert result.returncode == 0, result.stderr
        assert reader.execute(query).fetchall() == [(1,)]
    assert second_build.number() == 2


def test_a_program_that_writes_to_the_published_file_is_named(second_build):
    holder = hold(second_build.places.published, "write")
    result = outside(second_build)
    holder.communicate("")
    assert result.returncode == 1
    assert "is in use by another process" in result.stderr
    assert f"PID {holder.pid}" in result.stderr


def test_what_a_killed_writer_left_does_not_reach_the_next_file(second_build):
    holder = hold(second_build.places.published, "write")
    holder.kill()
    holder.wait()
    assert durable.wal_of(second_build.places.published).exists()
    assert outside(second_build).returncode == 0
    assert not durable.wal_of(second_build.places.published).exists()
    assert second_build.number() == 2


def test_a_work_file_in_use_is_a_sentence(second_build):
    holder = hold(second_build.places.work, "write")
    result = outside(second_build)
    holder.communicate("")
    assert result.returncode == 1
    assert "the work file" in result.stderr
    assert "is in use by another process" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_whole_build_in_the_log_of_a_killed_process_is_published(second_build):
    """What was committed counts, whether or not it reached the file itself."""
    holder = hold(second_build.places.work, "write")
    holder.kill()
    holder.wait()
    assert durable.wal_of(second_build.places.work).exists()
    assert outside(second_build).returncode == 0
    assert second_build.number() == 2


# ------------------------------------------------------------------------ places


def test_a_symbolic_link_stays_and_what_it_names_is_replaced(second_build, tmp_path):
    real = second_build.places.published
    link = tmp_path / "link.duckdb"
    link.symlink_to(real)
    result = second_build.run("publish", PERENNIAL_PUBLISHED_FILE=str(link))
    assert result.exit_code == 0, result.output
    assert link.is_symlink()
    assert second_build.number(real) == 2
    assert not (tmp_path / "link_builds").exists()


def test_where_files_take_no_second_name_a_copy_is_kept(second_build, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    before = second_build.places.published.read_bytes()
    monkeypatch.setattr(os, "link", refuse)
    second_build.publish()
    (first, _, _) = second_build.kept()
    assert (second_build.places.kept / first).read_bytes() == before


def test_a_kept_folder_that_is_a_file_stops_in_words(second_build):
    for path in second_build.places.kept.iterdir():
        path.unlink()
    second_build.places.kept.rmdir()
    second_build.places.kept.write_text("no folder")
    assert_stops(second_build, "published_builds", "let that folder be written")
    assert second_build.number() == 1


def test_a_kept_folder_that_is_gone_is_made_anew(second_build):
    for path in second_build.places.kept.iterdir():
        path.unlink()
    second_build.places.kept.rmdir()
    second_build.publish()
    assert len(second_build.kept()) == 2


def test_what_cannot_be_deleted_is_a_warning(second_build, monkeypatch):
    second_build.build(2, keep_builds=0)
    works = durable.remove

    def refuse(path):
        if path.parent == second_build.places.kept and "00000001" in path.name:
            if ".tmp" in path.name or path.name.endswith(".wal"):
                return works(path)
            raise PermissionError(errno.EACCES, "Permission denied")
        return works(path)

    monkeypatch.setattr(durable, "remove", refuse)
    said = second_build.publish()
    assert second_build.number() == 2
    start = "warning: published, but could not delete"
    warnings = [line for line in said if line.startswith(start)]
    assert len(warnings) == 2
    assert all("Permission denied" in line for line in warnings)


def test_a_history_apart_need_not_be_there_at_first(shop):
    shop.build(1, history=False)
    shop.publish()
    assert shop.number() == 1
    assert shop.kept() == []


NO_DATABASE = {
    "text": b"no database " * 1000,
    "empty": b"",
}


@pytest.mark.parametrize("content", NO_DATABASE.values(), ids=NO_DATABASE)
def test_a_published_path_that_is_no_database_stays_as_it_is(shop, content):
    shop.build(1)
    shop.places.published.write_bytes(content)
    assert_stops(shop, "is no DuckDB file", "move it away")


def test_a_damaged_block_names_the_file_it_is_in(second_build):
    published = second_build.places.published
    content = bytearray(published.read_bytes())
    # In the second block, behind three headers: the file can still be opened.
    content[3 * 4096 + 262_144 + 100] ^= 0xFF
    published.write_bytes(content)
    assert_stops(
        second_build,
        f"the published file {published} is damaged: a block is not as written",
        "move it away; then publish again",
    )


def test_a_log_of_another_time_is_a_sentence(second_build):
    holder = hold(second_build.places.work, "write")
    holder.kill()
    holder.wait()
    log = durable.wal_of(second_build.places.work)
    kept_log = log.read_bytes()
    second_build.build(3)
    log.write_bytes(kept_log)
    assert_stops(second_build, "are not of one time", f"delete {log}")


def test_a_database_of_somebody_else_is_not_overwritten(shop):
    shop.build(1)
    with duckdb.connect(str(shop.places.published)) as other:
        other.execute("create table precious as select 1 as a")
    assert_stops(shop, "holds no marts.build_info", "move it away")


@pytest.mark.parametrize("name", ["WORK", "HISTORY"])
def test_the_published_file_is_none_of_the_others(shop, name):
    shop.build(1)
    before = shop.files()
    file = shop.environment[f"PERENNIAL_{name}_FILE"]
    result = shop.run("publish", PERENNIAL_PUBLISHED_FILE=file)
    assert result.exit_code == 1
    assert f"PERENNIAL_{name}_FILE and PERENNIAL_PUBLISHED_FILE are one" in (
        result.stderr
    )
    assert shop.files() == before


def test_a_published_path_that_is_a_folder_is_a_sentence(shop):
    shop.build(1)
    shop.places.published.mkdir()
    assert_stops_with_place(shop, "is a folder", str(shop.folder / "published.duckdb"))


def test_a_published_path_in_no_folder_is_a_sentence(shop):
    shop.build(1)
    assert_stops_with_place(
        shop, "there is no folder", str(shop.folder / "no/p.duckdb")
    )


def assert_stops_with_place(shop: Shop, words: str, published: str) -> None:
    result = shop.run("publish", PERENNIAL_PUBLISHED_FILE=published)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "PERENNIAL_PUBLISHED_FILE" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_a_sentence(second_build, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    result = second_build.run("publish")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_a_work_file_there_is_nothing_to_publish(second_build):
    second_build.places.work.unlink()
    assert_stops(second_build, "the work file", "is not there; run dbt build")


def test_a_work_file_that_is_no_database_is_a_sentence(second_build):
    second_build.places.work.write_text("no database " * 1000)
    assert_stops(second_build, "the work file", "is no DuckDB file; run dbt build")


def test_a_damaged_history_stops_and_names_its_last_copy(second_build):
    second_build.places.history.write_text("no database " * 1000)
    assert_stops(
        second_build, "the history file", "is no DuckDB file", "_history.duckdb to"
    )


def test_a_full_disk_is_a_sentence_and_loses_nothing(second_build):
    """A limit on the size of files stands for the disk."""
    limited = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from perennial.cli import main\n"
        "main(['publish'])\n"
    )
    before = second_build.files()
    result = outside(second_build, sys.executable, "-c", limited)
    assert result.returncode == 1
    assert "the published file is as it was" in result.stderr
    assert "make room" in result.stderr
    assert "Traceback" not in result.stderr
    assert second_build.files() == before


def test_a_limit_of_memory_that_is_none_is_a_sentence(second_build):
    before = second_build.files()
    result = second_build.run("publish", PERENNIAL_MEMORY_LIMIT="lots")
    assert result.exit_code == 1
    assert "PERENNIAL_MEMORY_LIMIT is 'lots'" in result.stderr
    assert second_build.files() == before


# ---------------------------------------------------------------------- the demo


def test_the_demo_is_published_with_every_mart_and_comment(published_folder, demo):
    marts = {path.stem for path in (PROJECT / "models/marts").rglob("*.sql")}
    with opened(published_folder / "published.duckdb") as reader:
        tables = reader.execute(
            "select schema_name, table_name, comment is not null from duckdb_tables()"
        ).fetchall()
        assert set(tables) == {("marts", name, True) for name in marts}
        for name in marts - {"build_info"}:
            query = f"select * from marts.{name}"
            assert reader.execute(query).fetchall() == demo.rows(query), name
        ((undescribed,),) = reader.execute(
            "select count(*) from duckdb_columns()"
            " where schema_name = 'marts' and comment is null"
        ).fetchall()
        assert undescribed == 0


def test_a_file_that_takes_a_place_takes_no_log_of_the_old_one(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old.duckdb"
    for path in (new, old, durable.wal_of(old)):
        path.write_text(path.name)
    durable.take_place(new, old)
    assert [path.name for path in tmp_path.iterdir()] == ["old.duckdb"]
    assert old.read_text() == "new"
