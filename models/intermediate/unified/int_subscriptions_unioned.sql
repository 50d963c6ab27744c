{# One row per subscription that can be used, in its latest known state. #}

with

checked as (

    select * from {{ ref('int_subscriptions_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        subscription_id,
        customer_id,
        plan_id,

        ---------- attributes
        status as subscription_status,
        billing_interval,
        currency,
        cancel_reason,
        is_involuntary,

        ---------- measures
        unit_amount,
        exchange_rate,
        amount_as_written,

        ---------- dates
        started_at,
        started_date,
        trial_ends_date,
        ended_at,
        ended_date,
        cancel_requested_date,
        loaded_at,

        ---------- defaults
        cast(coalesce(quantity, 1) as decimal(18, 6)) as quantity,
        cast(coalesce(discount_amount, 0) as decimal(18, 6)) as discount_amount,
        coalesce(billing_interval_count, 1) as billing_interval_count,
        coalesce(discount_is_recurring, true) as discount_is_recurring,
        coalesce(
            discount_amount
            > unit_amount * cast(coalesce(quantity, 1) as decimal(19, 6)),
            false
        ) as is_discount_above_price

    from checked

    where
        reasons is null
        and started_date <= {{ as_of_date() }}

)

select * from final
