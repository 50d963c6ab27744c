{# One row per customer. #}

{% set margin = 'coalesce(orders.order_margin, 0)'
    ~ ' + coalesce(subscription_revenues.margin, 0)' %}
{% set total = margin ~ ' + coalesce(predicted.predicted_clv, 0)' %}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

orders as (

    select * from {{ ref('int_orders_aggregated_to_customers') }}

),

subscription_revenues as (

    select * from {{ ref('int_subscription_revenues_aggregated_to_customers') }}

),

formula as (

    select * from {{ ref('int_customers_valued_by_formula') }}

),

churn_based as (

    select * from {{ ref('int_customers_valued_by_churn') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

-- The highest decile is 10, also where fewer than ten ever paid.
final as (

    select
        ---------- keys
        customers.customer_key,

        ---------- attributes
        coalesce(predicted.clv_method, 'none') as clv_method,
        coalesce(
            predicted.clv_method_reason, 'Never bought and never subscribed.'
        ) as clv_method_reason,
        {{ joined_words([
            ['orders', 'orders.order_count > 0'],
            ['invoices', 'subscription_revenues.has_invoices'],
            ['subscription_orders', 'subscription_revenues.has_orders'],
            ['terms', 'subscription_revenues.has_terms'],
        ], separator='+', otherwise='none') }} as revenue_source,
        coalesce(churn_based.is_capped, false) as churn_based_clv_is_capped,

        ---------- measures
        cast(
            coalesce(orders.order_revenue, 0)
            + coalesce(subscription_revenues.revenue, 0)
            as decimal(18, 6)
        ) as historical_revenue,
        cast({{ margin }} as decimal(18, 6)) as historical_margin,
        customers.order_count,
        formula.average_order_value,
        formula.purchase_frequency,
        formula.lifespan_months,
        formula.formula_clv,
        churn_based.churn_based_clv,
        predicted.probability_alive,
        predicted.expected_orders_12m,
        predicted.expected_order_value,
        {% for part in ['order', 'subscription'] %}
        {% for horizon in ['12m', '36m', 'lifetime'] %}
        predicted.predicted_{{ part }}_clv_{{ horizon }},
        {% endfor %}
        {% endfor %}
        {% for column in ['predicted_clv', 'predicted_clv_low',
            'predicted_clv_high'] %}
        coalesce(predicted.{{ column }}, 0) as {{ column }},
        {% endfor %}
        cast({{ total }} as decimal(18, 6)) as total_clv,
        cast(case
            when customers.first_paid_date is not null
                then 11 - ntile(10) over (
                    partition by customers.first_paid_date is not null
                    order by {{ total }} desc, customers.customer_key desc
                )
        end as integer) as clv_decile

    from customers

    left join orders
        on customers.customer_key = orders.customer_key

    left join subscription_revenues
        on customers.customer_key = subscription_revenues.customer_key

    left join formula
        on customers.customer_key = formula.customer_key

    left join churn_based
        on customers.customer_key = churn_based.customer_key

    left join predicted
        on customers.customer_key = predicted.customer_key

)

select * from final
