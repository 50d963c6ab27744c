"""Kept builds: how many, which, and the way back and forward."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import Result
from conftest import PROJECT
from published import Shop

from perennial import durable, kept
from perennial.kept import KeptError, roll_back
from perennial.publishing import PublishError


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that has published three builds."""
    shop = Shop(tmp_path / "shop")
    for number in (1, 2, 3):
        shop.build(number)
        shop.publish()
    return shop


def kept_numbers(shop: Shop, ending: str = ".duckdb") -> list[int]:
    """The builds whose file is kept, or whose copy of the history."""
    return [
        int(name.split("-")[1][:8])
        for name in shop.kept()
        if name.endswith(ending) and ("history" in name) == ("history" in ending)
    ]


def test_the_last_builds_are_kept_with_their_histories(shop):
    assert kept_numbers(shop) == [1, 2]
    assert kept_numbers(shop, "_history.duckdb") == [1, 2, 3]
    for name in shop.kept():
        number = int(name.split("-")[1][:8])
        file = shop.places.kept / name
        if "history" in name:
            assert shop.rows("from snapshots.snap_builds", file)[-1][1].startswith(
                f"{number:08d}"
            )
        else:
            assert shop.number(file) == number


@pytest.mark.parametrize(("keep", "expected"), [(0, []), (1, [3]), (3, [1, 2, 3])])
def test_as_many_are_kept_as_keep_builds_says(shop, keep, expected):
    shop.build(4, keep_builds=keep)
    shop.publish()
    assert kept_numbers(shop) == expected
    assert kept_numbers(shop, "_history.duckdb") == [*expected, 4]


def test_by_default_three_are_kept(shop):
    for number in (4, 5, 6):
        shop.build(number)
        shop.publish()
    assert kept_numbers(shop) == [3, 4, 5]


def test_a_file_that_is_none_of_ours_is_never_deleted(shop):
    mine = shop.places.kept / "20200101T000000-mine (copy).duckdb"
    mine.touch()
    shop.build(4, keep_builds=0)
    shop.publish()
    assert mine.exists()


def test_rollback_goes_one_build_back(shop):
    result = shop.run("rollback")
    assert result.exit_code == 0, result.output
    assert "published: 00000002" in result.stdout
    assert "As of" in result.stdout
    assert shop.number() == 2
    assert shop.run("rollback").exit_code == 0
    assert shop.number() == 1


def test_before_the_first_build_there_is_nothing(shop):
    shop.run("rollback")
    shop.run("rollback")
    result = shop.run("rollback")
    assert result.exit_code == 1
    assert "no earlier build is kept" in result.stderr
    assert shop.number() == 1


def test_rollback_goes_forward_by_name(shop):
    shop.run("rollback", "00000001")
    assert shop.number() == 1
    assert shop.run("rollback", "00000003").exit_code == 0
    assert shop.number() == 3
    assert kept_numbers(shop) == [1, 2, 3]


def test_rollback_leaves_work_file_and_history_alone(shop):
    before = shop.places.work.read_bytes(), shop.places.history.read_bytes()
    shop.run("rollback")
    assert (shop.places.work.read_bytes(), shop.places.history.read_bytes()) == before


def test_the_published_file_is_no_second_name_of_a_kept_one(shop):
    """Who writes to the one must not change the other."""
    shop.run("rollback")
    (kept,) = shop.places.kept.glob("*-00000002.duckdb")
    assert not kept.samefile(shop.places.published)


def test_after_a_rollback_the_next_publish_goes_on(shop):
    shop.run("rollback", "00000001")
    shop.build(4)
    shop.publish()
    assert shop.number() == 4
    assert kept_numbers(shop) == [1, 2, 3]


def test_after_a_rollback_the_work_file_can_be_published_again(shop):
    shop.run("rollback")
    assert shop.publish()[-1].startswith("published: build 00000003")
    assert shop.number() == 3


def test_rollback_to_what_is_published_changes_nothing(shop):
    before = shop.files()
    assert shop.run("rollback", "00000003").exit_code == 0
    assert shop.files() == before


@pytest.mark.parametrize("name", ["00000009", "zzz", ""])
def test_an_unknown_build_is_a_sentence(shop, name):
    result = shop.run("rollback", name)
    assert result.exit_code == 1
    assert f"no build is called {name!r}" in result.stderr
    assert "--list" in result.stderr


def test_a_name_of_several_builds_is_a_sentence(shop):
    result = shop.run("rollback", "0000000")
    assert result.exit_code == 1
    assert "several builds are called '0000000'" in result.stderr


def test_the_list_shows_every_build_and_marks_the_present_one(shop):
    shop.run("rollback")
    before = shop.files()
    result = shop.run("rollback", "--list")
    assert shop.files() == before
    header, *lines = result.stdout.splitlines()
    assert header.split() == ["build", "as", "of", "started", "published"]
    assert [line.split()[:3] for line in lines] == [
        [f"{number:08d}", "2025-02-28", f"2025-03-{number + 1:02d}"]
        for number in (3, 2, 1)
    ]
    assert ["(published now)" in line for line in lines] == [False, True, False]


