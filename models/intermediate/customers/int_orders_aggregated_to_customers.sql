{# One row per customer with an order, with its order history in sums. #}

with

orders as (

    select
        *,
        order_date > cast({{ dbt.dateadd(
            'month', -policy('high_value_period_months'), as_of_date()
        ) }} as date) as is_recent

    from {{ ref('int_orders_valued') }}

),

reduced_orders as (

    select * from {{ ref('int_orders_sold_below_full_price') }}

),

-- Purchases and billings side by side, in one pass over the orders.
summed as (

    select
        orders.customer_key,
        orders.is_subscription_billing,
        cast(sum(orders.net_revenue) as decimal(18, 6)) as order_revenue,
        cast(sum(orders.gross_margin) as decimal(18, 6)) as order_margin,
        count(*) as order_count,
        count(*) - count(reduced_orders.order_id) as full_price_order_count,
        count(case when orders.is_recent then 1 end) as recent_order_count,
        min(orders.ordered_at) as first_order_at,
        max(orders.ordered_at) as last_order_at,
        min(
            case
                when orders.gross_amount > orders.discount_amount
                    then orders.order_date
            end
        ) as first_paid_order_date,
        max(orders.order_date) as last_order_date

    from orders

    left join reduced_orders
        on
            orders.source_name = reduced_orders.source_name
            and orders.order_id = reduced_orders.order_id

    group by orders.customer_key, orders.is_subscription_billing

),

all_orders as (

    select
        customer_key,
        min(first_paid_order_date) as first_paid_order_date,
        max(last_order_date) as last_order_date

    from summed

    group by customer_key

),

purchases as (

    select * from summed

    where not is_subscription_billing

),

final as (

    select
        ---------- keys
        all_orders.customer_key,

        ---------- measures
        coalesce(purchases.order_revenue, 0) as order_revenue,
        coalesce(purchases.order_margin, 0) as order_margin,
        coalesce(purchases.order_count, 0) as order_count,
        coalesce(purchases.full_price_order_count, 0)
            as full_price_order_count,
        coalesce(purchases.recent_order_count, 0) as recent_order_count,
        {{ money(divide('purchases.order_revenue', 'purchases.order_count')) }}
            as average_order_value,

        ---------- dates
        purchases.first_order_at,
        purchases.last_order_at,
        purchases.last_order_date as last_purchase_date,
        all_orders.first_paid_order_date,
        all_orders.last_order_date

    from all_orders

    left join purchases
        on all_orders.customer_key = purchases.customer_key

)

select * from final
