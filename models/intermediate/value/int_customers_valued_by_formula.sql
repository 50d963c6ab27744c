{# One row per customer with an order, valued by the CLV formula. #}

with

orders as (

    select * from {{ ref('int_orders_aggregated_to_customers') }}

    where order_count > 0

),

periods as (

    select * from {{ ref('int_orders_aggregated_to_periods') }}

),

lifespans as (

    select * from {{ ref('int_lifespans_estimated') }}

),

frequencies as (

    select
        customer_key,
        {{ divide('sum(order_count)', 'count(*) * max(period_months)') }}
            as purchase_frequency

    from periods

    group by customer_key

),

factors as (

    select
        orders.customer_key,
        cast(
            {{ divide('orders.order_revenue', 'orders.order_count') }}
            as decimal(18, 6)
        ) as average_order_value,
        frequencies.purchase_frequency,
        lifespans.lifespan_months

    from orders

    left join frequencies
        on orders.customer_key = frequencies.customer_key

    cross join lifespans

),

final as (

    select
        customer_key,
        average_order_value,
        purchase_frequency,
        lifespan_months,
        cast(
            average_order_value * purchase_frequency * lifespan_months
            as decimal(18, 6)
        ) as formula_clv

    from factors

)

select * from final
