"""The fingerprint tells two inputs apart by one cell, and not by their order."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import duckdb
import pytest
from comparison import Built
from conftest import DEMO, run_dbt

COLUMNS = ("customer_id", "created_at", "email", "acquisition_channel", "platform")
COLUMNS += ("country", "gender", "birth_date", "income_band", "interests")
COLUMNS += ("external_customer_ids", "loaded_at", "deleted_at")
COLUMNS += ("unreadable_because",)
Cells = dict[str, str]
Hash = Callable[[list[Cells]], str]


@pytest.fixture(scope="module")
def expressions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hash of customers as DuckDB has it, and the number as engines share it."""
    inline = (
        "{{ content_hash('customers') }} -- next --"
        "{{ perennial.default__hash_number('word') }}"
    )
    scratch = tmp_path_factory.mktemp("compiled")
    printed = run_dbt("compile", "--quiet", "--inline", inline, scratch=scratch).stdout
    content, number = printed.split("-- next --")
    return {"content_hash": content, "shared_number": number}


@pytest.fixture
def hash_of(expressions: dict[str, str]) -> Hash:
    """The hash of rows that name some columns; the others are missing."""

    def told(rows: list[Cells]) -> str:
        with duckdb.connect() as connection:
            columns = ", ".join(f"{column} varchar" for column in COLUMNS)
            connection.execute(f"create table staged ({columns})")
            for row in rows:
                connection.execute(
                    f"insert into staged values ({', '.join('?' * len(COLUMNS))})",
                    [row.get(column) for column in COLUMNS],
                )
            (found,) = connection.execute(
                f"select {expressions['content_hash']} from staged"
            ).fetchone()
        return found

    return told


ANN = {"customer_id": "ann", "country": "de", "platform": "web"}
BEN = {"customer_id": "ben", "country": "fr"}
CONTENTS: dict[str, list[Cells]] = {
    "no row": [],
    "two rows": [ANN, BEN],
    "one row": [ANN],
    "a row twice": [ANN, ANN],
    "another cell": [ANN, BEN | {"country": "fi"}],
    "another case": [ANN, BEN | {"country": "FR"}],
    "a blank": [ANN, BEN | {"country": "fr "}],
    "a cell more": [ANN, BEN | {"platform": "web"}],
    "an empty cell": [ANN, BEN | {"platform": ""}],
    "cells of another column": [ANN, {"customer_id": "ben", "gender": "fr"}],
    "cells of another row": [ANN | {"country": "fr"}, BEN | {"country": "de"}],
    "a cut elsewhere": [ANN, {"customer_id": "be", "created_at": "n", "country": "fr"}],
    "a length written": [ANN, {"customer_id": "ben-2:fr"}],
    "a broken line": [ANN, {"unreadable_because": "missing columns, md5 1"}],
    "another broken line": [ANN, {"unreadable_because": "missing columns, md5 2"}],
}


def test_two_contents_have_two_hashes(hash_of: Hash) -> None:
    hashes = {name: hash_of(rows) for name, rows in CONTENTS.items()}

    alike = [
        pair for pair in combinations(hashes, 2) if len({*map(hashes.get, pair)}) < 2
    ]
    assert alike == []
    assert all(re.fullmatch("[0-9a-f]{16}", found) for found in hashes.values())


def test_the_order_of_rows_is_no_other_content(hash_of: Hash) -> None:
    assert hash_of([ANN, BEN, ANN]) == hash_of([BEN, ANN, ANN])


def test_engines_without_a_number_from_md5_have_one_digit_by_digit(
    expressions: dict[str, str],
) -> None:
    (number,) = duckdb.execute(
        f"select {expressions['shared_number']} from (select 'abc' as word)"
    ).fetchone()

    # The first eight digits of the md5 of abc, as RFC 1321 gives it.
    assert number == 0x90015098


def test_build_info_names_rows_bytes_and_hash_of_each_input(demo: Built) -> None:
    ((fingerprint,),) = demo.rows("select input_fingerprint from marts.build_info")
    parts = {part.split()[0]: part for part in fingerprint.split("; ")}
    files = {path.stem: path for path in Path(DEMO).glob("*.csv")}

    assert set(parts) == set(files)
    for table, part in parts.items():
        assert f", {files[table].stat().st_size} bytes, hash " in part
        assert re.fullmatch(rf"{table} \d+ rows, \d+ bytes, hash [0-9a-f]{{16}}", part)
