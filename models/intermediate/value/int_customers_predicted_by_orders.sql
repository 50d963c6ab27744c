{# One row per cut and customer who had bought, with what orders will bring. #}

{%- set values = {
    'order_clv_12m': 'discounted_orders_12m',
    'order_clv_36m': 'discounted_orders_36m',
    'order_clv_lifetime': 'discounted_orders_lifetime',
    'order_clv_horizon': 'discounted_orders_horizon',
    'order_clv_low': 'low_discounted_orders',
    'order_clv_high': 'high_discounted_orders',
} %}

with

customers as (

    select
        cut_name,
        customer_key,
        frequency,
        recency_days,
        age_days

    from {{ ref('int_customers_summarised_for_clv') }}

),

cells as (

    select * from {{ ref('int_clv_cells_predicted') }}

),

order_values as (

    select
        *,
        expected_order_value * margin_rate as expected_order_margin

    from {{ ref('int_order_values_expected') }}

),

methods as (

    select
        cut_name,
        case
            when order_value_status = 'none' then orders_status
            else orders_status || '+' || order_value_status
        end as clv_method,
        orders_reason || ' ' || order_value_reason as clv_method_reason

    from {{ ref('int_clv_parameters_spread') }}

),

final as (

    select
        ---------- keys
        customers.cut_name,
        customers.customer_key,

        ---------- measures
        cells.probability_alive,
        cells.expected_orders_12m,
        cells.expected_orders_horizon,
        order_values.expected_order_value,
        order_values.margin_rate,
        {% for name, orders in values.items() %}
        cells.{{ orders }} * order_values.expected_order_margin
            as {{ name }},
        {% endfor %}

        ---------- attributes
        methods.clv_method,
        methods.clv_method_reason

    from customers

    inner join cells
        on
            customers.cut_name = cells.cut_name
            and customers.frequency = cells.frequency
            and customers.recency_days = cells.recency_days
            and customers.age_days = cells.age_days

    inner join order_values
        on
            customers.cut_name = order_values.cut_name
            and customers.customer_key = order_values.customer_key

    inner join methods
        on customers.cut_name = methods.cut_name

)

select * from final
