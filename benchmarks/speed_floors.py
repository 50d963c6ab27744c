"""The floor of each public mart: read what it rests on, write what it holds.

What a mart rests on are the columns of the raw Parquet files without which its
rows would be others, not all that a build reads on the way. Run as a script,
it is a process of its own for one mart: scan, then write the same table.

Example: python benchmarks/speed_floors.py fct_orders input folder floor.duckdb
"""

import argparse
from pathlib import Path

import duckdb
from speed_measure import say_work_begins

Columns = dict[str, tuple[str, ...]]

# Who is one customer: by id and by address.
IDENTITIES: Columns = {"customers": ("customer_id", "email")}
# Also since when, and of which channel, platform and country.
PEOPLE: Columns = {
    "customers": (
        *IDENTITIES["customers"],
        "created_at",
        "acquisition_channel",
        "platform",
        "country",
    )
}
ORDERS: Columns = {
    "orders": ("order_id", "customer_id", "ordered_at", "gross_amount", "status")
}
ORDERS_OF_PLATFORMS: Columns = {"orders": (*ORDERS["orders"], "platform")}
SUBSCRIPTIONS: Columns = {
    "subscriptions": (
        "subscription_id",
        "customer_id",
        "started_at",
        "unit_amount",
        "billing_interval",
        "plan_id",
        "ended_at",
        "status",
    ),
    "subscription_changes": ("subscription_id", "changed_at", "unit_amount"),
}
EVERYTHING = PEOPLE | ORDERS_OF_PLATFORMS | SUBSCRIPTIONS
VALUE = PEOPLE | ORDERS | SUBSCRIPTIONS
# These worlds bring nothing for it: no products, no spend, no trials.
NOTHING: Columns = {}

NEEDED: dict[str, Columns] = {
    # A hash of all that was read.
    "build_info": EVERYTHING,
    "clv_model_parameters": IDENTITIES | ORDERS | SUBSCRIPTIONS,
    "dim_customer_identities": IDENTITIES,
    "dim_customers": VALUE,
    "dim_products": NOTHING,
    "fct_churn_events": IDENTITIES | SUBSCRIPTIONS,
    "fct_customer_lifetime_value": VALUE,
    "fct_customer_mrr": IDENTITIES | SUBSCRIPTIONS,
    "fct_customer_segments": VALUE,
    "fct_mrr_movements": IDENTITIES | SUBSCRIPTIONS,
    "fct_orders": IDENTITIES | ORDERS_OF_PLATFORMS,
    # Each value of each row is judged.
    "fct_rejected_rows": EVERYTHING,
    "fct_subscription_terms": IDENTITIES | SUBSCRIPTIONS,
    "rpt_cac_monthly": NOTHING,
    "rpt_churn_monthly": IDENTITIES | SUBSCRIPTIONS,
    "rpt_churn_reasons_monthly": IDENTITIES | SUBSCRIPTIONS,
    "rpt_closed_months": IDENTITIES | ORDERS | SUBSCRIPTIONS,
    "rpt_clv_backtest": IDENTITIES | ORDERS | SUBSCRIPTIONS,
    "rpt_clv_calculator": VALUE,
    "rpt_input_reconciliation": EVERYTHING,
    "rpt_mrr_by_slice_monthly": PEOPLE | SUBSCRIPTIONS,
    "rpt_mrr_monthly": IDENTITIES | SUBSCRIPTIONS,
    "rpt_platform_monthly": PEOPLE | ORDERS_OF_PLATFORMS,
    "rpt_product_profitability": NOTHING,
    "rpt_renewals_monthly": IDENTITIES | SUBSCRIPTIONS,
    "rpt_restatements": NOTHING,
    "rpt_retention_cohorts": IDENTITIES | ORDERS | SUBSCRIPTIONS,
    "rpt_segment_value": VALUE,
    "rpt_subscription_survival": IDENTITIES | SUBSCRIPTIONS,
    "rpt_trials_monthly": NOTHING,
    "rpt_upcoming_renewals": PEOPLE | SUBSCRIPTIONS,
}


def scan_of(relation: str, columns: tuple[str, ...]) -> str:
    """A query that has to decode all values of these columns, and little else.

    `last` is the cheapest aggregate that does: a count is answered without
    reading values, a hash or a maximum does work on each (a quarter more).
    """
    return f"select {', '.join(f'last({one})' for one in columns)} from {relation}"


def mart_file(folder: Path, mart: str) -> Path:
    """The Parquet file of a built mart, which its floor writes again."""
    return folder / f"{mart}.parquet"


def export_marts(work_file: Path, folder: Path) -> None:
    """Copy the marts of a work file; each has to have its floor."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(work_file), read_only=True) as connection:
        built = {
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        }
        if built != set(NEEDED):
            raise SystemExit(
                "speed_floors.py has to say what these marts rest on, or no longer: "
                + ", ".join(sorted(built ^ set(NEEDED)))
            )
        for mart in NEEDED:
            connection.execute(f"copy marts.{mart} to '{mart_file(folder, mart)}'")


def main() -> None:
    """Read the command line; export all marts, or run the floor of one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("mart", choices=[*NEEDED, "export"])
    parser.add_argument("input", type=Path, help="raw files; for export a work file")
    parser.add_argument("folder", type=Path, help="of the exported marts")
    parser.add_argument("result", type=Path, nargs="?", help="a file that is not there")
    arguments = parser.parse_args()
    if arguments.mart == "export":
        export_marts(arguments.input, arguments.folder)
        return
    say_work_begins()
    with duckdb.connect(str(arguments.result)) as connection:
        for table, columns in NEEDED[arguments.mart].items():
            connection.execute(
                scan_of(f"'{arguments.input / table}/*.parquet'", columns)
            )
        written = mart_file(arguments.folder, arguments.mart)
        connection.execute(f"create table result as select * from '{written}'")


if __name__ == "__main__":
    main()
