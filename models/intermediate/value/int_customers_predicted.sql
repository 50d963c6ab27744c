{# One row per customer who ever bought or paid for a subscription. #}

with

orders as (

    select
        *,
        order_clv_low - order_clv_horizon as low_deviation,
        order_clv_high - order_clv_horizon as high_deviation

    from {{ ref('int_customers_predicted_by_orders') }}

    where cut_name = 'as_of'

),

subscriptions as (

    select * from {{ ref('int_customers_predicted_by_subscriptions') }}

),

customers as (

    select customer_key from orders

    union

    select customer_key from subscriptions

),

-- Orders and each subscription vary on their own: their distances from the
-- mean add up as squares, with their signs. Exact for one part.
combined as (

    select
        customers.customer_key,
        orders.probability_alive,
        orders.expected_orders_12m,
        orders.expected_order_value,
        {% for horizon in ['12m', '36m', 'lifetime'] %}
        orders.order_clv_{{ horizon }},
        subscriptions.subscription_clv_{{ horizon }},
        {% endfor %}
        orders.clv_method_reason as order_reason,
        subscriptions.clv_method_reason as subscription_reason,
        coalesce(orders.clv_method, 'none') as order_method,
        coalesce(subscriptions.clv_method, 'none') as subscription_method,
        {% for side in ['low', 'high'] %}
        {{ signed_square('orders.' ~ side ~ '_deviation') }}
        + coalesce(subscriptions.{{ side }}_square, 0) as {{ side }}_square,
        {% endfor %}
        coalesce(orders.order_clv_horizon, 0)
        + coalesce(subscriptions.subscription_clv_horizon, 0) as predicted_clv

    from customers

    left join orders
        on customers.customer_key = orders.customer_key

    left join subscriptions
        on customers.customer_key = subscriptions.customer_key

),

final as (

    select
        ---------- keys
        customer_key,

        ---------- measures
        probability_alive,
        expected_orders_12m,
        cast(expected_order_value as decimal(18, 6)) as expected_order_value,
        {% for part in ['order', 'subscription'] %}
        {% for horizon in ['12m', '36m', 'lifetime'] %}
        cast({{ part }}_clv_{{ horizon }} as decimal(18, 6))
            as predicted_{{ part }}_clv_{{ horizon }},
        {% endfor %}
        {% endfor %}
        cast(predicted_clv as decimal(18, 6)) as predicted_clv,
        {% for side in ['low', 'high'] %}
        cast(greatest(
            0, predicted_clv + case
                when {{ side }}_square < 0 then -sqrt(-{{ side }}_square)
                else sqrt({{ side }}_square)
            end
        ) as decimal(18, 6)) as predicted_clv_{{ side }},
        {% endfor %}

        ---------- attributes
        case
            when subscription_method = 'none' then order_method
            when order_method = 'none' then subscription_method
            else order_method || '+' || subscription_method
        end as clv_method,
        case
            when subscription_reason is null then order_reason
            when order_reason is null then subscription_reason
            else order_reason || ' ' || subscription_reason
        end as clv_method_reason

    from combined

)

select * from final
