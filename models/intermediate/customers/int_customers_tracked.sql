{# One row per customer ever seen. #}

{{ config(
    enabled=target.type == 'duckdb',
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_key',
    on_schema_change='fail',
) }}

{# What is known of customers beside orders: tables, and the days in them that
   may lie ahead. One that has come makes another row, so that time alone
   touches a customer too. #}
{% set grace_days = policy('renewal_grace_days') %}
{% set days_ahead = {
    'int_customers_described': [],
    'int_subscriptions_split_into_versions': [
        'valid_from', 'valid_to', 'recognised_to',
    ],
    'int_subscriptions_split_into_terms': [
        'term_end_date', 'term_end_date + ' ~ grace_days,
    ],
    'int_subscription_revenues_collected': [],
} %}

with

orders as (

    select
        orders.*,
        reduced_orders.order_id is null as is_full_price

    from {{ ref('int_orders_valued') }} as orders

    left join {{ ref('int_orders_sold_below_full_price') }} as reduced_orders
        on
            orders.source_name = reduced_orders.source_name
            and orders.order_id = reduced_orders.order_id

),

parts as (

    select
        customer_key,
        {{ row_hash('orders', 'orders') }} as part

    from orders

    {% for table, days in days_ahead.items() %}
    union all

    select
        customer_key,
        {{ row_hash(table, 'known', days) }} as part

    from {{ ref(table) }} as known -- noqa: AL05

    {% endfor %}
),

-- Sums do not depend on the order of rows.
known as (

    select
        customer_key,
        sum(part) as known_sum

    from parts

    group by customer_key

),

{% if is_incremental() %}

-- Of who has gone a row stays, without a sum.
touched as (

    select
        coalesce(known.customer_key, known_before.customer_key)
            as customer_key,
        known.known_sum

    from known

    full join {{ this }} as known_before
        on known.customer_key = known_before.customer_key

    where known.known_sum is distinct from known_before.known_sum

),

{% else %}

touched as (

    select * from known

),

{% endif %}

final as (

    select
        customer_key,
        known_sum,
        '{{ invocation_id }}' as touched_by

    from touched

)

select * from final
