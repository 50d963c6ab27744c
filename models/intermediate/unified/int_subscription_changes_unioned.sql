{# One row per change of a subscription that can be used; null is unchanged. #}

with

checked as (

    select * from {{ ref('int_subscription_changes_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        subscription_id,
        changed_at,

        ---------- attributes
        plan_id,
        status as subscription_status,
        billing_interval,
        billing_interval_count,

        ---------- measures
        quantity,
        unit_amount,
        discount_amount,
        discount_is_recurring,
        amount_as_written,

        ---------- dates
        changed_date,
        loaded_at

    from checked

    where
        reasons is null
        and changed_date <= {{ as_of_date() }}

)

select * from final
