"""Damaged files as people have sent them, and what a build makes of each.

COUNTED are read: what a person counts in them is what the reconciliation has to
say. STOPPED are refused, with a message that names the file and the cause.
`python tests/python/damage.py` builds from all of them and writes
docs/damaged_inputs.md.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))

from dbt_sequence import Case, Result, run_cases  # noqa: E402
from reference.contract import CONTRACTS  # noqa: E402

from perennial.build import BuildError, check_inputs  # noqa: E402

AS_OF = date(2024, 6, 30)
GOOD_ROWS = 5
# Stands in every text that is refused, and must be in no message.
SECRET = "Jo Secret"
DOCUMENT = PROJECT / "docs/damaged_inputs.md"

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
    # The text, part files by name, or for Parquet the query that writes it.
    content: str | bytes | dict[str, str]
    accepted: int
    rejected: int = 0
    # The sum of the accepted amounts, where the table has one.
    amount: str = "0"
    is_parquet: bool = False


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
FIRST: list[Counted] = [
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


def parquet(name: str, table: str, query: str, *numbers: int, **more: str) -> Counted:
    """A case that is written by a query."""
    return Counted(name, table, query, *numbers, is_parquet=True, **more)


PARQUET = [
    parquet(
        *("whole numbers as ids", "customers"),
        "select i::bigint as customer_id from range(3) as t (i)",
        accepted=3,
    ),
    parquet(
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
    parquet(
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
    parquet(
        *("wide decimals", "products"),
        "select 1 as product_id, 1.23456789::decimal(38, 8) as list_price",
        accepted=1,
    ),
    parquet(
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
    parquet(
        *("dates as text", "subscription_changes"),
        """
        select 's1' as subscription_id, v as changed_at, 10 as unit_amount
        from (values ('2024-02-01'), ('01.02.2024'), ('2024-03-01 09:00')) as t (v)
        """,
        accepted=2,
        rejected=1,
        amount="20",
    ),
    parquet(
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
    parquet(
        *("negative spend", "marketing_spend"),
        """
        select date '2024-01-01' as spend_date, 'ads' as channel, v as amount
        from (values (10.5::decimal(9, 2)), (-3)) as t (v)
        """,
        accepted=1,
        rejected=1,
        amount="10.5",
    ),
    parquet(
        *("columns without rows", "platform_sessions"),
        """
        select date '2024-01-01' as session_date, 'web' as platform, 1 as sessions
        where false
        """,
        accepted=0,
    ),
    parquet(
        *("rates as doubles", "exchange_rates"),
        """
        select date '2024-01-01' as rate_date, c as currency, v::double as rate
        from (values ('EUR', '1.1'), ('GBP', 'nan'), ('JPY', '0.0068')) as t (c, v)
        """,
        accepted=2,
        rejected=1,
    ),
    parquet(
        *("columns shuffled and one nested too many", "customer_events"),
        """
        select
            'login' as event_type, {'a': [1, 2]} as details,
            date '2024-01-01' as occurred_at, 7 as customer_id, 8 as event_id
        """,
        accepted=1,
    ),
    parquet(
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
THIRD = [
    Counted(
        *("external ids in a circle", "customers"),
        "customer_id,external_customer_ids\na,b\nb,c\nc,a\n",
        accepted=3,
    ),
    counted(
        *("CRLF with line feeds in quoted cells", "orders"),
        good("orders")
        .replace("\n", "\r\n")
        .replace("o5,c1,2024-01-05,10,web", 'o5,c1,2024-01-05,10,"we\nb"'),
        *(5, 0),
    ),
    counted(
        *("a decimal quantity and an order that is not there", "order_items"),
        good("order_items", "i6,o1,p1,1.5,10", "i7,o99,p1,1,10"),
        *(6, 1),
    ),
    counted(
        *("letters beyond ASCII in UTF-8", "products"),
        good("products", "p6,“ÖÄÜß” 漢字 €,10"),
        *(6, 0),
    ),
    counted(
        *("ids with leading zeros", "subscriptions"),
        good(
            "subscriptions",
            "007,c1,2024-01-01,10,month",
            "7,c1,2024-01-01,10,month",
        ),
        *(7, 0),
    ),
    counted(
        *("two changes at one moment", "subscription_changes"),
        good("subscription_changes", "s1,2024-02-06,11,pro", "s1,2024-02-06,12,pro"),
        *(5, 2),
    ),
    counted(
        *("American and German dates", "invoices"),
        good(
            "invoices",
            "v6,s1,01/31/2024,2024-02-01,10",
            "v7,s1,2024-01-01,01.02.2024,10",
        ),
        *(5, 2),
    ),
    counted(
        *("separators of thousands", "marketing_spend"),
        good(
            "marketing_spend",
            '2024-01-06,ads,"1,234.50"',
            "2024-01-06,ads,1'234.50",
            "2024-01-06,ads,1 234.50",
        ),
        *(5, 3),
    ),
    counted(
        *("whole numbers beyond all bounds", "platform_sessions"),
        good("platform_sessions", "2024-01-06,web," + "9" * 20, "2024-01-07,web,0x10"),
        *(5, 2),
    ),
    counted(
        *("rates that are none", "exchange_rates"),
        good(
            "exchange_rates",
            *("2024-01-06,EUR,-1.1", '2024-01-07,EUR,"1,1"', "2024-01-08,EUR,"),
        ),
        *(5, 3),
    ),
    counted(
        *("a field of ten megabytes", "customer_events"),
        good("customer_events", "e6,c1,2024-01-01," + "x" * 10_000_000),
        *(6, 0),
    ),
    counted(
        *("scores outside 0 to 10", "customer_feedback"),
        good(
            "customer_feedback",
            "f6,c1,2024-01-01,9.0",
            *(f"f{n}{n},c1,2024-01-01,{n}" for n in (11, -1, 9.5)),
        ),
        *(6, 3),
    ),
]
FOURTH = [
    counted(
        *("a quote that is never closed", "customers"),
        good("customers", 'c6,"DE', "c7,DE", "c8,DE"),
        *(5, 3),
    ),
    counted(
        *("times with and without a zone", "orders"),
        good(
            "orders",
            "o6,c1,2024-01-06T23:30:00-05:00,10,web",
            "o7,c1,2024-01-06 10:00:00Z,10,web",
            "o8,c1,2024-01-06 10:00 CET,10,web",
        ),
        *(7, 1),
    ),
    counted(
        *("line ends in a quoted cell", "order_items"),
        good("order_items", 'i6,o1,"p\n1",1,10', 'i7,o1,"p\r\n\r\n1",1,10'),
        *(7, 0),
    ),
    Counted(
        *("one id for two products", "products"),
        good("products", "p1,Cup,9"),
        *(4, 2),
    ),
    counted(
        *("a row twice", "subscriptions"),
        good("subscriptions", "s1,c1,2024-01-01,10,month"),
        *(5, 1),
    ),
    counted(
        *("leap days that are and are not", "subscription_changes"),
        good("subscription_changes", "s1,2024-02-29,10,pro", "s1,2023-02-29,10,pro"),
        *(6, 1),
    ),
    counted(
        *("a row of totals below", "invoices"),
        good("invoices", "TOTAL,,,,50"),
        *(5, 1),
    ),
    counted(
        *("a column without a name", "marketing_spend"),
        "".join(
            f"{'' if number == 0 else number},{line}\n"
            for number, line in enumerate(good("marketing_spend").splitlines())
        ),
        *(5, 0),
    ),
    counted(
        *("bars", "platform_sessions"),
        good("platform_sessions").replace(",", "|"),
        *(5, 0),
    ),
    counted(
        *("a currency in small letters", "exchange_rates"),
        good("exchange_rates", "2024-01-06,eur,1.1"),
        *(6, 0),
    ),
    counted(
        *("quotation marks of Windows-1252", "customer_events"),
        good("customer_events", "e6,c1,2024-01-01,“x”").encode("cp1252"),
        *(5, 1),
    ),
    counted(
        *("a comma at the end of each line", "customer_feedback"),
        good("customer_feedback").replace("\n", ",\n"),
        *(5, 0),
    ),
]
FIFTH = [
    parquet(
        *("a row twice", "customers"),
        "select 'c1' as customer_id from range(2)",
        *(1, 1),
    ),
    parquet(
        *("amounts beyond all bounds", "orders"),
        """
        select
            'o' || i as order_id, 'c1' as customer_id,
            timestamp_ns '2024-01-01 10:00:00.123456789' as ordered_at,
            v::decimal(38, 2) as gross_amount
        from (values (1, '10'), (2, '9' || repeat('0', 20)), (3, '-0.01')) as t (i, v)
        """,
        *(1, 2),
        amount="10",
    ),
    parquet(
        *("a list where a price should be", "products"),
        "select 'p1' as product_id, [1, 2] as list_price union all select 'p2', null",
        *(1, 1),
    ),
    parquet(
        *("ids as UUIDs, words as an enumeration", "subscriptions"),
        """
        select
            uuid '00000000-0000-0000-0000-000000000001' as subscription_id,
            1::utinyint as customer_id, date '2024-01-01' as started_at,
            10::decimal(4, 1) as unit_amount,
            'month'::enum ('month', 'year') as billing_interval
        """,
        accepted=1,
        amount="10",
    ),
    parquet(
        *("days without a date", "marketing_spend"),
        """
        select v::date as spend_date, 'ads' as channel, 10 as amount
        from (values ('2024-01-01'), (null), ('infinity')) as t (v)
        """,
        *(1, 2),
        amount="10",
    ),
    parquet(
        *("negative sessions", "platform_sessions"),
        """
        select date '2024-01-01' + i::int as session_date, 'web' as platform,
            10 - 10 * i as sessions
        from range(3) as t (i)
        """,
        *(2, 1),
    ),
    parquet(
        *("days before our era", "exchange_rates"),
        """
        select v::date as rate_date, 'EUR' as currency, 1.1 as rate
        from (values ('2024-01-01'), ('0044-03-15 (BC)')) as t (v)
        """,
        *(1, 1),
    ),
    Counted(
        *("a part file without rows", "customer_events"),
        {"a.csv": SMALL["customer_events"][0], "b.csv": good("customer_events")},
        accepted=5,
    ),
    parquet(
        *("text in a number", "customer_feedback"),
        """
        select 'f' || i as feedback_id, 'c1' as customer_id,
            date '2024-01-01' as submitted_at, v as score
        from (values (1, '9'), (2, 'nine'), (3, '=1+8')) as t (i, v)
        """,
        *(1, 2),
    ),
]
ORDERS = SMALL["orders"][0]
SIXTH = [
    Counted(
        *("part files whose names are patterns", "orders"),
        {
            f"{name}.csv": f"{ORDERS}\no{number},c1,2024-01-0{number},10,web\n"
            for number, name in enumerate(("a[1]", "a1", "a*", "b?", "[[]"), start=1)
        },
        accepted=5,
        amount="50",
    ),
    counted(
        *("a carriage return in a quoted cell among line feeds", "order_items"),
        good("order_items", 'i6,o1,"p\r1",1,10', "i7,o1,p1,1,10"),
        *(7, 0),
    ),
    counted(
        *("line ends of an old Mac, and blank lines at the end", "products"),
        good("products", *("p6,Mug,10", "", "", "")).replace("\n", "\r"),
        *(6, 0),
    ),
    counted(
        *("CRLF, a quoted line feed, and Latin-1", "marketing_spend"),
        good("marketing_spend", '2024-01-06,"a\nd",10', "2024-01-07,é,10")
        .replace("\n", "\r\n")
        .replace("a\r\nd", "a\nd")
        .encode("latin-1"),
        *(6, 1),
    ),
    counted(
        *("a quoted cell of 300,000 lines, three megabytes long", "customer_events"),
        good("customer_events", 'e6,c1,2024-01-01,"' + 300_000 * "xxxxxxxxx\n" + '"'),
        *(6, 0),
    ),
    parquet(
        *("a column file_row_number", "customers"),
        "select 'c' || i as customer_id, 7 as file_row_number from range(3) as t (i)",
        accepted=3,
    ),
]
COUNTED = [FIRST, SECOND, PARQUET, THIRD, FOURTH, FIFTH, SIXTH]


def file_name(case: Counted) -> str:
    """What a reader sees of a case's file."""
    if isinstance(case.content, dict):
        return f"{case.table}/"
    return f"{case.table}.{'parquet' if case.is_parquet else 'csv'}"


