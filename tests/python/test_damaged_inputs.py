"""Damaged files: every row is accounted for, or the build stops and says why.

Each case is a file as people have sent it. Either the reconciliation has the
numbers that one counts by hand, or the exit code is not zero and the message
names the file and the cause. `pytest -s` prints what became of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import build_folder, opened
from dbt_sequence import Case, Result, run_cases
from reference.contract import CONTRACTS

AS_OF = date(2024, 6, 30)
GOOD_ROWS = 5

# The header of each small file, and a row of it.
SMALL = {
    "customers": ("customer_id,country", "c{n},DE"),
    "orders": (
        "order_id,customer_id,ordered_at,gross_amount,platform",
        "o{n},c1,2024-01-0{n},10,web",
    ),
    "order_items": (
        "order_item_id,order_id,product_id,quantity,unit_price",
        "i{n},o1,p1,1,10",
    ),
    "products": ("product_id,product_name,list_price", "p{n},Mug,10"),
    "subscriptions": (
        "subscription_id,customer_id,started_at,unit_amount,billing_interval",
        "s{n},c1,2024-01-01,10,month",
    ),
    "subscription_changes": (
        "subscription_id,changed_at,unit_amount,plan_id",
        "s1,2024-02-0{n},10,pro",
    ),
    "invoices": (
        "invoice_id,subscription_id,period_start,period_end,amount_due",
        "v{n},s1,2024-01-01,2024-02-01,10",
    ),
    "marketing_spend": ("spend_date,channel,amount", "2024-01-0{n},ads,10"),
    "platform_sessions": ("session_date,platform,sessions", "2024-01-0{n},web,10"),
    "exchange_rates": ("rate_date,currency,rate", "2024-01-0{n},EUR,1.1"),
    "customer_events": (
        "event_id,customer_id,occurred_at,event_type",
        "e{n},c1,2024-01-01,login",
    ),
    "customer_feedback": (
        "feedback_id,customer_id,submitted_at,score",
        "f{n},c1,2024-01-01,9",
    ),
}
assert SMALL.keys() == CONTRACTS.keys()


def good(table: str, *more: str) -> str:
    """Five good rows, and further lines as they are."""
    header, row = SMALL[table]
    rows = [row.format(n=number) for number in range(1, GOOD_ROWS + 1)]
    return "\n".join([header, *rows, *more]) + "\n"


@dataclass(frozen=True)
class Counted:
    """A file that is read, and what a person counts in it."""

    name: str
    table: str
    content: str | bytes | dict[str, str]
    accepted: int
    rejected: int = 0
    # The sum of the accepted amounts, where the table has one.
    amount: str = "0"


def counted(name: str, table: str, content: str | bytes, *numbers: int) -> Counted:
    """A case of five good rows of 10, and some that are accepted or rejected."""
    accepted, rejected = numbers
    amount = str(10 * accepted) if CONTRACTS[table].primary_amount else "0"
    return Counted(name, table, content, accepted, rejected, amount)


def quoted(table: str) -> str:
    lines = good(table).splitlines()
    cells = (",".join(f'"{cell}"' for cell in line.split(",")) for line in lines)
    return "\n".join([*cells, '"p6","Mug, ""big""\nand red","10"']) + "\n"


def shuffled(table: str) -> str:
    lines = [line.split(",") for line in good(table).splitlines()]
    return "\n".join(",".join([*reversed(line), "note"]) for line in lines) + "\n"


TOO_MUCH = ("NaN", "inf", "9" * 400, "9" * 13, "1e5", "9223372036854775808")
FIRST = [
    counted(
        *("byte order mark and CRLF", "customers"),
        b"\xef\xbb\xbf" + good("customers").replace("\n", "\r\n").encode(),
        *(5, 0),
    ),
    counted("truncated last line", "orders", good("orders")[:-12], 4, 1),
    counted(
        *("too many and too few fields", "order_items"),
        good("order_items", "i6,o1,p1,1,10,surplus", "i7,o1"),
        *(5, 2),
    ),
    Counted("everything in quotes", "products", quoted("products"), 6),
    counted(
        *("columns shuffled and one too many", "subscriptions"),
        shuffled("subscriptions"),
        *(5, 0),
    ),
    counted(
        *("dates that are none", "subscription_changes"),
        good(
            "subscription_changes",
            *("s1,03/02/2024,10,pro", "s1,0000-00-00,10,pro", "s1,2023-02-30,10,pro"),
        ),
        *(5, 3),
    ),
    counted(
        *("decimal commas and currency signs", "invoices"),
        good(
            "invoices",
            'v6,s1,2024-01-01,2024-02-01,"1,50"',
            'v7,s1,2024-01-01,2024-02-01,"1.234,50"',
            "v8,s1,2024-01-01,2024-02-01,$5",
            "v9,s1,2024-01-01,2024-02-01,1,50",
        ),
        *(5, 4),
    ),
    counted(
        *("numbers beyond all bounds", "marketing_spend"),
        good(
            "marketing_spend",
            *(f"2024-01-01,ads,{amount}" for amount in TOO_MUCH),
        ),
        *(5, 6),
    ),
    counted(
        *("semicolons", "platform_sessions"),
        good("platform_sessions").replace(",", ";"),
        *(5, 0),
    ),
    counted(
        *("tabs", "exchange_rates"),
        good("exchange_rates").replace(",", "\t"),
        *(5, 0),
    ),
    counted(
        *("formulas, SQL and templates as text", "customer_events"),
        good(
            "customer_events",
            "=1+1,@c,2024-01-01,\"=cmd|' /C calc'!A0\"",
            "'; drop table x; --,c'1,2024-01-01,$$ or 1=1",
            "{{ 1/0 }},{% raw %},2024-01-01,\\n",
        ),
        *(8, 0),
    ),
    counted(
        *("a row of totals", "customer_feedback"),
        good("customer_feedback", "TOTAL,,,45"),
        *(5, 1),
    ),
]
SECOND = [
    counted(
        *("Latin-1", "customers"),
        good("customers", "c6,Österreich").encode("latin-1"),
        *(5, 1),
    ),
    counted(
        *("NUL bytes", "orders"),
        good("orders", "o6,c1,2024-01-06,10,w\0b", "\0\0\0"),
        *(6, 1),
    ),
    Counted("only a header", "order_items", SMALL["order_items"][0] + "\n", 0),
    counted(
        *("line ends of an old Mac", "products"),
        good("products").replace("\n", "\r"),
        *(5, 0),
    ),
    counted(
        *("negative amounts", "subscriptions"),
        good("subscriptions", "s6,c1,2024-01-01,-10,month"),
        *(5, 1),
    ),
    counted(
        *("blank lines", "subscription_changes"),
        good("subscription_changes").replace("\n", "\n\n"),
        *(5, 0),
    ),
    counted(
        *("a quote that opens on the last line", "invoices"),
        good("invoices", 'v6,s1,2024-01-01,2024-02-01,"10').rstrip(),
        *(5, 1),
    ),
    counted(
        *("spaces around names and values", "marketing_spend"),
        good("marketing_spend").replace(",", " , ").replace("spend_date", "SPEND_DATE"),
        *(5, 0),
    ),
    counted(
        *("a line twice", "platform_sessions"),
        good("platform_sessions", "2024-01-01,web,10"),
        *(5, 1),
    ),
    counted(
        *("no line end at the end", "exchange_rates"),
        good("exchange_rates").rstrip(),
        *(5, 0),
    ),
    counted(
        *("a field of nearly two megabytes", "customer_events"),
        good("customer_events", "e6,c1,2024-01-01," + "x" * 1_900_000),
        *(6, 0),
    ),
    Counted(
        *("several files in a folder", "customer_feedback"),
        {
            "a.csv": good("customer_feedback"),
            "b.csv": "score;feedback_id;customer_id;submitted_at\n3;g1;c1;2024-01-01\n",
        },
        accepted=6,
    ),
]
# In Parquet a case is the query that writes it.
PARQUET = [
    Counted(
        *("whole numbers as ids", "customers"),
        "select i::bigint as customer_id from range(3) as t (i)",
        accepted=3,
    ),
    Counted(
        *("amounts as text", "orders"),
        """
        select
            i::int as order_id, 1::smallint as customer_id,
            date '2024-01-01' + i::int as ordered_at, v as gross_amount
        from (values (1, '10.5'), (2, 'x'), (3, '1,50'), (4, ' 7 ')) as t (i, v)
        """,
        accepted=2,
        rejected=2,
        amount="17.5",
    ),
    Counted(
        *("doubles that are no numbers", "order_items"),
        """
        select
            'i' || i as order_item_id, '1' as order_id, 'p' as product_id,
            1 as quantity, v::double as unit_price
        from (
            values (1, 'nan'), (2, 'inf'), (3, '-inf'), (4, '10.25'), (5, null),
            (6, '1e20'), (7, '0.1')
        ) as t (i, v)
        """,
        accepted=2,
        rejected=5,
        amount="10.35",
    ),
    Counted(
        *("wide decimals", "products"),
        "select 1 as product_id, 1.23456789::decimal(38, 8) as list_price",
        accepted=1,
    ),
    Counted(
        *("instants and nulls", "subscriptions"),
        """
        select
            's1' as subscription_id, 1 as customer_id,
            timestamp '2024-01-01 10:00:00.5' as started_at, 10::hugeint as unit_amount,
            'month' as billing_interval, null::timestamp as ended_at
        union all
        select null, 1, null, null, null, null
        """,
        accepted=1,
        rejected=1,
        amount="10",
    ),
    Counted(
        *("dates as text", "subscription_changes"),
        """
        select 's1' as subscription_id, v as changed_at, 10 as unit_amount
        from (values ('2024-02-01'), ('01.02.2024'), ('2024-03-01 09:00')) as t (v)
        """,
        accepted=2,
        rejected=1,
        amount="20",
    ),
    Counted(
        *("instants with a zone", "invoices"),
        """
        select
            1 as invoice_id, 's1' as subscription_id,
            timestamptz '2024-01-01 00:00:00+05' as period_start,
            timestamptz '2024-02-01 00:00:00+05' as period_end, 10::float as amount_due
        """,
        accepted=1,
        amount="10",
    ),
    Counted(
        *("negative spend", "marketing_spend"),
        """
        select date '2024-01-01' as spend_date, 'ads' as channel, v as amount
        from (values (10.5::decimal(9, 2)), (-3)) as t (v)
        """,
        accepted=1,
        rejected=1,
        amount="10.5",
    ),
    Counted(
        *("columns without rows", "platform_sessions"),
        """
        select date '2024-01-01' as session_date, 'web' as platform, 1 as sessions
        where false
        """,
        accepted=0,
    ),
    Counted(
        *("rates as doubles", "exchange_rates"),
        """
        select date '2024-01-01' as rate_date, c as currency, v::double as rate
        from (values ('EUR', '1.1'), ('GBP', 'nan'), ('JPY', '0.0068')) as t (c, v)
        """,
        accepted=2,
        rejected=1,
    ),
    Counted(
        *("columns shuffled and one nested too many", "customer_events"),
        """
        select
            'login' as event_type, {'a': [1, 2]} as details,
            date '2024-01-01' as occurred_at, 7 as customer_id, 8 as event_id
        """,
        accepted=1,
    ),
    Counted(
        *("scores as doubles", "customer_feedback"),
        """
        select i as feedback_id, 1 as customer_id, '2024-01-01' as submitted_at,
            v::double as score
        from (values (1, 9), (2, 9.5), (3, 11)) as t (i, v)
        """,
        accepted=1,
        rejected=2,
    ),
]
FOLDERS = {"csv": FIRST, "more csv": SECOND, "parquet": PARQUET}
CASES = [
    pytest.param(folder, case, id=f"{folder}: {case.table}: {case.name}")
    for folder, cases in FOLDERS.items()
    for case in cases
]
Warehouse = duckdb.DuckDBPyConnection
Reconciled = dict[str, tuple[int, int, int, int, Decimal]]


def write_case(folder: Path, case: Counted, is_parquet: bool) -> None:
    path = folder / f"{case.table}.{'parquet' if is_parquet else 'csv'}"
    if is_parquet:
        write_parquet(path, str(case.content))
    elif isinstance(case.content, dict):
        (folder / case.table).mkdir()
        for name, text in case.content.items():
            (folder / case.table / name).write_text(text)
    elif isinstance(case.content, bytes):
        path.write_bytes(case.content)
    else:
        path.write_bytes(case.content.encode())


def write_parquet(path: Path, query: str) -> None:
    duckdb.connect().execute(f"copy ({query}) to '{path}' (format parquet)")


def built(folder: Path, scratch: Path) -> Reconciled:
    build_folder(folder, AS_OF, scratch)
    with opened(scratch / "work.duckdb") as warehouse:
        rows = warehouse.execute(
            """
            select
                table_name, sum(raw_rows), sum(accepted_rows), sum(rejected_rows),
                sum(after_as_of_rows), sum(accepted_amount)
            from marts.rpt_input_reconciliation
            group by table_name
            """
        ).fetchall()
    return {table: tuple(numbers) for table, *numbers in rows}


@pytest.fixture(scope="module")
def reconciled(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Reconciled]:
    """Builds each folder once."""
    done: dict[str, Reconciled] = {}

    def of_folder(name: str) -> Reconciled:
        if name not in done:
            folder = tmp_path_factory.mktemp("damaged")
            for case in FOLDERS[name]:
                write_case(folder, case, name == "parquet")
            done[name] = built(folder, tmp_path_factory.mktemp("damaged_build"))
        return done[name]

    return of_folder


@pytest.mark.parametrize(("folder", "case"), CASES)
def test_every_row_of_a_damaged_file_is_accounted_for(
    reconciled: Callable[[str], Reconciled], folder: str, case: Counted
) -> None:
    found = reconciled(folder).get(case.table, (0, 0, 0, 0, Decimal(0)))
    print(f"{case.table} ({folder}, {case.name}): reconciled, {found}")
    raw = case.accepted + case.rejected

    assert found == (raw, case.accepted, case.rejected, 0, Decimal(case.amount))


# --- What a damaged file must not do ----------------------------------------


def write_orders(folder: Path, *lines: str) -> Path:
    header = "order_id,customer_id,ordered_at,gross_amount,platform"
    (folder / "orders.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def folder_in(tmp_path: Path) -> Path:
    folder = tmp_path / "input"
    folder.mkdir()
    return folder


def test_no_row_after_a_quote_that_is_never_closed_disappears(tmp_path: Path) -> None:
    rows = [f"a{number},c1,2024-01-01,10,web" for number in range(5000)]
    broken = 'x,c1,2024-01-01,10,"web'
    rest = [f"b{number},c1,2024-01-01,10,web" for number in range(5000)]
    folder = write_orders(folder_in(tmp_path), *rows, broken, *rest)
    try:
        raw, *_ = built(folder, tmp_path)["orders"]
    except AssertionError as stopped:
        assert "orders.csv" in str(stopped)
    else:
        assert raw == 10_001


def test_the_largest_amount_that_is_accepted_can_be_computed_with(
    tmp_path: Path,
) -> None:
    folder = write_orders(folder_in(tmp_path), f"o1,c1,2024-01-01,{'9' * 12},web")
    *_, amount = built(folder, tmp_path)["orders"]

    assert amount == Decimal("9" * 12)


@pytest.fixture(scope="module")
def doubtful(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of a date in the year 0, and of ids that Parquet holds as doubles."""
    tmp_path = tmp_path_factory.mktemp("doubtful")
    folder = write_orders(folder_in(tmp_path), "o1,c1,0000-01-01,10,web")
    query = """
        select
            12345678::double as subscription_id, 1e15::double as customer_id,
            date '2024-01-01' as started_at, 10 as unit_amount,
            'month' as billing_interval
    """
    write_parquet(folder / "subscriptions.parquet", query)
    build_folder(folder, AS_OF, tmp_path)
    with opened(tmp_path / "work.duckdb") as warehouse:
        yield warehouse


