{# One row per customer and attribute, with the customer's value of it. #}

{# Spelled out only when asked: nine rows for each customer. #}
{{ config(materialized='view') }}

{% set attributes = {
    'segment': 'segments.rfm_segment',
    'channel': 'customers.acquisition_channel',
    'platform': 'customers.platform',
    'country': 'customers.country',
    'age_band': 'customers.age_band',
    'gender': 'customers.gender',
    'income_band': 'customers.income_band',
    'plan': "coalesce(customers.current_plan_id, 'none')",
    'feedback_band': 'segments.feedback_band',
} %}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

segments as (

    select * from {{ ref('fct_customer_segments') }}

),

final as (

    {% for name, value in attributes.items() %}
    select
        customers.customer_key,
        '{{ name }}' as attribute_name,
        {{ value }} as attribute_value,
        customers.first_paid_date is not null as has_paid,
        segments.is_high_value,
        segments.frequency as order_count,
        segments.monetary_value as order_revenue

    from customers

    inner join segments
        on customers.customer_key = segments.customer_key

    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