def write_case(folder: Path, case: Counted) -> None:
    """Write the file or part files of a case into a folder."""
    path = folder / file_name(case)
    if case.is_parquet:
        write_parquet(path, str(case.content))
    elif isinstance(case.content, dict):
        path.mkdir()
        for name, text in case.content.items():
            (path / name).write_text(text)
    elif isinstance(case.content, bytes):
        path.write_bytes(case.content)
    else:
        path.write_bytes(case.content.encode())


def write_parquet(path: Path, query: str) -> None:
    """Write the answer of a query."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")


# --- Files that stop a build -------------------------------------------------

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Stopped:
    """A file that is refused, and phrases of the message."""

    name: str
    file: str
    write: Write
    says: tuple[str, ...]
    max_rejected_share: float = 1.0
    # What only a build finds, since it alone splits every row.
    is_seen_by_check: bool = True
    # What dbt cannot say in our words: `perennial build` looks before it.
    is_said_by_dbt: bool = True


def stopped(
    name: str, file: str, content: str | bytes, *says: str, **more: bool | float
) -> Stopped:
    """A case of one file with this content."""

    def write(folder: Path) -> None:
        data = content.encode() if isinstance(content, str) else content
        (folder / file).write_bytes(data)

    return Stopped(name, file, write, says, **more)


def written(name: str, file: str, write: Write, *says: str) -> Stopped:
    """A case that takes more than one file of text."""
    return Stopped(name, file, write, says)


def secret_orders(*more: str) -> str:
    """Good orders, and one with the text that must not be shown."""
    return good("orders", f"o6,c1,2024-01-06,10,{SECRET}", *more)


def parquet_bytes(query: str = "select i as order_id from range(9999) t(i)") -> bytes:
    """A Parquet file as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        write_parquet(Path(folder) / "x.parquet", query)
        return (Path(folder) / "x.parquet").read_bytes()


