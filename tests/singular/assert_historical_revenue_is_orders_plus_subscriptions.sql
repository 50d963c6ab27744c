{#
    A customer's historical revenue and margin are those of its orders that are
    no billings plus those of its subscriptions.
    Returns the customers for whom they are not.
#}

with

roads as (

    select
        customer_key,
        net_revenue as revenue,
        gross_margin as margin

    from {{ ref('fct_orders') }}

    where not is_subscription_billing

    union all

    select
        customer_key,
        revenue,
        margin

    from {{ ref('int_subscription_revenues_collected') }}

),

sums as (

    select
        customer_key,
        sum(revenue) as revenue,
        sum(margin) as margin,
        count(*) as row_count

    from roads

    group by customer_key

),

compared as (

    select
        lifetime_values.customer_key,
        lifetime_values.historical_revenue,
        lifetime_values.historical_margin,
        coalesce(sums.revenue, 0) as revenue,
        coalesce(sums.margin, 0) as margin,
        least(0.000001 * coalesce(sums.row_count, 1), 0.01) as tolerance

    from {{ ref('fct_customer_lifetime_value') }} as lifetime_values

    left join sums
        on lifetime_values.customer_key = sums.customer_key

)

select *

from compared

where
    abs(historical_revenue - revenue) > tolerance
    or abs(historical_margin - margin) > tolerance
