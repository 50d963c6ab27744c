"""The questions in pandas, as somebody writes them who knows it well.

Texts that repeat are read as categories and money as whole millionths: objects
and decimals would take many times as long. Months are counted from the year 0.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from speed_inputs import typed
from speed_questions import QUESTIONS

MICROS = 1_000_000
# Each order has its own: a category for each would only cost.
UNIQUE = ("order_id",)


def run(_: str, question: str, folder: Path, result: Path) -> None:
    """Answer a question from the typed tables of `folder` into a new file."""
    tables = {
        table: read(folder, table, columns)
        for table, columns in QUESTIONS[question].inputs.items()
    }
    answer = ANSWERS[question](tables)
    with duckdb.connect(str(result)) as connection:
        connection.register("answer", answer)
        connection.execute("create table result as select * from answer")


def read(folder: Path, table: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A typed table, with these columns."""
    names = list(columns)
    file = typed(folder, table)
    schema = pq.read_schema(file)
    repeated = [
        name
        for name in names
        if pa.types.is_string(schema.field(name).type) and name not in UNIQUE
    ]
    read_table = pq.read_table(file, columns=names, read_dictionary=repeated)
    for place, name in enumerate(names):
        column = read_table[name]
        if pa.types.is_decimal(column.type):
            read_table = read_table.set_column(place, name, in_micros(column))
        elif pa.types.is_date(column.type):
            moments = column.cast(pa.timestamp("us"))
            read_table = read_table.set_column(place, name, moments)
    # Texts that do not repeat stay Arrow's: Python objects cost more to join.
    return read_table.to_pandas(
        types_mapper={pa.string(): pd.ArrowDtype(pa.string())}.get
    )


