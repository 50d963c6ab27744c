"""The questions in polars, as somebody writes them who knows it well.

One lazy query over the Parquet files, collected by the streaming engine. Money
is added up as whole millionths, which is quicker than decimals and as exact.
"""

from pathlib import Path

import duckdb
import polars as pl
from speed_inputs import typed
from speed_questions import QUESTIONS

MICROS = 1_000_000


def run(_: str, question: str, folder: Path, result: Path) -> None:
    """Answer a question from the typed tables of `folder` into a new file."""
    tables = {
        table: read(folder, table, columns)
        for table, columns in QUESTIONS[question].inputs.items()
    }
    answer = ANSWERS[question](tables).collect(engine="streaming")
    with duckdb.connect(str(result)) as connection:
        connection.register("answer", answer)
        connection.execute("create table result as select * from answer")


def read(folder: Path, table: str, columns: tuple[str, ...]) -> pl.LazyFrame:
    """A typed table, with these columns."""
    frame = pl.scan_parquet(typed(folder, table)).select(columns)
    money = [
        name
        for name, data_type in frame.collect_schema().items()
        if isinstance(data_type, pl.Decimal)
    ]
    return frame.with_columns(in_micros(pl.col(name)) for name in money)


def in_micros(amount: pl.Expr) -> pl.Expr:
    """decimal(18, 6) as whole millionths; a double holds 15 digits of them."""
    return (amount.cast(pl.Float64) * MICROS).round().cast(pl.Int64)


def day_of(tables: dict[str, pl.LazyFrame]) -> pl.Expr:
    """The as-of date, as a value."""
    (day,) = tables["util_as_of_date"].collect().row(0)
    return pl.lit(day)


