{# One row per order that counts. #}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

),

judged as (

    select
        *,
        discount_amount = 0 as is_full_price,
        not is_subscription_billing
        and row_number() over (
            partition by customer_key, is_subscription_billing
            order by ordered_at, order_id
        ) = 1 as is_first_order

    from orders

),

final as (

    select
        ---------- keys
        order_id,
        customer_key,
        subscription_id,

        ---------- attributes
        order_status,
        platform,
        is_subscription_billing,
        is_first_order,
        is_full_price,
        margin_is_estimated,
        is_discount_above_price,

        ---------- measures
        gross_amount,
        discount_amount,
        refunded_amount,
        net_revenue,
        gross_margin,

        ---------- dates
        ordered_at,
        order_date

    from judged

)

select * from final