def test_the_list_of_nothing_says_so(tmp_path):
    result = Shop(tmp_path / "shop").run("rollback", "--list")
    assert result.exit_code == 0
    assert result.stdout == "nothing is published, and no build is kept\n"


def test_a_damaged_kept_file_is_passed_over(shop):
    (second,) = shop.places.kept.glob("*-00000002.duckdb")
    second.write_bytes(b"damaged" * 100)
    assert shop.run("rollback").exit_code == 0
    assert shop.number() == 1


def test_a_published_file_that_was_deleted_comes_back(shop):
    shop.places.published.unlink()
    assert shop.run("rollback").exit_code == 0
    assert shop.number() == 2


def test_rollback_waits_for_no_one_else(shop):
    from perennial.lock import locked

    with locked(shop.places):
        result = shop.run("rollback")
    assert result.exit_code == 1
    assert "another perennial" in result.stderr


@pytest.mark.parametrize("failing", ["replace", "fsync", "chmod"])
def test_a_rollback_that_fails_leaves_a_whole_file(shop, failing, monkeypatch):
    works = getattr(os, failing)
    for step in range(10):
        left = [step]

        def fail(*arguments, left=left, **named):
            left[0] -= 1
            if left[0] == -1:
                raise OSError(28, "No space left on device", arguments[0])
            return works(*arguments, **named)

        monkeypatch.setattr(os, failing, fail)
        try:
            roll_back(shop.places, "00000001", print)
        except KeptError as error:
            said = str(error)
            assert "No space left on device" in said
            number = shop.number()
            assert ("the published file is as it was" in said) == (
                number == 3 and "cannot keep" not in said
            )
            assert ("is published now" in said) == (number == 1)
        monkeypatch.setattr(os, failing, works)
        assert shop.number() in (1, 3)
        assert not [name for name in shop.files() if ".new" in name or ".tmp" in name]
        roll_back(shop.places, "00000003", print)
        assert shop.number() == 3
        if left[0] >= 0:
            break
    assert step >= 1


def test_a_log_beside_the_published_file_does_not_reach_the_older_one(shop):
    wal = durable.wal_of(shop.places.published)
    with duckdb.connect(str(shop.folder / "other.duckdb")) as other:
        other.execute("create table a as select 1 as b")
        log = durable.wal_of(shop.folder / "other.duckdb").read_bytes()
    wal.write_bytes(log)
    assert shop.run("rollback", "00000001").exit_code == 0
    assert shop.number() == 1


# ---------------------------------------------------------------- damaged files


def kept_file(shop: Shop, number: int) -> Path:
    (path,) = shop.places.kept.glob(f"*-{number:08d}.duckdb")
    return path