def change_points(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Sum of what starts and ends by customer and day, and its running sum."""
    versions = tables["int_mrr_recognised"]
    deltas = pl.concat(
        versions.select(
            "customer_key",
            pl.col(edge).alias("changed_date"),
            (pl.col("mrr") * sign).alias("mrr_change"),
        )
        for edge, sign in (("valid_from", 1), ("valid_to", -1))
    )
    return (
        deltas.filter(pl.col("changed_date") <= day_of(tables))
        .group_by("customer_key", "changed_date")
        .agg(pl.col("mrr_change").sum())
        .filter(pl.col("mrr_change") != 0)
        .sort("customer_key", "changed_date")
        .with_columns(
            pl.col("mrr_change").cum_sum().over("customer_key").alias("mrr_after")
        )
    )


def customer_months(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The last change of each month, repeated until the next month with one."""
    last_month = tables["util_months"].collect()["revenue_month"].max()
    starting, ending = pl.col("starting_mrr"), pl.col("ending_mrr")
    is_first = pl.col("revenue_month") == pl.col("month")
    has_paid_before = pl.col("previous").is_not_null() | ~is_first
    return (
        tables["int_mrr_changes"]
        .sort("customer_key", "changed_date")
        .group_by(
            "customer_key", pl.col("changed_date").dt.truncate("1mo").alias("month")
        )
        .agg(
            pl.col("mrr_after").last().alias("ending_mrr"),
            pl.col("mrr_after").max().alias("highest"),
        )
        .sort("customer_key", "month")
        .with_columns(
            pl.col("ending_mrr").shift(1).over("customer_key").alias("previous"),
            pl.col("month").shift(-1).over("customer_key").alias("next_month"),
        )
        .with_columns(
            pl.date_ranges(
                "month",
                pl.col("next_month").dt.offset_by("-1mo").fill_null(pl.lit(last_month)),
                interval="1mo",
            ).alias("revenue_month")
        )
        .explode("revenue_month")
        .with_columns(
            pl.when(is_first)
            .then(pl.col("previous").fill_null(0))
            .otherwise(ending)
            .alias("starting_mrr")
        )
        .select(
            "customer_key",
            "revenue_month",
            pl.when((starting == 0) & (ending == 0))
            .then(pl.lit("inactive"))
            .when((starting == 0) & has_paid_before)
            .then(pl.lit("reactivation"))
            .when(starting == 0)
            .then(pl.lit("new"))
            .when(ending == 0)
            .then(pl.lit("churn"))
            .when(ending > starting)
            .then(pl.lit("expansion"))
            .when(ending < starting)
            .then(pl.lit("contraction"))
            .otherwise(pl.lit("retained"))
            .alias("movement_type"),
            ((starting > 0) | (is_first & (pl.col("highest") > 0))).alias(
                "has_mrr_in_month"
            ),
            "starting_mrr",
            (ending - starting).alias("mrr_change"),
            "ending_mrr",
        )
    )


def versions_to_months(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Both of the above, as one query."""
    return customer_months({**tables, "int_mrr_changes": change_points(tables)})


def order_aggregates(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Sums, counts and days by customer; billings count for the days alone."""
    orders = tables["int_orders_valued"]
    is_paid = pl.col("gross_amount") > pl.col("discount_amount")
    year_before = day_of(tables).dt.offset_by("-12mo")
    everything = orders.group_by("customer_key").agg(
        pl.col("order_date").filter(is_paid).min().alias("first_paid_order_date"),
        pl.col("order_date").max().alias("last_order_date"),
    )
    reduced = tables["int_orders_sold_below_full_price"]
    purchases = (
        orders.filter(~pl.col("is_subscription_billing"))
        .join(
            reduced.with_columns(is_reduced=pl.lit(True)),
            on=["source_name", "order_id"],
            how="left",
        )
        .group_by("customer_key")
        .agg(
            pl.col("net_revenue").sum().alias("order_revenue"),
            pl.col("gross_margin").sum().alias("order_margin"),
            pl.len().alias("order_count"),
            pl.col("is_reduced").is_null().sum().alias("full_price_order_count"),
            (pl.col("order_date") > year_before).sum().alias("recent_order_count"),
            pl.col("ordered_at").min().alias("first_order_at"),
            pl.col("ordered_at").max().alias("last_order_at"),
            pl.col("order_date").max().alias("last_purchase_date"),
        )
        .with_columns(
            whole_micros(
                in_units(pl.col("order_revenue")) / pl.col("order_count")
            ).alias("average_order_value")
        )
    )
    counted = (
        "order_revenue",
        "order_margin",
        "order_count",
        "full_price_order_count",
        "recent_order_count",
    )
    return everything.join(purchases, on="customer_key", how="left").with_columns(
        pl.col(*counted).fill_null(0)
    )


def in_units(amount: pl.Expr) -> pl.Expr:
    """Whole millionths as the double that DuckDB has for the decimal.

    Divided by a column of its own: by a single value polars multiplies with its
    reciprocal, which ends at another double, and on the other side of a half.
    """
    return amount / (0 * amount + float(MICROS))


def whole_micros(amount: pl.Expr) -> pl.Expr:
    """Doubles as whole millionths, halves away from zero."""
    return (amount.sign() * (amount.abs() * MICROS + 0.5).floor()).cast(pl.Int64)


def cohorts(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Aggregated by cohort and month, then set into the months of each cohort."""
    ordering = (
        tables["int_orders_valued"]
        .filter(~pl.col("is_subscription_billing"))
        .select("customer_key", pl.col("order_date").dt.truncate("1mo").alias("month"))
        .unique()
        .with_columns(active=pl.lit(1, pl.Int64), retained=pl.lit(0, pl.Int64))
    )
    change, after = pl.col("mrr_change"), pl.col("mrr_after")
    moves = tables["int_mrr_changes"].select(
        "customer_key",
        pl.col("changed_date").dt.truncate("1mo").alias("month"),
        active=pl.when(after == change)
        .then(1)
        .when(after == 0)
        .then(-1)
        .otherwise(0)
        .cast(pl.Int64),
        retained=change,
    )
    dated = tables["int_customer_revenues_dated"].select(
        "customer_key",
        "revenue",
        "margin",
        pl.col("revenue_date").dt.truncate("1mo").alias("month"),
        is_order=pl.col("revenue_source") == "orders",
    )
    orders = _sums_of("orders", ordering, dated.filter("is_order"))
    # An order is active in its own month, a subscription until it ends.
    orders = orders.with_columns(retained=pl.col("revenue"))
    subscriptions = _sums_of("subscriptions", moves, dated.filter(~pl.col("is_order")))
    months = tables["util_months"].select(
        pl.col("revenue_month").alias("month"), is_mature="is_complete_month"
    )
    so_far = pl.concat(
        (
            _in_all_months(orders, months, ["revenue", "margin"]),
            _in_all_months(
                subscriptions, months, ["revenue", "margin", "active", "retained"]
            ),
        )
    )
    size = pl.col("size")
    mature = pl.when("is_mature")
    retained = in_units(pl.col("retained"))
    first = retained.first().over("kind", "cohort")
    return so_far.select(
        cohort_type="kind",
        cohort_month="cohort",
        months_since_first=pl.int_range(pl.len()).over("kind", "cohort"),
        is_mature="is_mature",
        cohort_size="size",
        active_customers=mature.then("active"),
        cumulative_revenue_per_customer=mature.then(
            whole_micros(in_units(pl.col("revenue")) / size)
        ),
        cumulative_margin_per_customer=mature.then(
            whole_micros(in_units(pl.col("margin")) / size)
        ),
        retention_rate=mature.then(pl.col("active") / size),
        revenue_retention_rate=pl.when(pl.col("is_mature") & (first != 0)).then(
            retained / first
        ),
    )


def _sums_of(kind: str, active: pl.LazyFrame, revenues: pl.LazyFrame) -> pl.LazyFrame:
    """Sums by cohort and month, with the cohort's size."""
    firsts = active.group_by("customer_key").agg(pl.col("month").min().alias("cohort"))
    sizes = firsts.group_by("cohort").agg(pl.len().cast(pl.Int64).alias("size"))
    happened = (
        active.join(firsts, on="customer_key")
        .group_by("cohort", "month")
        .agg(pl.col("active", "retained").sum())
    )
    brought = (
        revenues.join(firsts, on="customer_key")
        .with_columns(pl.max_horizontal("month", "cohort").alias("month"))
        .group_by("cohort", "month")
        .agg(pl.col("revenue", "margin").sum())
    )
    return (
        happened.join(brought, on=["cohort", "month"], how="full", coalesce=True)
        .join(sizes, on="cohort")
        .with_columns(kind=pl.lit(kind))
    )


def _in_all_months(
    sums: pl.LazyFrame, months: pl.LazyFrame, added_up: list[str]
) -> pl.LazyFrame:
    """A row for each cohort and month since its first; sums so far."""
    measures = ["active", "retained", "revenue", "margin"]
    cohorts_known = sums.select("kind", "cohort", "size").unique()
    return (
        cohorts_known.join_where(months, pl.col("month") >= pl.col("cohort"))
        .join(
            sums.select("cohort", "month", *measures),
            on=["cohort", "month"],
            how="left",
        )
        .with_columns(pl.col(*measures).fill_null(0))
        .sort("kind", "cohort", "month")
        .with_columns(pl.col(*added_up).cum_sum().over("kind", "cohort"))
    )


ANSWERS = {
    "change_points": change_points,
    "customer_months": customer_months,
    "versions_to_months": versions_to_months,
    "order_aggregates": order_aggregates,
    "cohorts": cohorts,
}
