"""The five numbers that people ask for first, each with its table."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from perennial.warehouse import first_line, opened_published

NO_SUBSCRIPTIONS = "none: no subscriptions in this input"
NO_PAYERS = "none: no customer in this input ever paid"
CLV_TABLE = "marts.fct_customer_lifetime_value"
NO_COMPLETE_MONTH = "none: no complete month with customers at its start"


class HeadlinesError(Exception):
    """Why there are no headlines, in one line that says what to do."""


@dataclass(frozen=True)
class Headline:
    """One number in words, and the table in which it stands."""

    label: str
    value: str
    table: str


@dataclass(frozen=True)
class Headlines:
    """All headlines of one published file."""

    as_of_date: str
    input_name: str
    numbers: list[Headline]


def read_headlines(published_file: Path) -> Headlines:
    """Read the headlines from a published file, without changing it.

    Raises:
        HeadlinesError: it is of a version that lacks a number.
        WarehouseError: it is missing, in use or damaged.
    """
    with opened_published(published_file) as connection:
        connection.execute("use opened")
        try:
            as_of_date, input_name = _build(connection)
            return Headlines(
                as_of_date=as_of_date,
                input_name=input_name,
                numbers=[
                    *_mrr_headlines(connection),
                    _churn_headline(connection),
                    _clv_headline(connection),
                ],
            )
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise HeadlinesError(
                f"{published_file} lacks what the headlines need "
                f"({first_line(error)}); build and publish it anew"
            ) from error


def format_headlines(headlines: Headlines) -> str:
    """The headlines as aligned text."""
    lines = [
        ("As of", headlines.as_of_date, ""),
        ("Input", headlines.input_name, ""),
        *((n.label, n.value, n.table) for n in headlines.numbers),
    ]
    label_width = max(len(label) for label, _, _ in lines)
    value_width = max(len(number.value) for number in headlines.numbers)
    return "\n".join(
        f"{label:<{label_width}}  {value:>{value_width}}  {table}".rstrip()
        if table
        else f"{label:<{label_width}}  {value}"
        for label, value, table in lines
    )


def _mrr_headlines(connection: duckdb.DuckDBPyConnection) -> list[Headline]:
    table = "marts.rpt_mrr_monthly"
    row = connection.execute(
        f"""
        select revenue_month, ending_mrr, arr, ending_customers
        from {table}
        order by revenue_month desc
        limit 1
        """
    ).fetchone()
    labels = ("MRR", "ARR", "Active customers")
    if row is None:
        return [Headline(label, NO_SUBSCRIPTIONS, table) for label in labels]
    month, mrr, arr, customers = row
    values = (_amount(mrr), _amount(arr), f"{customers:,}")
    return [
        Headline(label, value, f"{table}, {_month(month)}")
        for label, value in zip(labels, values, strict=True)
    ]


def _churn_headline(connection: duckdb.DuckDBPyConnection) -> Headline:
    label, table = "Customer churn rate", "marts.rpt_churn_monthly"
    months = connection.execute(f"select count(*) from {table}").fetchone()
    if months == (0,):
        return Headline(label, NO_SUBSCRIPTIONS, table)
    row = connection.execute(
        f"""
        select revenue_month, customer_churn_rate
        from {table}
        where is_complete_month
        order by revenue_month desc
        limit 1
        """
    ).fetchone()
    if row is None or row[1] is None:
        return Headline(label, NO_COMPLETE_MONTH, table)
    month, rate = row
    return Headline(label, f"{float(rate) * 100:.1f} %", f"{table}, {_month(month)}")


def _clv_headline(connection: duckdb.DuckDBPyConnection) -> Headline:
    """The mean of total_clv over those who ever paid."""
    label, table = "Average CLV, historical + predicted", CLV_TABLE
    value = average_of_payers(connection)
    return Headline(label, NO_PAYERS if value is None else _amount(value), table)


def average_of_payers(connection: duckdb.DuckDBPyConnection) -> Decimal | None:
    """The mean total CLV of the customers who ever paid, exact to a cent."""
    total, customers = connection.execute(
        f"""
        select sum(value.total_clv), count(value.total_clv)
        from {CLV_TABLE} as value
        inner join marts.dim_customers as customer
            on value.customer_key = customer.customer_key
        where customer.first_paid_date is not null
        """
    ).fetchone() or (None, 0)
    return Decimal(str(total)) / customers if customers else None


def _build(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """The as-of date and the input in words, as the build has noted them."""
    row = connection.execute(
        "select as_of_date, input_origin from marts.build_info"
    ).fetchone()
    if row is None or row[0] is None:
        raise HeadlinesError(
            "marts.build_info of the published file is empty; build and publish it anew"
        )
    as_of_date, origin = row
    place = str(origin).removeprefix("folder ")
    is_demo = Path(place).parts[-2:] == ("data", "demo")
    return str(as_of_date), f"{place} (the bundled demo)" if is_demo else place


def _amount(value: Decimal) -> str:
    return f"{value:,.2f}"


def _month(month: date) -> str:
    return f"{month:%Y-%m}"
