{# One row per order that counts. #}

{{ config(**by_touched_customers()) }}

with

orders as (

    select * from {{ touched_rows(ref('int_orders_valued')) }}

),

reduced_orders as (

    select * from {{ ref('int_orders_sold_below_full_price') }}

),

-- The first order of a customer is asked for, not the place of each: two small
-- sums, where a window would sort all there is.
first_moments as (

    select
        customer_key,
        min(ordered_at) as ordered_at

    from orders

    where not is_subscription_billing

    group by customer_key

),

first_orders as (

    select
        orders.customer_key,
        min(orders.order_id) as order_id

    from orders

    inner join first_moments
        on
            orders.customer_key = first_moments.customer_key
            and orders.ordered_at = first_moments.ordered_at

    where not orders.is_subscription_billing

    group by orders.customer_key

),

judged as (

    select
        orders.*,
        reduced_orders.order_id is null as is_full_price,
        first_orders.order_id is not null as is_first_order

    from orders

    left join reduced_orders
        on
            orders.source_name = reduced_orders.source_name
            and orders.order_id = reduced_orders.order_id

    left join first_orders
        on
            orders.customer_key = first_orders.customer_key
            and orders.order_id = first_orders.order_id

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
