{# One row per customer ever seen, with what all that is known of it adds up
   to, and the run that last found something new. #}

{{ config(
    enabled=target.type == 'duckdb',
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_key',
    on_schema_change='fail',
) }}

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

-- Each row as a number. A day that may lie ahead counts as another row once it
-- has come, so that time alone touches a customer too.
parts as (

    select
        customer_key,
        {{ row_hash('orders', 'orders') }} as part

    from orders

    union all

    select
        customer_key,
        {{ row_hash('versions', 'versions', [
            'valid_from', 'valid_to', 'recognised_to'
        ]) }} as part

    from {{ ref('int_subscriptions_split_into_versions') }} as versions

    union all

    select
        customer_key,
        {{ row_hash('terms', 'terms', [
            'term_end_date', 'term_end_date + ' ~ policy('renewal_grace_days')
        ]) }} as part

    from {{ ref('int_subscriptions_split_into_terms') }} as terms

    union all

    select
        customer_key,
        {{ row_hash('revenues', 'revenues') }} as part

    from {{ ref('int_subscription_revenues_collected') }} as revenues

    union all

    select
        customer_key,
        {{ row_hash('described', 'described') }} as part

    from {{ ref('int_customers_described') }} as described

),

known as (

    select
        customer_key,
        sum(part) as known_sum

    from parts

    group by customer_key

),

{% if is_incremental() %}

known_before as (

    select
        customer_key,
        known_sum

    from {{ this }}

),

-- Of who has gone a row stays, without a sum.
touched as (

    select
        coalesce(known.customer_key, known_before.customer_key)
            as customer_key,
        known.known_sum

    from known

    full join known_before
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
