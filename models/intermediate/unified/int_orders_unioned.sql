{# One row per order that can be used, dated by the as-of date at the latest. #}

with

checked as (

    select * from {{ ref('int_orders_checked') }}

),

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
        gross_amount,
        cost_amount,
        amount_as_written,

        ---------- dates
        ordered_at,
        ordered_date,
        loaded_at,

        ---------- defaults
        cast(coalesce(discount_amount, 0) as decimal(18, 6)) as discount_amount,
        cast(coalesce(refunded_amount, 0) as decimal(18, 6)) as refunded_amount,
        cast(coalesce(shipping_amount, 0) as decimal(18, 6)) as shipping_amount,
        replace(status, 'canceled', 'cancelled') as order_status,
        coalesce(refunded_date, ordered_date) as refunded_date

    from checked

    where
        reasons is null
        and ordered_date <= {{ as_of_date() }}

)

select * from final