def test_the_year_0_is_in_no_calendar(doubtful: Warehouse) -> None:
    (found,) = doubtful.execute(
        "select reasons from marts.fct_rejected_rows"
    ).fetchall() or [None]

    assert found == ("invalid_date:ordered_at",)


def test_an_id_that_became_a_double_is_still_the_same_id(
    doubtful: Warehouse,
) -> None:
    (ids,) = doubtful.execute(
        """
        select distinct subscription_id, customer_key
        from marts.fct_subscription_terms
        """
    ).fetchall()

    assert ids == ("12345678", "files:1000000000000000")


def test_ids_keep_their_leading_zeros(tmp_path_factory: pytest.TempPathFactory) -> None:
    tmp_path = tmp_path_factory.mktemp("zeros")
    folder = write_orders(
        folder_in(tmp_path),
        *("007,0042,2024-01-01,10,", "7,42,2024-01-01,10,", "1e3,1.0,2024-01-01,10,"),
    )
    built(folder, tmp_path)
    with opened(tmp_path / "work.duckdb") as warehouse:
        ids = warehouse.execute(
            "select order_id, customer_key from marts.fct_orders order by all"
        ).fetchall()

    assert ids == [("007", "files:0042"), ("1e3", "files:1.0"), ("7", "files:42")]


