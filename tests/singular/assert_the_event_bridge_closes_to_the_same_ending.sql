{#
    The movements of a month, summed by day, lead from its starting to the same
    ending MRR as the netted bridge.
    Returns the months where they do not.
#}

with

movements as (

    select
        cast({{ dbt.date_trunc('month', 'moved_date') }} as date)
            as revenue_month,
        sum(mrr_change) as mrr_change,
        count(*) as row_count

    from {{ ref('fct_mrr_movements') }}

    group by {{ dbt.date_trunc('month', 'moved_date') }}

),

months as (

    select * from {{ ref('rpt_mrr_monthly') }}

)

select
    months.starting_mrr,
    movements.mrr_change,
    months.ending_mrr,
    coalesce(months.revenue_month, movements.revenue_month) as revenue_month

from months

full outer join movements
    on months.revenue_month = movements.revenue_month

where
    months.revenue_month is null
    or abs(
        months.starting_mrr
        + coalesce(movements.mrr_change, 0)
        - months.ending_mrr
    ) > least(0.000001 * coalesce(movements.row_count, 1), 0.01)
