{# One row per customer with an order, with its order history in sums. #}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

),

final as (

    select
        ---------- keys
        customer_key,

        ---------- measures
        cast(sum(
            case when is_subscription_billing then 0 else net_revenue end
        ) as decimal(18, 6)) as order_revenue,
        cast(sum(
            case when is_subscription_billing then 0 else gross_margin end
        ) as decimal(18, 6)) as order_margin,
        count(case when not is_subscription_billing then 1 end)
            as order_count,

        ---------- dates
        min(case when not is_subscription_billing then ordered_at end)
            as first_order_at,
        max(case when not is_subscription_billing then ordered_at end)
            as last_order_at,
        min(case when gross_amount > discount_amount then order_date end)
            as first_paid_order_date,
        max(order_date) as last_order_date

    from orders

    group by customer_key

)

select * from final
