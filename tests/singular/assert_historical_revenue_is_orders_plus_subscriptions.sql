{#
    A customer's historical revenue and margin are those of its orders that are
    no billings plus those of its subscriptions; a subscription that is billed
    by orders brings exactly what these orders brought.
    Returns the customers for whom they are not.
#}

with

lifetime_values as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

subscriptions as (

    select * from {{ ref('int_subscription_revenues_collected') }}

),

roads as (

    select
        customer_key,
        net_revenue as revenue,
        gross_margin as margin,
        case when is_subscription_billing then net_revenue else 0 end
            as billed_revenue,
        0 as billing_revenue_used

    from orders

    union all

    select
        customer_key,
        revenue,
        margin,
        0 as billed_revenue,
        0 as billing_revenue_used

    from subscriptions

    where revenue_source = 'terms'

    union all

    select
        customer_key,
        0 as revenue,
        0 as margin,
        0 as billed_revenue,
        revenue as billing_revenue_used

    from subscriptions

    where revenue_source = 'subscription_orders'

),

sums as (

    select
        customer_key,
        sum(revenue) as revenue,
        sum(margin) as margin,
        sum(billed_revenue) as billed_revenue,
        sum(billing_revenue_used) as billing_revenue_used,
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
        coalesce(sums.billed_revenue, 0) as billed_revenue,
        coalesce(sums.billing_revenue_used, 0) as billing_revenue_used,
        least(0.000001 * coalesce(sums.row_count, 1), 0.01) as tolerance

    from lifetime_values

    left join sums
        on lifetime_values.customer_key = sums.customer_key

)

select *

from compared

where
    abs(historical_revenue - revenue) > tolerance
    or abs(historical_margin - margin) > tolerance
    or abs(billed_revenue - billing_revenue_used) > tolerance
