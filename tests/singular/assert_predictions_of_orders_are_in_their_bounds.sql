{#
    Of each customer who had bought: nothing predicted is below 0, chances are
    chances, a low bound is not above the high one, a longer time is not worth
    less, and a method is named with its reason. As many customers have a
    prediction as had bought by the cut.
    Returns the customers, or cuts, where it is not so.
#}

with

predictions as (

    select * from {{ ref('int_customers_predicted_by_orders') }}

),

customers as (

    select * from {{ ref('int_customers_summarised_for_clv') }}

)

select
    customers.cut_name,
    customers.customer_key

from customers

left join predictions
    on
        customers.cut_name = predictions.cut_name
        and customers.customer_key = predictions.customer_key

where
    predictions.customer_key is null
    or predictions.probability_alive < 0
    or predictions.probability_alive > 1
    or coalesce(predictions.expected_orders_horizon, -1) < 0
    or coalesce(predictions.expected_order_value, -1) < 0
    or coalesce(predictions.margin_rate, -1) < 0
    or coalesce(predictions.order_clv_low, -1) < 0
    or predictions.order_clv_low > predictions.order_clv_high
    or predictions.order_clv_36m
    < predictions.order_clv_12m * (1 - 0.000000001)
    or predictions.clv_method is null
    or predictions.clv_method_reason is null
    or (
        customers.cut_name = 'as_of'
        and (
            coalesce(predictions.expected_orders_12m, -1) < 0
            or coalesce(predictions.order_clv_12m, -1) < 0
            or coalesce(predictions.order_clv_36m, -1) < 0
            or coalesce(predictions.order_clv_lifetime, -1) < 0
            or coalesce(predictions.order_clv_horizon, -1) < 0
        )
    )