def assert_is_sentence(result: Result, *words: str) -> None:
    """Non-zero, one line without what only DuckDB's authors understand."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert "checksum" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_a_kept_file_with_a_damaged_block_is_not_published(shop):
    shop.damage(kept_file(shop, 2))
    before = shop.files()
    assert_is_sentence(
        shop.run("rollback"),
        str(kept_file(shop, 2)),
        "is damaged; choose another: perennial rollback --list",
    )
    assert shop.files() == before
    assert shop.run("rollback", "00000001").exit_code == 0
    assert shop.number() == 1


def damage_catalog(shop: Shop, path: Path) -> None:
    """The blocks that say what the file holds: none of it can be read."""
    content = bytearray(path.read_bytes())
    content[4096:12288] = bytes(8192)
    path.write_bytes(content)


def damage_rows(shop: Shop, path: Path) -> None:
    shop.damage(path)


def cut_off(shop: Shop, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200_000])


def overwrite(shop: Shop, path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


WAYS = (damage_catalog, damage_rows, cut_off, overwrite)


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_published_file_is_replaced_and_not_kept(shop, way):
    way(shop, shop.places.published)
    result = shop.run("rollback")
    assert result.exit_code == 0, result.output
    assert "is damaged, and is not kept" in result.stderr
    assert shop.number() == 2
    assert kept_numbers(shop) == [1, 2]


@pytest.mark.parametrize("way", (damage_catalog, cut_off, overwrite))
def test_the_list_names_what_is_damaged(shop, way):
    way(shop, shop.places.published)
    way(shop, kept_file(shop, 1))
    result = shop.run("rollback", "--list")
    assert result.exit_code == 0, result.output
    _, second, *damaged = result.stdout.splitlines()
    assert second.startswith("00000002")
    for line, path in zip(
        damaged, (shop.places.published, kept_file(shop, 1)), strict=True
    ):
        assert str(path) in line
        assert "is damaged" in line or "is no DuckDB file" in line
        assert "checksum" not in line


def test_a_list_of_damaged_files_only_does_not_say_that_there_are_none(shop):
    for path in (shop.places.published, kept_file(shop, 1), kept_file(shop, 2)):
        damage_catalog(shop, path)
    result = shop.run("rollback", "--list")
    assert result.stdout.startswith("no build can be read\n")
    assert len(result.stdout.splitlines()) == 4
    assert_is_sentence(shop.run("rollback"), "no earlier build is kept")


def test_a_database_of_somebody_else_is_not_replaced(shop):
    shop.places.published.unlink()
    with duckdb.connect(str(shop.places.published)) as other:
        other.execute("create table precious as select 1 as a")
    before = shop.files()
    assert_is_sentence(shop.run("rollback"), "holds no marts.build_info")
    assert shop.files() == before


@pytest.mark.parametrize("command", [["headlines"], ["export", "dim_customers"]])
@pytest.mark.parametrize("way", WAYS)
def test_who_reads_a_damaged_file_is_told_what_to_do(shop, way, command):
    way(shop, shop.places.published)
    if command == ["headlines"] and way is damage_rows:
        shop.damage(shop.places.published, "fct_customer_lifetime_value")
    assert_is_sentence(
        shop.run(*command),
        f"the published file {shop.places.published} is ",
        "perennial rollback brings an earlier build back",
    )


def test_an_export_of_a_damaged_file_leaves_no_part_of_one(shop):
    shop.damage(shop.places.published)
    result = shop.run("export", "dim_customers", "--output", "customers.csv")
    assert_is_sentence(result, "is damaged")
    assert not list(shop.folder.glob("customers.csv*"))


# -------------------------------------------------------------------- left-overs


def test_failed_publishes_take_no_place_of_the_kept_builds(shop, monkeypatch):
    works = kept.keep_present

    def fail(*_arguments):
        raise KeptError("no")

    for number in (4, 5, 6):
        shop.build(number)
        monkeypatch.setattr(kept, "keep_present", fail)
        with pytest.raises(PublishError):
            shop.publish()
    monkeypatch.setattr(kept, "keep_present", works)
    shop.build(7)
    shop.publish()
    assert kept_numbers(shop) == [1, 2, 3]
    assert kept_numbers(shop, "_history.duckdb") == [1, 2, 3, 7]


def test_what_killed_runs_left_is_deleted_and_counts_for_nothing(shop):
    for number in (4, 5, 6):
        name = f"2025030{number}T060000-{number:08d}"
        for ending in (
            *(".duckdb.tmp", "_history.duckdb.tmp", "_history.duckdb.tmp.wal"),
            "_history.duckdb",
        ):
            (shop.places.kept / (name + ending)).write_bytes(b"half")
    shop.build(7)
    shop.publish()
    assert kept_numbers(shop) == [1, 2, 3]
    assert len(shop.kept()) == 7


def test_a_rollback_deletes_what_killed_runs_left(shop):
    (shop.places.kept / "20250304T060000-00000004_history.duckdb.tmp").touch()
    shop.run("rollback")
    assert not [name for name in shop.kept() if ".tmp" in name]


def test_the_spill_of_a_publish_is_not_in_the_way_of_a_rollback(shop, monkeypatch):
    folders = []

    def spill(connection, *_arguments):
        query = "select current_setting('temp_directory')"
        folder = Path(connection.execute(query).fetchall()[0][0])
        folder.mkdir()
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
        folders.append(folder)
        raise KeptError("stopped")

    shop.build(4)
    monkeypatch.setattr("perennial.publish._write_copy", spill)
    with pytest.raises(PublishError):
        shop.publish()
    monkeypatch.undo()
    (folder,) = folders
    assert not folder.exists()
    # A publish that is killed leaves it.
    folder.mkdir()
    (folder / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    result = shop.run("rollback")
    assert result.exit_code == 0, result.output
    shop.publish()
    assert not folder.exists()
    assert shop.number() == 4


def test_a_publish_deletes_what_a_killed_rollback_left(shop):
    left = durable.temporary_of(shop.places.new)
    left.touch()
    shop.build(4)
    shop.publish()
    assert not left.exists()


# ------------------------------------------------------------- after the replace


def test_no_program_can_write_to_the_file_that_is_replaced(shop, monkeypatch):
    works, seen = durable.put_copy, []

    def try_to_write(*arguments):
        writer = "import duckdb, sys; duckdb.connect(sys.argv[1])"
        command = [sys.executable, "-c", writer, str(shop.places.published)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seen.append(done.stderr)
        works(*arguments)

    monkeypatch.setattr(durable, "put_copy", try_to_write)
    assert shop.run("rollback").exit_code == 0
    assert shop.number() == 2
    (said,) = seen
    assert "lock" in said


def test_a_rollback_that_nobody_listens_to_is_no_failure(shop):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "perennial", "rollback"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment, "PYTHONPATH": str(PROJECT)},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    assert shop.number() == 2


def test_a_build_without_headlines_is_brought_back_all_the_same(shop):
    with duckdb.connect(str(kept_file(shop, 2))) as older:
        older.execute("drop table marts.rpt_churn_monthly")
    result = shop.run("rollback")
    assert result.exit_code == 0, result.output
    assert "published: 00000002" in result.stdout
    assert "warning: published, but there are no headlines: " in result.stderr
    assert "rpt_churn_monthly" in result.stderr
