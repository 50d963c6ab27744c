{# One row per customer and day with own orders: a purchase. #}

{{ config(**by_touched_customers()) }}

with

orders as (

    select
        customer_key,
        order_date as purchase_date,
        net_revenue,
        gross_margin

    from {{ touched_rows(ref('int_orders_valued')) }}

    where not is_subscription_billing

),

purchases as (

    select
        customer_key,
        purchase_date,
        cast(sum(net_revenue) as decimal(18, 6)) as spend,
        cast(sum(gross_margin) as decimal(18, 6)) as margin

    from orders

    group by customer_key, purchase_date

),

first_days as (

    select
        customer_key,
        min(purchase_date) as first_purchase_date

    from purchases

    group by customer_key

),

final as (

    select
        purchases.customer_key,
        purchases.purchase_date,
        purchases.spend,
        purchases.margin,
        purchases.purchase_date = first_days.first_purchase_date
            as is_first_purchase

    from purchases

    inner join first_days
        on purchases.customer_key = first_days.customer_key

)

select * from final
