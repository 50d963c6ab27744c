{# One row per customer, day and road on which revenue came or was refunded. #}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

    where not is_subscription_billing

),

subscriptions as (

    select * from {{ ref('int_subscription_revenues_collected') }}

),

-- A refund counts on its own day: what was earned in March and given back in
-- April is a good March and a bad April.
sales_and_refunds as (

    select
        customer_key,
        order_date as revenue_date,
        net_revenue + refunded_amount as revenue,
        gross_margin + refunded_margin as margin

    from orders

    union all

    select
        customer_key,
        refunded_date as revenue_date,
        -refunded_amount as revenue,
        -refunded_margin as margin

    from orders

    where refunded_amount > 0

),

unioned as (

    select
        customer_key,
        'orders' as revenue_source,
        revenue_date,
        revenue,
        margin

    from sales_and_refunds

    union all

    select
        customer_key,
        revenue_source,
        revenue_date,
        revenue,
        margin

    from subscriptions

),

final as (

    select
        customer_key,
        revenue_date,
        revenue_source,
        cast(sum(revenue) as decimal(18, 6)) as revenue,
        cast(sum(margin) as decimal(18, 6)) as margin

    from unioned

    group by customer_key, revenue_date, revenue_source

)

select * from final
