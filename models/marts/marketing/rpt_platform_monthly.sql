{# One row per month and platform with orders or sessions. #}

with

orders as (

    select
        net_revenue,
        coalesce({{ lower_case(trimmed('platform')) }}, 'unknown')
            as platform,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date)
            as revenue_month

    from {{ ref('fct_orders') }}

    where not is_subscription_billing

),

sessions as (

    select
        sessions,
        {{ lower_case(trimmed('platform')) }} as platform,
        cast({{ dbt.date_trunc('month', 'session_date') }} as date)
            as revenue_month

    from {{ ref('int_platform_sessions_unioned') }}

),

months as (

    select * from {{ ref('util_months') }}

),

unioned as (

    select
        revenue_month,
        platform,
        1 as orders,
        net_revenue,
        cast(null as decimal(18, 6)) as sessions

    from orders

    union all

    select
        revenue_month,
        platform,
        0 as orders,
        0 as net_revenue,
        sessions

    from sessions

),

-- Sessions of a month and platform without a row are unknown, not 0.
summed as (

    select
        revenue_month,
        platform,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(sessions) as sessions

    from unioned

    group by revenue_month, platform

),

final as (

    select
        ---------- keys
        summed.revenue_month,
        summed.platform,

        ---------- attributes
        coalesce(months.is_complete_month, true) as is_complete_month,

        ---------- measures
        cast(summed.sessions as decimal(18, 6)) as sessions,
        cast(summed.orders as integer) as orders,
        {{ divide('summed.orders', 'summed.sessions') }} as conversion_rate,
        cast(summed.net_revenue as decimal(18, 6)) as net_revenue,
        {{ money(divide('summed.net_revenue', 'summed.orders')) }}
            as average_order_value

    from summed

    -- Months before the first of util_months are long complete.
    left join months
        on summed.revenue_month = months.revenue_month

)

select * from final
