{#
    Ending MRR is the next month's starting MRR, in total and per customer; the
    first month starts with nothing, no month is skipped, and customer months
    sum to the whole.
    Returns the months, with the customer or `all`, that start elsewhere.
#}

with

customer_months as (

    select * from {{ ref('fct_customer_mrr') }}

),

months as (

    select
        'all' as customer_key,
        revenue_month,
        starting_mrr,
        ending_mrr

    from {{ ref('rpt_mrr_monthly') }}

    union all

    select
        customer_key,
        revenue_month,
        starting_mrr,
        ending_mrr

    from customer_months

),

sums as (

    select
        revenue_month,
        sum(ending_mrr) as summed_mrr,
        count(*) as row_count

    from customer_months

    group by revenue_month

),

compared as (

    select
        *,
        lag(ending_mrr, 1, 0) over (
            partition by customer_key order by revenue_month
        ) as previous_ending_mrr,
        lag(revenue_month) over (
            partition by customer_key order by revenue_month
        ) as previous_month

    from months

)

select
    compared.*,
    sums.summed_mrr

from compared

left join sums
    on compared.revenue_month = sums.revenue_month

where
    abs(compared.starting_mrr - compared.previous_ending_mrr) > 0.000001
    or {{ dbt.datediff(
        'compared.previous_month', 'compared.revenue_month', 'month'
    ) }} <> 1
    or (
        compared.customer_key = 'all'
        and abs(compared.ending_mrr - coalesce(sums.summed_mrr, 0))
        > least(0.000001 * coalesce(sums.row_count, 1), 0.01)
    )