# --- What stops the build ---------------------------------------------------


def half_a_parquet(folder: Path) -> None:
    write_parquet(
        folder / "orders.parquet", "select i as order_id from range(9999) t(i)"
    )
    content = (folder / "orders.parquet").read_bytes()
    (folder / "orders.parquet").write_bytes(content[: len(content) // 2])


def parquet_named_csv(folder: Path) -> None:
    write_parquet(folder / "orders.csv", "select 1 as order_id")


def two_forms(folder: Path) -> None:
    (folder / "orders.csv").write_text(good("orders"))
    write_parquet(folder / "orders.parquet", "select 1 as order_id")


def folder_named_as_a_file(folder: Path) -> None:
    (folder / "orders.csv").mkdir()
    (folder / "orders.csv/part-0000.csv").write_text(good("orders"))


def content(name: str, text: str | bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    return write


MIXED = good("orders").replace("\n", "\r\n", 3)
LONG = good("orders", "o6,c1,2024-01-06,10," + "x" * 3_000_000)
TWICE = good("subscriptions").replace("unit_amount", "customer_id")
STOPPED: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "mixed line ends": (content("orders.csv", MIXED), ("orders.csv",)),
    "UTF-16": (
        content("orders.csv", good("orders").encode("utf-16")),
        ("orders.csv", "UTF-16"),
    ),
    "three megabytes in one field": (
        content("orders.csv", LONG),
        ("orders.csv", "Maximum line size"),
    ),
    "a Parquet file named csv": (parquet_named_csv, ("orders.csv",)),
    "text named parquet": (
        content("orders.parquet", good("orders")),
        ("orders.parquet", "No magic bytes"),
    ),
    "half a Parquet file": (half_a_parquet, ("orders.parquet", "No magic bytes")),
    "an empty Parquet file": (
        content("orders.parquet", ""),
        ("orders.parquet", "too small"),
    ),
    "two forms of one table": (two_forms, ("table orders", "2 forms")),
    "a folder named as a file": (
        folder_named_as_a_file,
        ("orders.csv/part-0000.csv", "no table of the input contract"),
    ),
    "a compressed file": (
        content("orders.csv.gz", b"\x1f\x8b\x08"),
        ("orders.csv.gz", "no table of the input contract"),
    ),
    "an empty file": (
        content("customers.csv", ""),
        ("customers.csv", "first line is empty"),
    ),
    "an empty first line": (
        content("products.csv", "\n" + good("products")),
        ("products.csv", "first line is empty"),
    ),
    "a missing column": (
        content("orders.csv", "order_id,customer_id,gross_amount\no1,c1,10\n"),
        ("orders.csv", "needs the column ordered_at"),
    ),
    "a column twice": (
        content("subscriptions.csv", TWICE),
        ("subscriptions.csv", "column customer_id is there twice"),
    ),
    "a title above the header": (
        content("invoices.csv", "Invoices of 2024\n" + good("invoices")),
        ("invoices.csv", "needs the columns invoice_id", "Invoices of 2024"),
    ),
    "UTF-16 without a mark": (
        content("marketing_spend.csv", good("marketing_spend").encode("utf-16-be")),
        ("marketing_spend.csv",),
    ),
}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What each folder that cannot be built was told."""
    cases = []
    for write, _ in STOPPED.values():
        folder = tmp_path_factory.mktemp("broken")
        (folder / "subscriptions.csv").write_text(good("subscriptions"))
        write(folder)
        variables = {"input_path": str(folder), "max_rejected_share": 1.0}
        work_file = tmp_path_factory.mktemp("stopped") / "work.duckdb"
        data_only = ["--exclude-resource-type", "unit_test"]
        cases.append(
            Case(
                ["build", *data_only, "--vars", json.dumps(variables)],
                str(work_file),
            )
        )
    results = run_cases(cases, tmp_path_factory.mktemp("sequence"))
    return dict(zip(STOPPED, results, strict=True))


@pytest.mark.parametrize("name", STOPPED)
def test_what_cannot_be_read_stops_the_build_and_is_named(
    stopped: dict[str, Result], name: str
) -> None:
    said = stopped[name].text
    shown = said.partition("rror")[2].strip()[:200].replace("\n", " ")
    print(f"{name}: stopped, {shown}")

    assert stopped[name].returncode != 0
    assert "Traceback (most recent call last)" not in said
    assert [word for word in STOPPED[name][1] if word.lower() not in said.lower()] == []
