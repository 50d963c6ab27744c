"""What a build says to inputs that are missing, misnamed, doubled or broken.

A build that can not do what was meant stops with one line that says what was
looked for and where; it never reads less than the user believes, and never
builds the demo instead. Inputs that are merely absent, typed, in parts or in
tables give marts of the same shape.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import opened, run_dbt
from dbt_sequence import Case, Result, run_cases

Write = Callable[[Path], None]

ORDERS = """\
order_id,customer_id,ordered_at,gross_amount
o1,c1,2025-01-05,10.00
o2,c2,2025-02-05,20.50
"""
SUBSCRIPTIONS = """\
subscription_id,customer_id,started_at,unit_amount,billing_interval
s1,c1,2025-01-31,10.00,month
s2,c2,2025-02-15,120.00,year
"""
# Written as exports have them: numbers that are numbers, times that are times.
TYPED_ORDERS = """
    select
        unnest([7, 8, 9]) as order_id,
        unnest([1.0, 2.0, 2.0]::double[]) as customer_id,
        unnest([
            timestamp '2025-01-05 10:30:00', timestamp '2025-01-06',
            timestamp '2025-02-01'
        ]) as ordered_at,
        unnest([10.1, 1e-5, 'nan']::double[]) as gross_amount,
        unnest([1.5, null, null]::decimal(9, 2)[]) as discount_amount,
        unnest([
            timestamptz '2025-01-08 00:30:00+02:00', null, null
        ]) as refunded_at,
        unnest([0.6, null, null]::float[]) as refunded_amount
"""


def csv(name: str, content: str) -> Write:
    """Writes one file of the folder."""

    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")

    return write


def parquet(name: str, query: str) -> Write:
    """Writes the answer of a query as one file of the folder."""

    def write(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"copy ({query}) to '{folder / name}'")

    return write


def bad_rows() -> str:
    """A hundred orders: three with a bad amount, four more with a bad date too."""
    lines = [
        f"o{number},c{number % 7},"
        f"{'31/01/2025' if number < 4 else '2025-01-31'},"
        f"{'$5' if number < 7 else '5'}"
        for number in range(100)
    ]
    return "\n".join(["order_id,customer_id,ordered_at,gross_amount", *lines, ""])


def bad_rows_among_deleted_ones() -> str:
    """The same behind twenty orders that their source took back."""
    header, *lines = bad_rows().splitlines()
    deleted = [f"d{number},,,,2025-01-31" for number in range(20)]
    rows = [f"{header},deleted_at", *deleted, *(f"{line}," for line in lines), ""]
    return "\n".join(rows)


# ----------------------------------------------------------- builds that stop


@dataclass(frozen=True)
class Stopped:
    """An input or a variable that a build refuses, and what it has to say."""

    says: tuple[str, ...]
    files: tuple[Write, ...] = ()
    variables: dict[str, object] = field(default_factory=dict)


STOPPED = {
    "a folder without orders and subscriptions": Stopped(
        files=(csv("customers.csv", "customer_id\nc1\n"),),
        says=(
            "no orders and no subscriptions: looked in folder {folder} for "
            "orders.csv, orders.parquet, a folder orders/, and the same for "
            "subscriptions",
        ),
    ),
    "a folder that is not there": Stopped(
        variables={"input_path": "no/such/folder"},
        says=("no orders and no subscriptions: looked in folder no/such/folder",),
    ),
    "a schema without orders and subscriptions": Stopped(
        variables={"input_schema": "no_such_schema"},
        says=(
            "no orders and no subscriptions: looked in schema no_such_schema for "
            "the tables orders and subscriptions",
        ),
    ),
    "a misspelt file": Stopped(
        files=(csv("orders.csv", ORDERS), csv("Subscripton.csv", SUBSCRIPTIONS)),
        says=(
            "no table of the input contract for Subscripton.csv in {folder}",
            "did you mean subscriptions?",
            "the tables are customers, orders, subscriptions, subscription_changes",
        ),
    ),
    "a misspelt variable": Stopped(
        variables={"input_pth": "x"},
        says=(
            "there is no variable input_pth",
            "did you mean input_path?",
            "the variables are input_path, input_schema",
        ),
    ),
    "two forms of one table": Stopped(
        files=(csv("orders.csv", ORDERS), parquet("orders.parquet", TYPED_ORDERS)),
        says=(
            "table orders is there in 2 forms (csv file, parquet file) in {folder}",
            "keep one",
        ),
    ),
    "a folder and a schema": Stopped(
        variables={"input_path": "some/folder", "input_schema": "raw"},
        says=("input_path and input_schema are both set",),
    ),
    "a missing required column": Stopped(
        files=(
            csv("subscriptions.csv", SUBSCRIPTIONS),
            csv("orders.csv", "Order_ID,customer_id,total\no1,c1,5\n"),
        ),
        says=(
            "{folder}/orders.csv: table orders needs the columns "
            "ordered_at, gross_amount; the file has Order_ID, customer_id and 1 more",
        ),
    ),
    "a column twice": Stopped(
        files=(
            csv(
                "orders.csv",
                "order_id,customer_id,ordered_at,gross_amount,Gross_Amount\n"
                "o1,c1,2025-01-05,5,6\n",
            ),
        ),
        says=("{folder}/orders.csv: column gross_amount is there twice",),
    ),
    "an empty file": Stopped(
        files=(csv("orders.csv", ""),),
        says=(
            "{folder}/orders.csv: the first line is empty; "
            "it has to name the columns of orders",
        ),
    ),
    "an unknown currency": Stopped(
        variables={"reporting_currency": "dollars"},
        says=(
            "variable reporting_currency: dollars is not accepted",
            "it takes text that matches [A-Z]{{3}}",
        ),
    ),
    "words for a number": Stopped(
        variables={"lapsed_after_days": "x"},
        says=(
            "variable lapsed_after_days: x is not accepted",
            "it takes a whole number from 1",
        ),
    ),
    "too many bad rows": Stopped(
        files=(csv("orders.csv", bad_rows()),),
        says=(
            "7 of 100 rows of orders can not be used",
            "4 x invalid_date:ordered_at; invalid_amount:gross_amount",
            "3 x invalid_amount:gross_amount",
            "max_rejected_share is 0.01",
            "{work_file}: select file_name, line_number, reasons from ",
            "int_orders_checked",
            " where reasons is not null",
        ),
    ),
    "too many bad rows among deleted ones": Stopped(
        files=(csv("orders.csv", bad_rows_among_deleted_ones()),),
        says=(
            "7 of 120 rows of orders can not be used "
            "(4 x invalid_date:ordered_at; invalid_amount:gross_amount, "
            "3 x invalid_amount:gross_amount)",
            "The first is {folder}/orders.csv, line 22. ",
        ),
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a refused build printed, and where it would have built."""

    returncode: int
    text: str
    folder: Path
    work_file: Path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """All refused builds. A wrong policy is met while parsing: a run of its own."""
    scratches = {name: tmp_path_factory.mktemp("stopped") for name in STOPPED}
    runs = {name: refused_run(STOPPED[name], scratches[name]) for name in STOPPED}
    alone = ["an unknown currency", "words for a number"]
    together = [name for name in STOPPED if name not in alone]
    results: dict[str, Result] = {}
    for name in alone:
        run = run_dbt(*runs[name].arguments, scratch=scratches[name], check=False)
        results[name] = Result(run.returncode, run.stdout + run.stderr)
    in_sequence = run_cases(
        [runs[name] for name in together], tmp_path_factory.mktemp("sequence")
    )
    results |= dict(zip(together, in_sequence, strict=True))
    return {
        name: Outcome(
            results[name].returncode,
            results[name].text,
            scratches[name] / "input",
            scratches[name] / "work.duckdb",
        )
        for name in STOPPED
    }


