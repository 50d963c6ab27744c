"""Kept builds: how many, which, and the way back and forward."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from published import Shop

from perennial import durable
from perennial.kept import KeptError, roll_back


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
            roll_back(shop.places, "00000001")
        except KeptError as error:
            assert "No space left on device" in str(error)
        monkeypatch.setattr(os, failing, works)
        assert shop.number() in (1, 3)
        assert not [name for name in shop.files() if ".new" in name]
        roll_back(shop.places, "00000003")
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