def parquet_with_damage(start: int, end: int) -> bytes:
    """A Parquet file in which each bit of a piece is turned."""
    content = parquet_bytes(f"""
        select
            'o' || i as order_id, 'c1' as customer_id, '2024-01-01' as ordered_at,
            10 as gross_amount, '{SECRET}' as platform
        from range(9999) as t (i)
    """)
    piece = bytes(255 - byte for byte in content[start:end])
    return content[:start] + piece + content[end:]


def zip_bytes() -> bytes:
    """A workbook is a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", SECRET)
    return buffer.getvalue()


def two_forms(folder: Path) -> None:
    (folder / "orders.csv").write_text(secret_orders())
    write_parquet(folder / "orders.parquet", "select 1 as order_id")


def folder_of_parts(folder: Path) -> None:
    (folder / "orders.csv").mkdir()
    (folder / "orders.csv/part-0000.csv").write_text(secret_orders())


def folder_as_file(folder: Path) -> None:
    (folder / "customers.csv").mkdir()


def folder_without_files(folder: Path) -> None:
    (folder / "customers").mkdir()


def file_that_no_one_can_read(folder: Path) -> None:
    """Not even root can read the start of its own memory."""
    (folder / "orders.csv").symlink_to("/proc/self/mem")


def part_of_two(folder: Path) -> None:
    (folder / "orders").mkdir()
    (folder / "orders/a.csv").write_text(secret_orders())
    (folder / "orders/b.csv").write_text("order_id,customer_id,Amount\no7,c1,5\n")


NO_PARQUET = "this is no Parquet file, whatever its name says"
MANY = [f"a{number},c1,2024-01-01,10,web" for number in range(5000)]
STOPPED = [
    stopped(
        *("mixed line ends, first CRLF", "orders.csv"),
        secret_orders().replace("\n", "\r\n", 3),
        "orders.csv, line 4: this line ends in a line feed, the first one in a "
        "carriage return and a line feed",
    ),
    stopped(
        *("mixed line ends, first LF", "orders.csv"),
        secret_orders() + "o7,c1,2024-01-07,10,web\r\n",
        "orders.csv, line 8: this line ends in a carriage return and a line feed, "
        "the first one in a line feed",
    ),
    stopped(
        *("a carriage return among line feeds", "orders.csv"),
        secret_orders("o7,c1,2024-01-07,10,web\ro8,c1,2024-01-08,10,web"),
        "orders.csv, line 8: this line ends in a carriage return, the first one",
    ),
    stopped(
        *("CRLF, and a line feed at the very end", "orders.csv"),
        secret_orders().replace("\n", "\r\n") + "o7,c1,2024-01-07,10,web\n",
        "orders.csv, line 8: this line ends in a line feed, the first one in a",
    ),
    stopped(
        *("two carriage returns and a line feed", "orders.csv"),
        secret_orders().replace("\n", "\r\r\n"),
        "orders.csv, line 1: this line ends in two carriage returns and a line feed",
    ),
    stopped(
        *("carriage returns and line feeds in turn", "orders.csv"),
        "".join(
            line + ("\r" if number % 2 else "\n")
            for number, line in enumerate(secret_orders().splitlines())
        ),
        "orders.csv, line 2: this line ends in a carriage return, the first one in a "
        "line feed",
    ),
    stopped(
        *("a mixed end after blank lines and quoted ends", "orders.csv"),
        secret_orders('o7,c1,2024-01-07,10,"w\r\n\re"\n\n\n', "o8,c1\r\n"),
        "orders.csv, line 10: this line ends in several ways, the first one in a",
    ),
    stopped(
        *("UTF-16", "orders.csv"),
        secret_orders().encode("utf-16"),
        "orders.csv: this file is in UTF-16; save it as CSV in UTF-8",
    ),
    stopped(
        *("UTF-16 without a mark", "marketing_spend.csv"),
        good("marketing_spend").encode("utf-16-be"),
        "marketing_spend.csv: this file is in UTF-16",
    ),
    stopped(
        *("NUL bytes in the header", "orders.csv"),
        secret_orders().replace("platform", "plat\0form"),
        "orders.csv: line 1 holds NUL bytes",
    ),
    stopped(
        *("a quote that opens in the header", "orders.csv"),
        secret_orders().replace("platform", '"platform'),
        "orders.csv: a quote opens in line 1, the header, and is not closed there",
    ),
    stopped(
        *("a Parquet file named csv", "orders.csv"),
        parquet_bytes(f"select '{SECRET}' as order_id"),
        "orders.csv: this is a Parquet file; call it orders.parquet",
    ),
    stopped(
        *("a workbook named csv", "orders.csv"),
        zip_bytes(),
        "orders.csv: this is a workbook or a ZIP archive",
    ),
    stopped(
        *("a compressed file named csv", "orders.csv"),
        gzip.compress(secret_orders().encode(), mtime=0),
        "orders.csv: this file is compressed; unpack it",
    ),
    stopped(
        *("a compressed file", "orders.csv.gz"),
        gzip.compress(secret_orders().encode(), mtime=0),
        *("orders.csv.gz", "no table of the input contract"),
    ),
    stopped(
        *("text named parquet", "orders.parquet"),
        secret_orders(),
        f"orders.parquet: {NO_PARQUET}",
    ),
    stopped(
        *("half a Parquet file", "orders.parquet"),
        parquet_bytes()[:9999],
        "orders.parquet: the end of this Parquet file is missing",
    ),
    stopped(
        *("a Parquet file with its middle cut out", "orders.parquet"),
        parquet_bytes()[:4] + parquet_bytes()[-12:],
        "orders.parquet: the table of contents of this Parquet file is damaged",
    ),
    stopped(
        *("a Parquet file with a damaged table of contents", "orders.parquet"),
        parquet_with_damage(-500, -100),
        "orders.parquet: the table of contents of this Parquet file is damaged",
        is_said_by_dbt=False,
    ),
    stopped(
        *("a Parquet file with damaged values", "orders.parquet"),
        parquet_with_damage(4, 2000),
        "orders.parquet: the values of this Parquet file are damaged; fetch it again",
        is_said_by_dbt=False,
    ),
    stopped(
        *("an empty Parquet file", "orders.parquet"),
        "",
        "orders.parquet: the file is empty, not even a Parquet file without rows",
    ),
    stopped(
        *("a Parquet file without a column", "orders.parquet"),
        parquet_bytes(f"select 1 as order_id, '{SECRET}' as platform"),
        "orders.parquet: table orders needs the columns customer_id, ordered_at, "
        "gross_amount; the file has order_id, platform. Other",
    ),
    written(
        *("two forms of one table", "orders.csv, orders.parquet", two_forms),
        *("table orders", "2 forms"),
    ),
    written(
        *("a folder of part files named as a file", "orders.csv/", folder_of_parts),
        *("orders.csv/part-0000.csv", "no table of the input contract"),
    ),
    written(
        *("a folder named as a file", "customers.csv/", folder_as_file),
        "customers.csv is a folder, and has the name of a file",
    ),
    written(
        *("a folder without files", "customers/", folder_without_files),
        "customers is a folder without a file in it",
    ),
    written(
        *("a file that can not be read", "orders.csv", file_that_no_one_can_read),
        "orders.csv",
    ),
    written(
        *("one of two part files without a column", "orders/b.csv", part_of_two),
        "orders/b.csv: table orders needs the columns ordered_at, gross_amount; the "
        "file has order_id, customer_id, Amount",
    ),
    stopped(
        *("an empty file", "customers.csv"),
        "",
        "customers.csv: the first line is empty; it has to name the columns",
    ),
    stopped(
        *("an empty first line", "products.csv"),
        "\n" + good("products", f"p6,{SECRET},10"),
        "products.csv: the first line is empty",
    ),
    stopped(
        *("a missing column", "orders.csv"),
        f"order_id,customer_id,gross_amount\no1,{SECRET},10\n",
        "orders.csv: table orders needs the column ordered_at; the file has "
        "order_id, customer_id, gross_amount",
    ),
    stopped(
        *("a column twice", "subscriptions.csv"),
        good("subscriptions").replace("unit_amount", "customer_id"),
        "subscriptions.csv: column customer_id is there twice",
    ),
    stopped(
        *("a title above the header", "invoices.csv"),
        f"Invoices of 2024 for {SECRET}\n" + good("invoices"),
        "invoices.csv: table invoices needs the columns invoice_id",
        "line 1 has to name the columns, and its 1 value does not look like names",
    ),
    stopped(
        *("no header", "orders.csv"),
        f"o1,{SECRET},2024-01-01,10,web\n",
        "orders.csv: table orders needs the columns order_id",
        "line 1 has to name the columns, and its 5 values do not look like names",
    ),
    stopped(
        *("no header, and words only", "customers.csv"),
        f"{SECRET},France\nAnna,Spain\n",
        "customers.csv: table customers needs the column customer_id",
        "line 1 has to name the columns, and its 2 values do not look like names",
    ),
    stopped(
        *("no header, and a cell that is a name", "customers.csv"),
        f"{SECRET},Country,Berlin\nAnna,Spain,Madrid\n",
        "customers.csv: table customers needs the column customer_id",
        "the file has Country and 2 more. Other",
    ),
    stopped(
        *("a name that holds the delimiter", "orders.csv"),
        secret_orders().replace("platform", '"plat,form"'),
        "orders.csv: a name in line 1, the header, holds the delimiter of the file, "
        "in quotes",
    ),
    stopped(
        *("a delimiter that is none", "orders.csv"),
        secret_orders().replace(",", ":"),
        "orders.csv: table orders needs the columns order_id",
    ),
    stopped(
        *("JSON named csv", "orders.csv"),
        json.dumps([{"order_id": "o1", "customer_id": SECRET}]),
        "orders.csv: table orders needs the columns order_id",
    ),
    stopped(
        *("a web page named csv", "orders.csv"),
        f"<!DOCTYPE html>\n<html>{SECRET}</html>\n",
        "orders.csv: table orders needs the columns order_id",
    ),
    stopped(
        *("a quote that swallows half of the file", "orders.csv"),
        secret_orders(*MANY, f'z,c1,2024-01-01,10,"{SECRET}', *MANY),
        "input orders was not read in full",
        "has 10007 rows",
        "orders.csv, line 5008: a quote is not closed, or followed by text",
        is_seen_by_check=False,
    ),
    stopped(
        *("more bad rows than max_rejected_share", "orders.csv"),
        secret_orders(*(f"b{n},c1,{n}/1/2024,10,{SECRET}" for n in range(1, 6))),
        "5 of 11 rows of orders can not be used (5 x invalid_date:ordered_at)",
        "The first is",
        "orders.csv, line 8",
        max_rejected_share=0.01,
        is_seen_by_check=False,
    ),
]
# Phrases of `perennial check` where they differ from those of a build.
SAID_BY_CHECK: dict[str, tuple[str, ...]] = {
    "NUL bytes in the header": ("orders.csv, line 1 holds NUL bytes",),
    "a compressed file": ("orders.csv.gz matches no table: only .csv and",),
    "a Parquet file without a column": ("orders.parquet has no column customer_id",),
    "two forms of one table": ("orders is there in 2 forms (orders.csv, orders.parq",),
    "a folder of part files named as a file": (
        "orders.csv/part-0000.csv matches no table: if it holds orders, rename",
        "orders.csv is a folder, and has the name of a file",
    ),
    "one of two part files without a column": ("orders/ has no column ordered_at",),
    "a missing column": ("orders.csv has no column ordered_at",),
    "a column twice": ("subscriptions.csv names the column customer_id twice",),
    "a title above the header": (
        "invoices.csv: line 1 has to name the columns, and its 1 value does not look",
    ),
    "no header": ("orders.csv: line 1 has to name the columns, and its 5 values do",),
    "no header, and words only": (
        "customers.csv: line 1 has to name the columns, and its 2 values do not look",
    ),
    "no header, and a cell that is a name": (
        "customers.csv has no column customer_id",
    ),
    "a delimiter that is none": (
        "orders.csv: line 1 has to name the columns, and its 1 value does not look",
    ),
    "JSON named csv": (
        "orders.csv: line 1 has to name the columns, and its 2 values do not look",
    ),
    "a web page named csv": (
        "orders.csv: line 1 has to name the columns, and its 1 value does not look",
    ),
}


# --- What a build makes of them ----------------------------------------------


@dataclass(frozen=True)
class Read:
    """What a build counted in a file, and why it rejected lines of it."""

    raw: int = 0
    accepted: int = 0
    rejected: int = 0
    after_as_of: int = 0
    amount: Decimal = Decimal(0)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcomes:
    """What became of every case, in the order of COUNTED and STOPPED."""

    read: list[list[Read]]
    said: list[Result]
    # The folders of the stopped cases.
    folders: list[Path]


def run_corpus(scratch: Path) -> Outcomes:
    """Build from every file, up to the reconciliation, in one process."""
    folders, cases = [], []
    for number, table_cases in enumerate(COUNTED):
        # A path part that reads key=value is no column.
        folder = scratch / f"read_{number}" / "c1=zzz" / "currency=SEK"
        folder.mkdir(parents=True)
        for case in table_cases:
            write_case(folder, case)
        cases.append(_build(folder, 1.0))
    for number, refused in enumerate(STOPPED):
        folder = scratch / f"stopped_{number}" / "input"
        folder.mkdir(parents=True)
        (folder / "subscriptions.csv").write_text(good("subscriptions"))
        refused.write(folder)
        folders.append(folder)
        cases.append(_build(folder, refused.max_rejected_share))
    results = run_cases(cases, scratch / "sequence")
    read = []
    for table_cases, case, result in zip(COUNTED, cases, results, strict=False):
        assert result.returncode == 0, result.text
        found = _reconciled(Path(case.work_file))
        read.append([found.get(one.table, Read()) for one in table_cases])
    return Outcomes(read, results[len(COUNTED) :], folders)


def _build(folder: Path, max_rejected_share: float) -> Case:
    variables = {
        "input_path": str(folder),
        "as_of_date": AS_OF.isoformat(),
        "max_rejected_share": max_rejected_share,
    }
    marts = ["+rpt_input_reconciliation", "+fct_rejected_rows"]
    return Case(
        ["run", "--select", *marts, "--vars", json.dumps(variables)],
        str(folder.parent / "work.duckdb"),
    )


def _reconciled(work_file: Path) -> dict[str, Read]:
    with duckdb.connect(work_file, read_only=True) as warehouse:
        rows = warehouse.execute(
            """
            select
                table_name, sum(raw_rows), sum(accepted_rows), sum(rejected_rows),
                sum(after_as_of_rows), sum(accepted_amount)
            from marts.rpt_input_reconciliation
            group by table_name
            """
        ).fetchall()
        reasons = dict(
            warehouse.execute(
                """
                select table_name, list(line_number || ': ' || reasons order by
                    file_name, line_number)
                from marts.fct_rejected_rows
                group by table_name
                """
            ).fetchall()
        )
    return {
        table: Read(*map(int, numbers), amount, tuple(reasons.get(table, ())))
        for table, *numbers, amount in rows
    }


def message(case_folder: Path, result: Result) -> str:
    """The sentence of a refused run, with the folder left out."""
    lines = [line.strip() for line in result.text.splitlines()]
    starts = [n for n, line in enumerate(lines) if " Error in " in line]
    said = (lines[starts[0] + 1] if starts else "").replace(f"{case_folder}/", "")
    said = said.replace(str(case_folder), "the folder")
    return said.replace(str(case_folder.parent / "work.duckdb"), "work.duckdb")


def message_of_build(case_folder: Path) -> str:
    """What `perennial build` says before it starts dbt."""
    try:
        check_inputs({"input_path": str(case_folder)})
    except BuildError as error:
        return str(error).replace(f"{case_folder}/", "")
    return ""


def document(outcomes: Outcomes) -> str:
    """The table of all cases as Markdown."""
    lines = []
    for cases, found in zip(COUNTED, outcomes.read, strict=True):
        for case, read in zip(cases, found, strict=True):
            said = f"{read.accepted} of {read.raw} rows accepted"
            if CONTRACTS[case.table].primary_amount:
                said += f", amount {read.amount.normalize():f}"
            if read.reasons:
                said += "; rejected: " + "; ".join(
                    f"{'row' if case.is_parquet else 'line'} {reason}"
                    for reason in read.reasons
                )
            lines.append((case.name, file_name(case), "reconciled", said))
    for refused, folder, result in zip(
        STOPPED, outcomes.folders, outcomes.said, strict=True
    ):
        said = (
            message(folder, result)
            if refused.is_said_by_dbt
            else f"by `perennial build`: {message_of_build(folder)}"
        )
        lines.append((refused.name, refused.file, "stopped", said))
    cells = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return HEAD.format(files=len(lines)) + "\n".join(cells) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


HEAD = """# What damaged files do

Written by `python tests/python/damage.py`; a test holds it equal to a fresh run. Each of these {files} inputs either reconciles, in rows and amounts as a person counts them, or stops the build with exit code 1 and the message that stands here. Where `perennial build` is named, plain `dbt build` stops as well, at the line that announces the file, in words of DuckDB. No message shows a value of the file. Reasons are explained in [reject_reasons.md](reject_reasons.md).

| what is wrong | file | outcome | numbers or message |
|---|---|---|---|
"""  # noqa: E501


def main() -> None:
    """Write docs/damaged_inputs.md from a fresh run of everything."""
    with tempfile.TemporaryDirectory() as folder:
        DOCUMENT.write_text(document(run_corpus(Path(folder))))
    print(f"wrote {DOCUMENT.relative_to(PROJECT)}", file=sys.stderr)


if __name__ == "__main__":
    os.environ.pop("DBT_TARGET_PATH", None)
    main()
