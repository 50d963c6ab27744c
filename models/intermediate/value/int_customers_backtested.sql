{# One row per customer of the backtest, with predicted and actual orders. #}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where cut_name = 'backtest' and skip_reason is null

),

customers as (

    select * from {{ ref('int_customers_summarised_for_clv') }}

    where cut_name = 'backtest'

),

predictions as (

    select * from {{ ref('int_customers_predicted_by_orders') }}

    where cut_name = 'backtest'

),

held_out_purchases as (

    select
        purchases.customer_key,
        count(*) as order_count,
        sum(purchases.spend) as revenue

    from {{ ref('int_orders_aggregated_to_purchases') }} as purchases

    inner join cuts
        on purchases.purchase_date > cuts.cut_date

    group by purchases.customer_key

),

-- A whole history of one day has no rate of its own, which is taken for 0.
final as (

    select
        predictions.clv_method as model_name,
        predictions.customer_key as unit_key,
        predictions.expected_orders_horizon as predicted_orders,
        cast(coalesce(held_out_purchases.order_count, 0) as integer)
            as actual_orders,
        predictions.expected_orders_horizon * predictions.expected_order_value
            as predicted_revenue,
        cast(coalesce(held_out_purchases.revenue, 0) as decimal(18, 6))
            as actual_revenue,
        coalesce({{ divide('customers.frequency', 'customers.age_days') }}, 0)
        * cuts.horizon_days as naive_predicted_orders

    from predictions

    inner join customers
        on predictions.customer_key = customers.customer_key

    cross join cuts

    left join held_out_purchases
        on predictions.customer_key = held_out_purchases.customer_key

)

select * from final
