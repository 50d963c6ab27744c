{# One row per cut and customer who had bought, with what orders will bring. #}

{%- set alive = 'coalesce(valued.probability_alive, 1)' %}
{%- set order_margin = 'valued.expected_order_value * valued.margin_rate' %}
{%- set discount = divide(
    'purchases.discounted_orders_horizon', 'purchases.expected_orders_horizon'
) %}

with

customers as (

    select
        *,
        coalesce(paid_frequency * mean_value, 0) as repeat_spend

    from {{ ref('int_customers_summarised_for_clv') }}

),

parameters as (

    select * from {{ ref('int_clv_parameters_spread') }}

),

averages as (

    select * from {{ ref('int_order_values_averaged') }}

),

purchases as (

    select * from {{ ref('int_clv_purchases_expected') }}

),

ranges as (

    select * from {{ ref('int_clv_ranges_interpolated') }}

),

-- Only a model with a dropout tells who is alive. One cheap order tells little
-- of a margin rate: it is shrunk by one average purchase.
valued as (

    select
        customers.*,
        parameters.clv_method,
        parameters.clv_method_reason,
        case
            when parameters.orders_status = 'bg_nbd'
                then {{ probability_alive('parameters', 'customers') }}
        end as probability_alive,
        coalesce(averages.paid_share * {{ paid_order_value(
            'parameters', 'customers'
        ) }}, 0) as expected_order_value,
        greatest(coalesce({{ divide(
            'customers.paid_margin + averages.average_margin',
            'customers.paid_revenue + averages.average_revenue'
        ) }}, 0), 0) as margin_rate

    from customers

    inner join parameters
        on customers.cut_name = parameters.cut_name

    inner join averages
        on customers.cut_name = averages.cut_name

),

-- Without a model of dropout everybody is taken for alive. What is bought
-- within the horizon is discounted as the mean of it is.
final as (

    select
        ---------- keys
        valued.cut_name,
        valued.customer_key,

        ---------- measures and how they were found
        valued.probability_alive,
        valued.expected_order_value,
        valued.margin_rate,
        {% for name in ['12m', 'horizon'] %}
        {{ alive }} * purchases.expected_orders_{{ name }}
            as expected_orders_{{ name }},
        {% endfor %}
        {% for name in ['12m', '36m', 'lifetime', 'horizon'] %}
        {{ alive }} * purchases.discounted_orders_{{ name }}
        * {{ order_margin }} as order_clv_{{ name }},
        {% endfor %}
        {% for name in ['low', 'high'] %}
        coalesce(ranges.{{ name }}_orders * {{ discount }}, 0)
        * {{ order_margin }} as order_clv_{{ name }},
        {% endfor %}
        valued.clv_method,
        valued.clv_method_reason

    from valued

    inner join purchases
        on
            valued.cut_name = purchases.cut_name
            and valued.frequency = purchases.frequency
            and valued.age_days = purchases.age_days

    left join ranges
        on
            valued.cut_name = 'as_of'
            and valued.frequency = ranges.frequency
            and valued.recency_days = ranges.recency_days
            and valued.age_days = ranges.age_days

)

select * from final
