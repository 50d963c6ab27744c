"""The marts on CDNOW, the field's standard purchases, against the raw file.

The expected numbers are read from the text file once more, by the width of
its columns and in whole cents: no code is shared with the models or with the
converter that made their input.
"""

import csv
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from importlib.metadata import files
from pathlib import Path

import duckdb
import pytest
from comparison import Built, assert_mart_matches
from conftest import run_dbt
from reference import compute

ROOT = Path(__file__).resolve().parents[2]
CONVERTER = ROOT / "benchmarks" / "cdnow.py"

# What the literature says of the sample: Fader and Hardie's 1/10 of CDNOW.
PUBLISHED_CUSTOMERS = 2357
PUBLISHED_PURCHASES = 6919


def convert(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CONVERTER), str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def purchases() -> dict[str, list[int]]:
    """The cents of each purchase by customer, straight from the raw file."""
    raw_file = next(
        file for file in files("lifetimes") if file.name == "CDNOW_sample.txt"
    )
    cents: dict[str, list[int]] = defaultdict(list)
    for line in raw_file.read_text().splitlines():
        customer_id, dollars = line[1:6], line[23:].strip()
        cents[customer_id].append(int(dollars.replace(".", "")))
    return cents


@pytest.fixture(scope="module")
def orders_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cdnow_input")
    result = convert(folder, "--sample")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def marts(orders_folder, tmp_path_factory):
    """The marts of a build that got orders.csv and nothing else."""
    scratch = tmp_path_factory.mktemp("cdnow_build")
    result = run_dbt(
        *("build", "--vars", f"{{input_path: {orders_folder}}}"),
        scratch=scratch,
        unit_tests=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    with duckdb.connect(str(scratch / "work.duckdb"), read_only=True) as connection:
        yield connection


def test_raw_file_is_the_published_sample(purchases):
    assert len(purchases) == PUBLISHED_CUSTOMERS
    assert sum(map(len, purchases.values())) == PUBLISHED_PURCHASES


def test_every_customer_and_every_order_arrives(marts):
    assert marts.execute("""
        select
            (select count(*) from marts.dim_customers),
            (select count(*) from marts.fct_customer_lifetime_value),
            (select count(*) from marts.fct_orders)
    """).fetchone() == (PUBLISHED_CUSTOMERS, PUBLISHED_CUSTOMERS, PUBLISHED_PURCHASES)


def test_purchases_of_zero_dollars_are_orders(marts, purchases):
    free = sum(cents == 0 for all_cents in purchases.values() for cents in all_cents)
    assert free > 0
    assert marts.execute(
        "select count(*) from marts.fct_orders where net_revenue = 0"
    ).fetchone() == (free,)


def test_revenue_is_exact_to_the_cent(marts, purchases):
    expected = Decimal(sum(map(sum, purchases.values()))) / 100
    assert marts.execute(
        "select sum(net_revenue) from marts.fct_orders"
    ).fetchone() == (expected,)


def test_average_order_value_is_revenue_by_orders(marts, purchases):
    revenue = sum(map(sum, purchases.values())) / 100
    (measured,) = marts.execute("""
        select
            sum(order_count * average_order_value) / sum(order_count)
        from marts.fct_customer_lifetime_value
    """).fetchone()
    assert float(measured) == pytest.approx(revenue / PUBLISHED_PURCHASES, abs=1e-6)


def test_repeat_rate_is_customers_with_two_orders_by_customers(marts, purchases):
    repeaters = sum(len(all_cents) >= 2 for all_cents in purchases.values())
    assert marts.execute("""
        select
            count(*) filter (where order_count >= 2),
            count(*) filter (where order_count >= 1)
        from marts.dim_customers
    """).fetchone() == (repeaters, len(purchases))


def test_historical_revenue_of_every_customer_is_exact(marts, purchases):
    expected = {
        f"files:{customer_id}": Decimal(sum(all_cents)) / 100
        for customer_id, all_cents in purchases.items()
    }
    measured = marts.execute("""
        select customer_key, historical_revenue
        from marts.fct_customer_lifetime_value
    """).fetchall()
    assert dict(measured) == expected


def test_orders_and_first_orders_of_every_customer_are_exact(marts, purchases):
    measured = marts.execute("""
        select
            customer_key,
            count(*),
            count(*) filter (where is_first_order)
        from marts.fct_orders
        group by customer_key
    """).fetchall()
    assert sorted(measured) == sorted(
        (f"files:{customer_id}", len(all_cents), 1)
        for customer_id, all_cents in purchases.items()
    )


@pytest.mark.parametrize("mart", ["fct_customer_lifetime_value", "rpt_clv_calculator"])
def test_the_value_of_orders_alone_matches_the_reference(marts, orders_folder, mart):
    (as_of,) = marts.execute("select as_of_date from marts.build_info").fetchone()
    expected = compute(orders_folder, as_of)
    built = Built("CDNOW sample", orders_folder, as_of, marts, expected)
    assert_mart_matches(built, mart)


def test_orders_alone_give_no_recurring_revenue(marts):
    assert marts.execute("""
        select
            (select count(*) from marts.rpt_mrr_monthly),
            (select count(*) from marts.fct_churn_events)
    """).fetchone() == (0, 0)


def test_converter_gives_every_purchase_an_id_of_its_own(orders_folder):
    with (orders_folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        order_ids = [row["order_id"] for row in csv.DictReader(file)]
    assert len(order_ids) == len(set(order_ids)) == PUBLISHED_PURCHASES


def test_converter_writes_the_same_bytes_again(orders_folder, tmp_path):
    assert convert(tmp_path, "--sample").returncode == 0
    written = (tmp_path / "orders.csv").read_bytes()
    assert written == (orders_folder / "orders.csv").read_bytes()


def test_converter_without_the_wheel_says_what_to_install(tmp_path):
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
    result = convert(taken, "--sample")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: cannot write to")
    assert len(result.stderr.splitlines()) == 1
