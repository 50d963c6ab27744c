{# One row per order that can be used, dated by the as-of date at the latest. #}

{# Read as a whole once, where they are valued: DuckDB need not write down
   another copy of all orders for it. #}
{{ config(
    materialized='view' if target.type == 'duckdb' else 'table'
) }}

with

{% if policy('order_grain') == 'line' %}

lines as (

    select * from {{ ref('int_orders_checked') }}

    where
        reasons is null
        and ordered_date <= {{ as_of_date() }}

),

-- The rows are lines of orders: what can be added is added, and the rest is
-- the same on all lines of an order, else they were rejected.
orders as (

    select
        source_name,
        order_id,
        max(customer_id) as customer_id,
        max(subscription_id) as subscription_id,
        max(platform) as platform,
        max(currency) as currency,
        max(status) as status,
        max(exchange_rate) as exchange_rate,
        max(ordered_at) as ordered_at,
        max(ordered_date) as ordered_date,
        max(refunded_date) as refunded_date,
        max(loaded_at) as loaded_at,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(refunded_amount) as refunded_amount,
        sum(shipping_amount) as shipping_amount,
        case when count(*) = count(cost_amount) then sum(cost_amount) end
            as cost_amount,
        sum(amount_as_written) as amount_as_written,
        count(*) as raw_row_count

    from lines

    group by source_name, order_id

),

{% else %}

orders as (

    select
        *,
        1 as raw_row_count

    from {{ ref('int_orders_checked') }}

    where
        reasons is null
        and ordered_date <= {{ as_of_date() }}

),

{% endif %}

final as (

    select
        ---------- keys
        source_name,
        order_id,
        customer_id,
        subscription_id,

        ---------- attributes
        platform,
        currency,

        ---------- measures
        {{ in_reporting_currency('gross_amount') }} as gross_amount,
        {{ in_reporting_currency('coalesce(discount_amount, 0)') }}
            as discount_amount,
        {{ in_reporting_currency('coalesce(refunded_amount, 0)') }}
            as refunded_amount,
        {{ in_reporting_currency('coalesce(shipping_amount, 0)') }}
            as shipping_amount,
        {{ in_reporting_currency('cost_amount') }} as cost_amount,
        cast(amount_as_written as decimal(18, 6)) as amount_as_written,
        cast(exchange_rate as decimal(24, 12)) as exchange_rate,
        cast(raw_row_count as integer) as raw_row_count,

        ---------- dates
        ordered_at,
        ordered_date,
        loaded_at,

        ---------- defaults
        replace(status, 'canceled', 'cancelled') as order_status,
        coalesce(discount_amount > gross_amount, false)
            as is_discount_above_price,
        coalesce(refunded_date, ordered_date) as refunded_date

    from orders

)

select * from final