def refused_run(case: Stopped, scratch: Path) -> Case:
    folder = scratch / "input"
    for write in case.files:
        write(folder)
    variables = case.variables or {"input_path": str(folder)}
    data_only = ["--exclude-resource-type", "unit_test"]
    return Case(
        ["build", *data_only, "--vars", json.dumps(variables)],
        str(scratch / "work.duckdb"),
    )


def built_tables(work_file: Path) -> set[str]:
    if not work_file.exists():
        return set()
    with opened(work_file) as connection:
        return {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }


@pytest.mark.parametrize("name", STOPPED)
def test_a_refused_build_says_why_in_one_line(name, outcomes):
    outcome = outcomes[name]
    places = {"folder": outcome.folder, "work_file": outcome.work_file}
    says = [phrase.format(**places) for phrase in STOPPED[name].says]
    assert outcome.returncode != 0
    assert "Traceback" not in outcome.text
    lines = [line for line in outcome.text.splitlines() if says[0] in line]
    assert len(lines) == 1, outcome.text
    assert not [phrase for phrase in says if phrase not in lines[0]], lines[0]


@pytest.mark.parametrize("name", [name for name in STOPPED if "bad rows" not in name])
def test_a_refused_input_touches_no_table(name, outcomes):
    assert built_tables(outcomes[name].work_file) == set()


