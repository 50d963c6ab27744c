{# One row per order that counts. #}

{{ config(**by_touched_customers()) }}

with

orders as (

    select * from {{ touched_rows(ref('int_orders_valued')) }}

),

reduced_orders as (

    select * from {{ ref('int_orders_sold_below_full_price') }}

),

judged as (

    select
        orders.*,
        reduced_orders.order_id is null as is_full_price,
        not orders.is_subscription_billing
        and row_number() over (
            partition by orders.customer_key, orders.is_subscription_billing
            order by orders.ordered_at, orders.order_id
        ) = 1 as is_first_order

    from orders

    left join reduced_orders
        on
            orders.source_name = reduced_orders.source_name
            and orders.order_id = reduced_orders.order_id

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
