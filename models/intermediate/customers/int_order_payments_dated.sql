{# One row per sale or refund of an order that counts, on its own day. #}

{# A copy of all orders would cost more than to read them again. #}
{{ config(materialized='view') }}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

),

-- What was earned in March and given back in April is a good March and a bad
-- April.
final as (

    select
        source_name,
        order_id,
        customer_key,
        subscription_id,
        is_subscription_billing,
        'sale' as payment_kind,
        order_date as revenue_date,
        cast(net_revenue + refunded_amount as decimal(18, 6)) as revenue,
        cast(gross_margin + refunded_margin as decimal(18, 6)) as margin

    from orders

    union all

    select
        source_name,
        order_id,
        customer_key,
        subscription_id,
        is_subscription_billing,
        'refund' as payment_kind,
        refunded_date as revenue_date,
        -refunded_amount as revenue,
        -refunded_margin as margin

    from orders

    where refunded_amount > 0

)

select * from final