def test_too_many_bad_rows_stop_before_any_number_and_stay_to_be_seen(outcomes):
    outcome = outcomes["too many bad rows"]
    tables = built_tables(outcome.work_file)
    # The rejected rows themselves are the one mart that explains the stop.
    assert {table for table in tables if table.startswith("marts.")} <= {
        "marts.fct_rejected_rows"
    }
    (line,) = [line for line in outcome.text.splitlines() if "To see them" in line]
    query = line.split(f"{outcome.work_file}: ")[1]
    with opened(outcome.work_file) as connection:
        assert len(connection.execute(query).fetchall()) == 7


# ----------------------------------------------------------- builds that pass


@dataclass(frozen=True)
class Passed:
    """A build of a small input."""

    result: subprocess.CompletedProcess[str]
    warehouse: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple]:
        return self.warehouse.execute(query).fetchall()

    def columns(self) -> dict[str, list[tuple[str, str]]]:
        return columns_of_marts(self.warehouse)

    def row_counts(self) -> dict[str, int]:
        return {
            mart: self.rows(f"select count(*) from marts.{mart}")[0][0]
            for mart in self.columns()
        }


def columns_of_marts(
    warehouse: duckdb.DuckDBPyConnection,
) -> dict[str, list[tuple[str, str]]]:
    """Each mart with its columns and their types."""
    marts: dict[str, list[tuple[str, str]]] = {}
    for mart, column, data_type in warehouse.execute("""
        select table_name, column_name, data_type
        from information_schema.columns
        where table_schema = 'marts'
        order by table_name, ordinal_position
    """).fetchall():
        marts.setdefault(mart, []).append((column, data_type))
    return marts


@contextmanager
def passed(scratch: Path, variables: dict[str, object]) -> Iterator[Passed]:
    result = run_dbt("build", "--vars", json.dumps(variables), scratch=scratch)
    with opened(scratch / "work.duckdb") as warehouse:
        yield Passed(result, warehouse)


@pytest.fixture(scope="module")
def subscriptions_only(tmp_path_factory) -> Iterator[Passed]:
    """A build of a folder with nothing but subscriptions.csv."""
    scratch = tmp_path_factory.mktemp("subscriptions_only")
    csv("subscriptions.csv", SUBSCRIPTIONS)(scratch / "input")
    with passed(scratch, {"input_path": str(scratch / "input")}) as build:
        yield build


@pytest.fixture(scope="module")
def orders_only(tmp_path_factory) -> Iterator[Passed]:
    """A build of a folder with nothing but a typed orders.parquet."""
    scratch = tmp_path_factory.mktemp("orders_only")
    parquet("orders.parquet", TYPED_ORDERS)(scratch / "input")
    with passed(scratch, {"input_path": str(scratch / "input")}) as build:
        yield build


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> Iterator[Passed]:
    """A build of a folder of orders in part files, as several systems write them."""
    scratch = tmp_path_factory.mktemp("parts")
    for write in (
        csv("orders/2025-01.csv", ORDERS + "o9,c9,2025-02-05,5,jo@example.com\n"),
        csv(
            "orders/2025-02.csv",
            "\ufeffgross_amount;Ordered_At;order_id;note;customer_id\r\n"
            '"5.50";"2025-02-06";"o3";"a; b";"c1"\r\n'
            "6.50;2025-02-07;o4;;c3\r\n",
        ),
        csv(".notes.txt", "a hidden file is no input"),
        csv("subscriptions.csv", SUBSCRIPTIONS.splitlines()[0] + "\n"),
    ):
        write(scratch / "input")
    with passed(scratch, {"input_path": str(scratch / "input")}) as build:
        yield build


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Iterator[Passed]:
    """A build of tables of text in a schema of the work file."""
    scratch = tmp_path_factory.mktemp("tables")
    with duckdb.connect(scratch / "work.duckdb") as connection:
        connection.execute("create schema raw")
        for table, content in (("orders", ORDERS), ("subscriptions", SUBSCRIPTIONS)):
            csv(f"{table}.csv", content)(scratch / "files")
            connection.execute(f"""
                create table raw.{table} as
                from read_csv('{scratch / "files"}/{table}.csv', all_varchar = true)
            """)
    with passed(scratch, {"input_schema": "raw"}) as build:
        yield build


@pytest.mark.parametrize(
    "name", ["subscriptions_only", "orders_only", "parts", "tables"]
)
def test_marts_have_all_their_columns_whatever_is_absent(name, request, demo):
    build = request.getfixturevalue(name)
    assert build.columns() == columns_of_marts(demo.warehouse)


def test_the_announcement_names_what_was_read_and_what_is_absent(
    subscriptions_only, parts, tables
):
    def words(build: Passed) -> str:
        return " ".join(build.result.stdout.split())

    assert "subscriptions.csv, 2 rows" in words(subscriptions_only)
    assert "orders absent" in words(subscriptions_only)
    assert "the bundled demo" not in words(subscriptions_only)
    assert "orders 2 files like" in words(parts)
    assert "orders/2025-01.csv, 5 rows" in words(parts)
    assert "subscriptions.csv, 0 rows" in words(parts)
    assert "Inputs: schema raw" in words(tables)
    assert '"raw"."orders", 2 rows' in words(tables)


