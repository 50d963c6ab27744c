{# One row per customer and full period of the CLV formula with an order. #}

with

orders as (

    select
        customer_key,
        order_date

    from {{ ref('int_orders_valued') }}

    where not is_subscription_billing

),

first_orders as (

    select
        min(order_date) as first_day,
        cast({{ dbt.dateadd('day', 1, as_of_date()) }} as date) as day_after

    from orders

),

histories as (

    select
        first_day,
        {{ whole_months_between('first_day', 'day_after') }} as history_months

    from first_orders

),

-- Retention needs two full periods; a short history is cut in shorter ones.
lengths as (

    select
        first_day,
        history_months,
        case
            {% for months in range(policy('clv_period_months'), 1, -1) %}
            when history_months >= {{ 2 * months }} then {{ months }}
            {% endfor %}
            else 1
        end as period_months

    from histories

),

dated as (

    select
        orders.customer_key,
        lengths.period_months,
        floor(lengths.history_months / lengths.period_months) as period_count,
        floor(
            {{ whole_months_between('lengths.first_day', 'orders.order_date') }}
            / lengths.period_months
        ) as period_number

    from orders

    cross join lengths

),

final as (

    select
        customer_key,
        cast(period_number as integer) as period_number,
        cast(period_count as integer) as period_count,
        period_months,
        count(*) as order_count

    from dated

    where period_number < period_count

    group by customer_key, period_number, period_count, period_months

)

select * from final
