{#
    The revenue of a subscription is known by one road only, and one that has
    billing orders and no invoices has exactly what these orders brought.
    Returns the subscriptions of which that is not true.
#}

with

collected as (

    select
        subscription_id,
        min(revenue_source) as revenue_source,
        count(distinct revenue_source) as road_count,
        sum(revenue) as revenue

    from {{ ref('int_subscription_revenues_collected') }}

    group by subscription_id

),

billed as (

    select
        subscription_id,
        sum(net_revenue) as revenue

    from {{ ref('fct_orders') }}

    where is_subscription_billing

    group by subscription_id

),

compared as (

    select
        collected.*,
        billed.subscription_id as billed_subscription_id,
        billed.revenue as billed_revenue

    from collected

    full outer join billed
        on collected.subscription_id = billed.subscription_id

)

select *

from compared

where
    road_count > 1
    or (
        billed_subscription_id is not null
        and coalesce(revenue_source, 'none') <> 'invoices'
        and (
            coalesce(revenue_source, 'none') <> 'subscription_orders'
            or abs(billed_revenue - revenue) > 0.01
        )
    )
