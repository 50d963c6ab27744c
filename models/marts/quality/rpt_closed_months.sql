{# One row per closed month and metric, by which builds are compared. #}

with

mrr_months as (

    select * from {{ ref('rpt_mrr_monthly') }}

    where is_complete_month

),

closed_months as (

    select * from {{ ref('util_months') }}

    where is_complete_month

),

revenues as (

    select
        cast({{ dbt.date_trunc('month', 'revenue_date') }} as date)
            as revenue_month,
        cast(sum(revenue) as decimal(18, 6)) as net_revenue

    from {{ ref('int_customer_revenues_dated') }}

    group by cast({{ dbt.date_trunc('month', 'revenue_date') }} as date)

),

unioned as (

    select
        revenue_month,
        'mrr' as metric_name,
        ending_mrr as metric_value

    from mrr_months

    union all

    select
        revenue_month,
        'customers' as metric_name,
        cast(ending_customers as decimal(18, 6)) as metric_value

    from mrr_months

    union all

    select
        revenues.revenue_month,
        'net_revenue' as metric_name,
        revenues.net_revenue as metric_value

    from revenues

    inner join closed_months
        on revenues.revenue_month = closed_months.revenue_month

),

final as (

    select
        ---------- keys
        revenue_month as closed_month,
        metric_name,

        ---------- measures
        metric_value

    from unioned

)

select * from final