def test_subscriptions_alone_give_mrr_and_no_orders(subscriptions_only):
    counts = subscriptions_only.row_counts()
    assert counts["fct_orders"] == 0
    assert counts["dim_customers"] == 2
    assert counts["fct_mrr_movements"] == 2
    assert counts["fct_churn_events"] == 0
    assert subscriptions_only.rows("""
        select cast(revenue_month as text), ending_mrr
        from marts.rpt_mrr_monthly
        order by revenue_month
    """) == [("2025-01-01", Decimal(10)), ("2025-02-01", Decimal(20))]


def test_typed_parquet_orders_alone_are_read_to_the_digit(orders_only):
    assert orders_only.rows("""
        select
            order_id, customer_key, ordered_at, gross_amount, discount_amount,
            refunded_amount, net_revenue
        from marts.fct_orders
        order by order_id
    """) == [
        (
            *("7", "files:1", datetime(2025, 1, 5, 10, 30)),
            *map(Decimal, ("10.1", "1.5")),
            # Refunded on the 7th UTC, after the last order that counts.
            *map(Decimal, ("0", "8.6")),
        ),
        (
            *("8", "files:2", datetime(2025, 1, 6)),
            *map(Decimal, ("0.00001", "0", "0", "0.00001")),
        ),
    ]
    assert orders_only.rows(
        "select line_number, reasons, raw_row from marts.fct_rejected_rows"
    ) == [
        (
            3,
            "invalid_amount:gross_amount",
            "order_id=9, customer_id=2, ordered_at=2025-02-01 00:00:00, "
            "gross_amount=nan",
        )
    ]


def test_orders_alone_give_no_row_about_subscriptions(orders_only):
    counts = orders_only.row_counts()
    assert {mart for mart, count in counts.items() if count == 0} == {
        "fct_mrr_movements",
        "fct_customer_mrr",
        "rpt_mrr_monthly",
        "fct_churn_events",
        "rpt_churn_monthly",
        "rpt_churn_reasons_monthly",
        "fct_subscription_terms",
        "rpt_renewals_monthly",
        "rpt_cac_monthly",
        "rpt_mrr_by_slice_monthly",
        "rpt_trials_monthly",
        "rpt_subscription_survival",
        "rpt_upcoming_renewals",
        # Nothing to do with subscriptions: no items, and one build only.
        "dim_products",
        "rpt_product_profitability",
        "rpt_restatements",
        # The one month of the orders still runs.
        "rpt_closed_months",
    }
    assert counts["dim_customers"] == counts["fct_customer_lifetime_value"] == 2


def test_part_files_are_matched_by_header_each_with_its_own_order(parts):
    assert parts.rows("""
        select order_id, customer_key, cast(order_date as text), net_revenue
        from marts.fct_orders
        order by order_id
    """) == [
        ("o1", "files:c1", "2025-01-05", Decimal(10)),
        ("o2", "files:c2", "2025-02-05", Decimal("20.5")),
        ("o3", "files:c1", "2025-02-06", Decimal("5.5")),
        ("o4", "files:c3", "2025-02-07", Decimal("6.5")),
    ]


def test_a_line_that_does_not_split_is_rejected_and_its_text_is_not_shown(parts):
    (row,) = parts.rows("""
        select file_name, line_number, reasons, raw_row
        from marts.fct_rejected_rows
    """)
    assert row[0].endswith("orders/2025-01.csv")
    assert row[1:3] == (4, "unreadable_line")
    assert "example.com" not in row[3]
    assert "33 characters, md5 " in row[3]


def test_tables_of_a_schema_give_what_files_give(tables, subscriptions_only):
    query = "select * from marts.fct_mrr_movements order by customer_key"
    assert tables.rows(query) == subscriptions_only.rows(query)
    assert tables.rows("select sum(net_revenue) from marts.fct_orders") == [
        (Decimal("30.5"),)
    ]


@pytest.mark.parametrize(
    "name", ["subscriptions_only", "orders_only", "parts", "tables"]
)
def test_every_row_that_was_brought_is_accounted_for(name, request):
    build = request.getfixturevalue(name)
    assert (
        build.rows("""
        select table_name, raw_rows, raw_amount
        from marts.rpt_input_reconciliation
        where
            raw_rows <> accepted_rows + rejected_rows + after_as_of_rows
            or raw_amount <> accepted_amount + rejected_amount + after_as_of_amount
    """)
        == []
    )