def in_micros(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """decimal(18, 6) as whole millionths; a double holds 15 digits of them."""
    millionths = pc.multiply(column.cast(pa.float64()), float(MICROS))
    return pc.round(millionths).cast(pa.int64())


def months_of(moments: pd.Series) -> pd.Series:
    """Months since the year 0; not for nulls."""
    return pd.Series(
        moments.to_numpy().astype("datetime64[M]").astype("int64") + 12 * 1970,
        index=moments.index,
    )


def dates_of(months: pd.Series) -> pd.Series:
    """The first days of months since the year 0."""
    counted = months.to_numpy().astype("int64") - 12 * 1970
    return pd.Series(
        counted.astype("datetime64[M]").astype("datetime64[us]"), index=months.index
    )


def change_points(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Sum of what starts and ends by customer and day, and its running sum."""
    versions = tables["int_mrr_recognised"]
    as_of = tables["util_as_of_date"]["as_of_date"].iloc[0]
    starts = versions.loc[versions["valid_from"] <= as_of]
    ends = versions.loc[versions["valid_to"] <= as_of]
    deltas = pd.DataFrame(
        {
            "customer_key": pd.concat([starts["customer_key"], ends["customer_key"]]),
            "changed_date": pd.concat([starts["valid_from"], ends["valid_to"]]),
            "mrr_change": pd.concat([starts["mrr"], -ends["mrr"]]),
        }
    )
    changes = deltas.groupby(
        ["customer_key", "changed_date"], observed=True, as_index=False
    )["mrr_change"].sum()
    changes = changes.loc[changes["mrr_change"] != 0]
    after = changes.groupby("customer_key", observed=True)["mrr_change"].cumsum()
    return changes.assign(mrr_after=after)


def customer_months(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The last change of each month, repeated until the next month with one."""
    changes = tables["int_mrr_changes"]
    last_month = months_of(tables["util_months"]["revenue_month"]).max()
    changes = changes.sort_values(["customer_key", "changed_date"])
    changes = changes.assign(month=months_of(changes["changed_date"]))
    balances = changes.groupby(
        ["customer_key", "month"], observed=True, as_index=False
    ).agg(ending=("mrr_after", "last"), highest=("mrr_after", "max"))
    by_customer = balances.groupby("customer_key", observed=True)
    previous = by_customer["ending"].shift(1)
    following = by_customer["month"].shift(-1).fillna(last_month + 1).astype("int64")
    repeats = (following - balances["month"]).to_numpy()
    place = np.repeat(np.arange(len(balances)), repeats)
    offset = np.arange(len(place)) - np.repeat(repeats.cumsum() - repeats, repeats)
    is_first = offset == 0
    ending = balances["ending"].to_numpy()[place]
    before = previous.fillna(0).astype("int64").to_numpy()[place]
    starting = np.where(is_first, before, ending)
    has_paid_before = previous.notna().to_numpy()[place] | ~is_first
    highest = balances["highest"].to_numpy()[place]
    movement = np.select(
        [
            (starting == 0) & (ending == 0),
            (starting == 0) & has_paid_before,
            starting == 0,
            ending == 0,
            ending > starting,
            ending < starting,
        ],
        range(6),
        6,
    )
    kinds = ["inactive", "reactivation", "new", "churn", "expansion", "contraction"]
    month = pd.Series(balances["month"].to_numpy()[place] + offset)
    return pd.DataFrame(
        {
            "customer_key": balances["customer_key"].take(place).array,
            "revenue_month": dates_of(month).array,
            "movement_type": pd.Categorical.from_codes(movement, [*kinds, "retained"]),
            "has_mrr_in_month": (starting > 0) | (is_first & (highest > 0)),
            "starting_mrr": starting,
            "mrr_change": ending - starting,
            "ending_mrr": ending,
        }
    )


def versions_to_months(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Both of the above, without a file between them."""
    return customer_months({**tables, "int_mrr_changes": change_points(tables)})


def order_aggregates(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Sums, counts and days by customer; billings count for the days alone."""
    orders = tables["int_orders_valued"]
    as_of = tables["util_as_of_date"]["as_of_date"].iloc[0]
    is_paid = orders["gross_amount"] > orders["discount_amount"]
    everything = (
        orders.assign(paid_date=orders["order_date"].where(is_paid))
        .groupby("customer_key", observed=True)
        .agg(
            first_paid_order_date=("paid_date", "min"),
            last_order_date=("order_date", "max"),
        )
    )
    reduced = tables["int_orders_sold_below_full_price"]
    purchases = (
        orders.loc[~orders["is_subscription_billing"]]
        .merge(
            reduced.assign(is_reduced=True), how="left", on=["source_name", "order_id"]
        )
        .assign(
            is_full_price=lambda rows: rows["is_reduced"].isna(),
            is_recent=lambda rows: (
                rows["order_date"] > as_of - pd.DateOffset(months=12)
            ),
        )
        .groupby("customer_key", observed=True)
        .agg(
            order_revenue=("net_revenue", "sum"),
            order_margin=("gross_margin", "sum"),
            order_count=("order_id", "size"),
            full_price_order_count=("is_full_price", "sum"),
            recent_order_count=("is_recent", "sum"),
            first_order_at=("ordered_at", "min"),
            last_order_at=("ordered_at", "max"),
            last_purchase_date=("order_date", "max"),
        )
    )
    joined = everything.join(purchases)
    average = joined["order_revenue"] / MICROS / joined["order_count"]
    counts = [
        "order_revenue",
        "order_margin",
        "order_count",
        "full_price_order_count",
        "recent_order_count",
    ]
    joined[counts] = joined[counts].fillna(0).astype("int64")
    return joined.assign(average_order_value=whole_micros(average)).reset_index()


def whole_micros(amount: pd.Series) -> pd.Series:
    """Doubles as whole millionths, halves away from zero; null stays null."""
    return (np.sign(amount) * np.floor(amount.abs() * MICROS + 0.5)).astype("Int64")


def cohorts(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Aggregated by cohort and month, then set into the months of each cohort."""
    orders = tables["int_orders_valued"]
    orders = orders.loc[~orders["is_subscription_billing"]]
    ordering = (
        orders[["customer_key"]]
        .assign(month=months_of(orders["order_date"]))
        .drop_duplicates()
    )
    changes = tables["int_mrr_changes"]
    change, after = changes["mrr_change"], changes["mrr_after"]
    moves = changes[["customer_key"]].assign(
        month=months_of(changes["changed_date"]),
        retained=change,
        active=(after == change).astype("int64")
        - ((after == 0) & (after != change)).astype("int64"),
    )
    dated = tables["int_customer_revenues_dated"]
    is_order = dated["revenue_source"] == "orders"
    revenues = dated[["customer_key", "revenue", "margin"]].assign(
        month=months_of(dated["revenue_date"])
    )
    months = tables["util_months"]
    complete = months.loc[months["is_complete_month"], "revenue_month"]
    last_complete = months_of(complete).max()
    last_month = months_of(months["revenue_month"]).max()
    answers = (
        _cohorts_of("orders", ordering.assign(active=1), revenues.loc[is_order]),
        _cohorts_of("subscriptions", moves, revenues.loc[~is_order]),
    )
    return pd.concat(
        _rates(_in_all_months(one, last_month), last_complete) for one in answers
    )


def _cohorts_of(
    kind: str, active: pd.DataFrame, revenues: pd.DataFrame
) -> pd.DataFrame:
    """Sums by cohort and month, with the cohort's size."""
    first = active.groupby("customer_key", observed=True)["month"].min()
    first = first.rename("cohort").reset_index()
    sizes = first.groupby("cohort").size().rename("size")
    happened = active.merge(first, on="customer_key")
    happened = happened.groupby(["cohort", "month"]).sum(numeric_only=True)
    brought = revenues.merge(first, on="customer_key")
    brought["month"] = brought[["month", "cohort"]].max(axis=1)
    brought = brought.groupby(["cohort", "month"])[["revenue", "margin"]].sum()
    joined = happened.join(brought, how="outer").fillna(0).reset_index()
    joined = joined.merge(sizes, on="cohort").assign(kind=kind)
    # An order is active in its own month, a subscription until it ends.
    if kind == "orders":
        return joined.assign(retained=joined["revenue"])
    return joined


def _in_all_months(sums: pd.DataFrame, last_month: int) -> pd.DataFrame:
    """A row for each cohort and month since its first; sums so far."""
    sizes = sums.groupby("cohort")[["size", "kind"]].first().reset_index()
    counts = (last_month + 1 - sizes["cohort"]).to_numpy()
    grid = sizes.loc[sizes.index.repeat(counts)].reset_index(drop=True)
    grid["month"] = grid["cohort"] + grid.groupby("cohort").cumcount()
    measures = ["active", "retained", "revenue", "margin"]
    grid = grid.merge(
        sums[["cohort", "month", *measures]], on=["cohort", "month"], how="left"
    )
    grid[measures] = grid[measures].fillna(0).astype("int64")
    added_up = ["revenue", "margin"]
    if (grid["kind"] == "subscriptions").all():
        added_up += ["active", "retained"]
    grid[added_up] = grid.groupby("cohort")[added_up].cumsum()
    return grid


def _rates(grid: pd.DataFrame, last_complete: int) -> pd.DataFrame:
    is_mature = grid["month"] <= last_complete
    size = grid["size"].where(is_mature)
    retained = (grid["retained"] / MICROS).where(is_mature)
    first = grid.groupby("cohort")["retained"].transform("first") / MICROS
    return pd.DataFrame(
        {
            "cohort_type": grid["kind"],
            "cohort_month": dates_of(grid["cohort"]),
            "months_since_first": grid["month"] - grid["cohort"],
            "is_mature": is_mature,
            "cohort_size": grid["size"],
            "active_customers": grid["active"].where(is_mature).astype("Int64"),
            "cumulative_revenue_per_customer": whole_micros(
                grid["revenue"] / MICROS / size
            ),
            "cumulative_margin_per_customer": whole_micros(
                grid["margin"] / MICROS / size
            ),
            "retention_rate": grid["active"] / size,
            "revenue_retention_rate": retained / first.where(first != 0),
        }
    )


ANSWERS = {
    "change_points": change_points,
    "customer_months": customer_months,
    "versions_to_months": versions_to_months,
    "order_aggregates": order_aggregates,
    "cohorts": cohorts,
}
