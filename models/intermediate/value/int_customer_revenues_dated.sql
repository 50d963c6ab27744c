{# One row per customer, day and road on which revenue came or was refunded. #}

{{ config(**by_touched_customers()) }}

with

orders as (

    select * from {{ touched_rows(ref('int_order_payments_dated')) }}

    where not is_subscription_billing

),

subscriptions as (

    select * from {{ touched_rows(ref('int_subscription_revenues_collected')) }}

),

unioned as (

    select
        customer_key,
        'orders' as revenue_source,
        revenue_date,
        revenue,
        margin

    from orders

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
