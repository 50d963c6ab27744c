"""The usual playbook, as SQL: a row for each customer and month, then the rest.

Months by customer from the first one on, a range join of what was valid in
them, a sum by customer and month, the month before by lag: how published
packages and courses do it. Cohorts: everything joined on that spine, and
distinct customers counted.
"""

_AS_OF = "(select as_of_date from util_as_of_date)"

# From `balances`: customer_key, mrr, valid_from, valid_to (null while it lasts).
_MONTHS_OF_BALANCES = """
    firsts as (
        select customer_key, min(date_trunc('month', valid_from)) as first_month
        from balances
        group by customer_key
    ),

    spine as (
        select
            firsts.customer_key,
            months.revenue_month,
            (months.revenue_month + interval 1 month)::date as next_month
        from firsts
        inner join util_months as months on months.revenue_month >= firsts.first_month
    ),

    monthly as (
        select
            spine.customer_key,
            spine.revenue_month,
            coalesce(sum(balances.mrr) filter (
                where balances.valid_to is null or balances.valid_to >= spine.next_month
            ), 0)::decimal(18, 6) as ending_mrr,
            coalesce(max(balances.mrr), 0) as highest_mrr
        from spine
        left join balances
            on balances.customer_key = spine.customer_key
            and balances.valid_from < spine.next_month
            and (balances.valid_to > spine.revenue_month or balances.valid_to is null)
        group by spine.customer_key, spine.revenue_month, spine.next_month
    ),

    before as (
        select
            *,
            coalesce(lag(ending_mrr) over month, 0)::decimal(18, 6) as starting_mrr,
            row_number() over month as number
        from monthly
        window month as (partition by customer_key order by revenue_month)
    ),

    movements as (
        select
            customer_key,
            revenue_month,
            case
                when starting_mrr = 0 and ending_mrr = 0 then 'inactive'
                when starting_mrr = 0 and number > 1 then 'reactivation'
                when starting_mrr = 0 then 'new'
                when ending_mrr = 0 then 'churn'
                when ending_mrr > starting_mrr then 'expansion'
                when ending_mrr < starting_mrr then 'contraction'
                else 'retained'
            end as movement_type,
            starting_mrr > 0 or highest_mrr > 0 as has_mrr_in_month,
            starting_mrr,
            (ending_mrr - starting_mrr)::decimal(18, 6) as mrr_change,
            ending_mrr
        from before
    )
"""
_CHANGES_AS_BALANCES = """
    balances as (
        select
            customer_key,
            mrr_after as mrr,
            changed_date as valid_from,
            lead(changed_date) over (
                partition by customer_key order by changed_date
            ) as valid_to
        from int_mrr_changes
    )
"""

SPINES = {
    "customer_months": f"""
        with {_CHANGES_AS_BALANCES}, {_MONTHS_OF_BALANCES}
        select * from movements
    """,
    "versions_to_months": f"""
        with

        balances as (
            select
                customer_key,
                mrr,
                valid_from,
                case when valid_to <= {_AS_OF} then valid_to end as valid_to
            from int_mrr_recognised
            where valid_from <= {_AS_OF}
        ),

        {_MONTHS_OF_BALANCES}

        select * from movements
    """,
    "cohorts": f"""
        with

        {_CHANGES_AS_BALANCES},

        {_MONTHS_OF_BALANCES},

        orders as (
            select customer_key, date_trunc('month', order_date) as revenue_month
            from int_orders_valued
            where not is_subscription_billing
        ),

        members as (
            select
                'orders' as cohort_type,
                customer_key,
                min(revenue_month) as cohort_month
            from orders
            group by customer_key
            union all
            select 'subscriptions', customer_key, min(revenue_month)
            from movements
            group by customer_key
        ),

        sizes as (
            select
                cohort_type,
                cohort_month,
                count(distinct customer_key) as cohort_size
            from members
            group by cohort_type, cohort_month
        ),

        cohort_months as (
            select
                sizes.*,
                months.revenue_month,
                months.is_complete_month as is_mature,
                date_diff('month', sizes.cohort_month, months.revenue_month)
                    as months_since_first
            from sizes
            inner join util_months as months
                on months.revenue_month >= sizes.cohort_month
        ),

        active as (
            select
                members.cohort_type,
                members.cohort_month,
                orders.revenue_month,
                count(distinct orders.customer_key) as active_customers,
                0 as ending_mrr
            from members
            inner join orders on members.customer_key = orders.customer_key
            where members.cohort_type = 'orders'
            group by members.cohort_type, members.cohort_month, orders.revenue_month
            union all
            select
                members.cohort_type,
                members.cohort_month,
                movements.revenue_month,
                count(distinct case
                    when movements.ending_mrr > 0 then movements.customer_key
                end),
                sum(movements.ending_mrr)
            from members
            inner join movements on members.customer_key = movements.customer_key
            where members.cohort_type = 'subscriptions'
            group by
                members.cohort_type, members.cohort_month, movements.revenue_month
        ),

        revenues as (
            select
                members.cohort_type,
                members.cohort_month,
                greatest(
                    date_trunc('month', dated.revenue_date), members.cohort_month
                ) as revenue_month,
                sum(dated.revenue) as revenue,
                sum(dated.margin) as margin
            from members
            inner join int_customer_revenues_dated as dated
                on members.customer_key = dated.customer_key
                and members.cohort_type
                = case dated.revenue_source when 'orders' then 'orders'
                    else 'subscriptions' end
            group by all
        ),

        measured as (
            select
                cohort_months.*,
                coalesce(active.active_customers, 0) as active_customers,
                case cohort_months.cohort_type
                    when 'orders' then coalesce(revenues.revenue, 0)
                    else coalesce(active.ending_mrr, 0)
                end as retained,
                sum(coalesce(revenues.revenue, 0)) over so_far as revenue_so_far,
                sum(coalesce(revenues.margin, 0)) over so_far as margin_so_far
            from cohort_months
            left join active using (cohort_type, cohort_month, revenue_month)
            left join revenues using (cohort_type, cohort_month, revenue_month)
            window so_far as (
                partition by cohort_months.cohort_type, cohort_months.cohort_month
                order by cohort_months.revenue_month
            )
        )

        select
            cohort_type,
            cohort_month::date as cohort_month,
            months_since_first::integer as months_since_first,
            is_mature,
            cohort_size::integer as cohort_size,
            case when is_mature then active_customers end::integer as active_customers,
            case when is_mature then
                (revenue_so_far::double / cohort_size)::decimal(18, 6)
            end as cumulative_revenue_per_customer,
            case when is_mature then
                (margin_so_far::double / cohort_size)::decimal(18, 6)
            end as cumulative_margin_per_customer,
            case when is_mature then active_customers::double / cohort_size end
                as retention_rate,
            case when is_mature then
                retained::double / nullif(first_value(retained) over (
                    partition by cohort_type, cohort_month order by revenue_month
                )::double, 0)
            end as revenue_retention_rate
        from measured
    """,
}
