"""Write an input of any size: the same files for the same number of customers.

36 months, 12 orders and 1.2 subscriptions a customer, one change for every
three subscriptions, as Parquet files of the input contract, a folder of parts
for each table. Nothing is random: a draw is a piece of the md5 of what it is
drawn for, so that more customers are the same ones and others beside them.

Example: python benchmarks/worlds.py --customers 100000 --output big
         dbt build --vars '{input_path: big, as_of_date: 2025-12-31}'
"""

import argparse
from pathlib import Path

import duckdb

FIRST_DAY, LAST_DAY, DAYS = "2023-01-01", "2025-12-31", 1096

# A draw in [0, 1) for a name and a number, the same everywhere and always.
DRAW = """
    create macro draw(name, number) as
        (md5_number_upper(name || number) >> 11) / 9007199254740992.0
"""

CUSTOMERS = """
    create table customer as
    select
        i as number,
        'c' || lpad(i::varchar, 9, '0') as customer_id,
        floor(1060 * draw('first', i))::integer as first_day,
        -- As many orders as the mean of 12 wants, few or none for most.
        floor(ln(1 - draw('orders', i)) / ln(12.0 / 13))::integer as orders,
        case
            when draw('subscriptions', i) < 0.20 then 0
            when draw('subscriptions', i) < 0.70 then 1
            when draw('subscriptions', i) < 0.90 then 2
            else 3
        end as subscriptions,
        -- How much of the time that is left a customer stays.
        least(1, 0.1 + 1.2 * draw('stays', i)) as stays
    from range($customers) as numbers (i)
"""

TABLES = {
    "customers": f"""
        select
            customer_id,
            date '{FIRST_DAY}' + first_day as created_at,
            case when number % 10 < 9 then customer_id || '@example.org' end as email,
            ['search', 'social', 'referral', 'organic'][1 + number % 4]
                as acquisition_channel,
            ['web', 'ios', 'android'][1 + number % 3] as platform,
            ['US', 'DE', 'FR', 'JP', 'BR'][1 + number % 5] as country
        from customer
    """,
    "orders": f"""
        select
            'o' || lpad(number::varchar, 9, '0') || '-' || k as order_id,
            customer_id,
            date '{FIRST_DAY}' + first_day + floor(
                ({DAYS} - first_day) * stays * case
                    when k = 0 then 0 else draw('day' || k || '-', number)
                end
            )::integer as ordered_at,
            (5 - 40 * ln(1 - draw('amount' || k || '-', number)))::decimal(18, 2)
                as gross_amount,
            case when draw('state' || k || '-', number) < 0.02 then 'cancelled'
            else 'completed' end as status,
            ['web', 'ios', 'android'][1 + number % 3] as platform
        from customer, range(orders) as orders_of_one (k)
    """,
    "subscriptions": """
        select * exclude (number, k) from subscription
    """,
    "subscription_changes": f"""
        select
            subscription_id,
            least(
                started_at + 20 + floor(
                    300 * draw('change' || step || '-' || k || '-', number)
                )::integer,
                coalesce(ended_at - 1, date '{LAST_DAY}')
            ) as changed_at,
            (unit_amount * [1.2, 0.8, 1.5][1 + (number + step) % 3])::decimal(18, 2)
                as unit_amount
        from subscription, range(2) as changes_of_one (step)
        where
            draw('changes' || step || '-' || k || '-', number) < 0.2
            and coalesce(ended_at, date '{LAST_DAY}') > started_at + 22
        qualify row_number() over (
            partition by subscription_id, changed_at order by step
        ) = 1
    """,
}

SUBSCRIPTIONS = f"""
    create table subscription as
    select
        number,
        k,
        's' || lpad(number::varchar, 9, '0') || '-' || k as subscription_id,
        customer_id,
        started_at,
        [9, 29, 79][1 + (number + k) % 3] * case billing_interval
            when 'year' then 10 when 'quarter' then 3 else 1
        end::decimal(18, 2) as unit_amount,
        billing_interval,
        ['basic', 'plus', 'pro'][1 + (number + k) % 3] as plan_id,
        case when ended_at <= date '{LAST_DAY}' then ended_at end as ended_at,
        case when ended_at <= date '{LAST_DAY}' then 'cancelled' else 'active' end
            as status
    from (
        select
            *,
            -- One in 25 months ends a subscription.
            started_at + 1 + floor(
                -750 * ln(1 - draw('end' || k || '-', number))
            )::integer as ended_at
        from (
            select
                number,
                k,
                customer_id,
                date '{FIRST_DAY}' + first_day + floor(
                    ({DAYS} - first_day) * draw('start' || k || '-', number)
                )::integer as started_at,
                case
                    when draw('interval' || k || '-', number) < 0.7 then 'month'
                    when draw('interval' || k || '-', number) < 0.8 then 'quarter'
                    else 'year'
                end as billing_interval
            from customer, range(subscriptions) as subscriptions_of_one (k)
        )
    )
"""


def write_world(customers: int, folder: Path) -> dict[str, int]:
    """Write the files of so many customers.

    Args:
        customers: how many.
        folder: the input folder; a folder of Parquet files a table is made in it.

    Returns:
        table -> rows.
    """
    counts = {}
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(DRAW)
        connection.execute(CUSTOMERS, {"customers": customers})
        connection.execute(SUBSCRIPTIONS)
        for table, query in TABLES.items():
            (folder / table).mkdir(exist_ok=True)
            (count,) = connection.execute(
                f"copy ({query}) to '{folder / table / 'part.parquet'}'"
            ).fetchone() or (0,)
            counts[table] = count
    return counts


def main() -> None:
    """Read the command line, write the files, say how many rows they have."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    for table, count in write_world(arguments.customers, arguments.output).items():
        print(f"{table:24}{count:>14,}")


if __name__ == "__main__":
    main()
