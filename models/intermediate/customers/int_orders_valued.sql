{# One row per order that counts, with what it brought until the as-of date. #}

with

orders as (

    select * from {{ ref('int_orders_unioned') }}

    where
        coalesce(order_status, 'paid')
        not in ('cancelled', 'failed', 'draft', 'test')

),

customers as (

    select * from {{ ref('int_customers_identified') }}

),

-- As seen at the as-of date: a refund of tomorrow has not happened.
refunded as (

    select
        *,
        case
            when refunded_date <= {{ as_of_date() }} then refunded_amount
            else cast(0 as decimal(18, 6))
        end as refunded_until_now

    from orders

),

revenues as (

    select
        *,
        cast(
            gross_amount
            {%- if policy('revenue_includes_shipping') %}
            + shipping_amount
            {%- endif %}
            - discount_amount
            - refunded_until_now
            as decimal(18, 6)
        ) as net_revenue

    from refunded

),

-- By default all count; else what was given back in full counts no more
-- than what was cancelled. A billing stays: it tells by which road the
-- subscription's revenue comes.
final as (

    select
        ---------- keys
        revenues.source_name,
        revenues.order_id,
        customers.customer_key,
        revenues.subscription_id,

        ---------- attributes
        revenues.order_status,
        revenues.platform,
        revenues.subscription_id is not null as is_subscription_billing,
        revenues.cost_amount is null as margin_is_estimated,
        revenues.is_discount_above_price,
        revenues.currency,

        ---------- measures
        revenues.gross_amount,
        revenues.discount_amount,
        revenues.refunded_until_now as refunded_amount,
        revenues.net_revenue,
        cast(
            case
                when revenues.cost_amount is null
                    then {{ estimated_margin('revenues.net_revenue') }}
                else revenues.net_revenue - revenues.cost_amount
            end
            as decimal(18, 6)
        ) as gross_margin,
        cast(
            case
                when revenues.cost_amount is null
                    then {{ estimated_margin('revenues.refunded_until_now') }}
                else revenues.refunded_until_now
            end
            as decimal(18, 6)
        ) as refunded_margin,
        revenues.exchange_rate,

        ---------- dates
        revenues.ordered_at,
        revenues.ordered_date as order_date,
        revenues.refunded_date

    from revenues

    inner join customers
        on
            revenues.source_name = customers.source_name
            and revenues.customer_id = customers.customer_id

    where
        {{ policy('count_refunded_orders') }}
        or revenues.subscription_id is not null
        or not (revenues.refunded_until_now > 0 and revenues.net_revenue <= 0)

)

select * from final
