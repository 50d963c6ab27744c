"""A mart as CSV: whole, plain, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from perennial.cli import main
from perennial.export import as_cell, as_safe_text, export_mart, write_csv

# What people wrote into a text column -> what a cell then holds.
FORMULAS = {
    "=1+1": "'=1+1",
    "@SUM(A1:A9)": "'@SUM(A1:A9)",
    "-2+3": "'-2+3",
    "+49 30 123456": "'+49 30 123456",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    "\n=1": "'\n=1",
    "  =x": "'  =x",
    "\u00a0=x": "'\u00a0=x",
    "\ufeff=x": "'\ufeff=x",
    "＝1+1": "'＝1+1",
    '=HYPERLINK("http://example.com";"x")': '\'=HYPERLINK("http://example.com";"x")',
    # A spreadsheet that splits at semicolons splits within our quotes too.
    "tea;=1+1": "tea;'=1+1",
    ";@x": ";'@x",
    "tea\n=1+1": "tea\n'=1+1",
}
HARMLESS = (
    *("", "tea", "a=b", "1-2", "O'Neil", "x@y", "café, crème", '"quoted"'),
    *("files:c1", "~email:5f", "a;b", "two\nlines", "'=1"),
)
ROWS = 200_000


def run(published: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        main,
        ["export", *arguments],
        env={"PERENNIAL_PUBLISHED_FILE": str(published)},
        prog_name="perennial",
    )


def publish(path: Path, query: str) -> Path:
    """A published file with the mart dim_things, and another one."""
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.dim_things as {query}")
        connection.execute("create table marts.fct_orders as select 1 as order_id")
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    query = """
        select
            unnest([2, 1, null]) as thing_id,
            unnest(['=1+1', 'tea', null]) as product_name,
            unnest(['\t=1', '@SUM', null]) as acquisition_channel,
            unnest([-5.5, 0, null]::decimal(18, 6)[]) as amount,
            unnest([1e-7, -1e21, null]::double[]) as rate,
            unnest([date '2025-01-31', '0900-01-01', null]) as day,
            unnest([timestamp '2025-01-31 10:30:00', null, null]) as moment,
            unnest([true, false, null]) as is_new
    """
    return publish(tmp_path_factory.mktemp("export") / "published.duckdb", query)


@pytest.mark.parametrize(("text", "cell"), FORMULAS.items())
def test_a_text_that_is_a_formula_is_none_any_more(text: str, cell: str) -> None:
    assert as_safe_text(text) == cell
    # And stays so when the cell is written and read again.
    stream = io.StringIO(newline="")
    write_csv(stream, ["name"], [[text]])
    assert list(csv.reader(io.StringIO(stream.getvalue(), newline=""))) == [
        ["name"],
        [cell],
    ]


@pytest.mark.parametrize("text", HARMLESS)
def test_another_text_stays_what_it_is(text: str) -> None:
    assert as_safe_text(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-5, "-5"),
        (Decimal("-5.500000"), "-5.500000"),
        (Decimal("0E-6"), "0.000000"),
        (1e-07, "0.0000001"),
        (-1e21, "-1000000000000000000000"),
        (True, "true"),
        (date(2025, 1, 31), "2025-01-31"),
        (datetime(2025, 1, 31, 10, 30), "2025-01-31 10:30:00"),
    ],
)
def test_numbers_stay_numbers_and_dates_are_iso(value: Any, cell: str) -> None:
    assert as_cell(value) == cell


def test_an_export_has_a_header_and_the_rows_in_their_order(published: Path) -> None:
    result = run(published, "dim_things")

    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.decode().split("\r\n") == [
        "thing_id,product_name,acquisition_channel,amount,rate,day,moment,is_new",
        "2,'=1+1,'\t=1,-5.500000,0.0000001,2025-01-31,2025-01-31 10:30:00,true",
        "1,tea,'@SUM,0.000000,-1000000000000000000000,0900-01-01,,false",
        ",,,,,,,",
        "",
    ]


def test_a_dash_is_standard_output_and_the_schema_may_be_named(
    published: Path,
) -> None:
    plain = run(published, "dim_things").stdout

    assert run(published, "marts.dim_things", "--output", "-").stdout == plain


def test_a_file_is_the_same_bytes_and_nothing_is_left_beside_it(
    published: Path, tmp_path: Path
) -> None:
    output = tmp_path / "things.csv"
    output.write_text("an older export, longer than the new one " * 100)

    result = run(published, "dim_things", "--output", str(output))

    assert result.stdout == f"{output}  3 rows\n"
    assert output.read_bytes() == run(published, "dim_things").stdout_bytes
    assert [path.name for path in tmp_path.iterdir()] == ["things.csv"]


def test_an_export_that_fails_leaves_the_file_of_before(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "things.csv"
    output.write_text("before")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("perennial.export.write_csv", no_space)
    result = run(published, "dim_things", "--output", str(output))

    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "No space left on device" in result.stderr
    assert output.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["things.csv"]


@pytest.mark.parametrize("name", ["dim_thing", "Dim_Thigns", "marts.dim_thing"])
def test_an_unknown_mart_is_an_error_that_names_the_nearest(
    published: Path, name: str
) -> None:
    result = run(published, name)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"there is no mart {name} (did you mean dim_things?)" in result.stderr
    assert "the marts are dim_things, fct_orders" in result.stderr


@pytest.mark.parametrize(
    "name", ["x' or 1=1 --", 'dim_things"; drop table x', "main.dim_things", ""]
)
def test_a_name_that_is_sql_is_an_unknown_mart(published: Path, name: str) -> None:
    result = run(published, name)

    assert result.exit_code == 1
    assert f"there is no mart {name}" in result.stderr


def test_a_folder_or_a_device_is_no_file_to_write_to(
    published: Path, tmp_path: Path
) -> None:
    for place in (str(tmp_path), "/dev/null"):
        result = run(published, "dim_things", "--output", place)
        assert result.exit_code == 1
        assert "leave out --output" in result.stderr
    assert Path("/dev/null").is_char_device()


def test_without_a_published_file_it_says_what_to_do(tmp_path: Path) -> None:
    result = run(tmp_path / "none.duckdb", "dim_things")

    assert result.exit_code == 1
    assert "perennial build" in result.stderr


def test_rows_are_not_all_held_at_once(tmp_path: Path) -> None:
    file = publish(
        tmp_path / "published.duckdb",
        f"select range as thing_id, 'x' || range as product_name from range({ROWS})",
    )

    class Counted(io.TextIOBase):
        written = 0

        def write(self, text: str) -> int:
            self.written += len(text)
            return len(text)

    stream = Counted()
    tracemalloc.start()
    try:
        assert export_mart(file, "dim_things", stream) == ROWS
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All rows as Python objects take ten times as much.
    assert peak < 6_000_000
    assert stream.written > 10 * ROWS


def test_every_mart_of_a_build_can_be_exported(
    demo_scratch: Path,
) -> None:
    with duckdb.connect(demo_scratch / "work.duckdb", read_only=True) as connection:
        marts = connection.execute(
            "select table_name, estimated_size from duckdb_tables()"
            " where schema_name = 'marts'"
        ).fetchall()
    assert marts
    for mart, count in marts:
        stream = io.StringIO(newline="")
        export_mart(demo_scratch / "work.duckdb", mart, stream)
        read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
        assert len(read) == count + 1, mart
