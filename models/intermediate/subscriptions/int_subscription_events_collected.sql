{# One row per thing that happened to a subscription; null is unchanged. #}

with

changes as (

    select * from {{ ref('int_subscription_changes_known') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_opened') }}

),

-- The row is the latest state; where no change names the state at the start,
-- it stands in for it.
starts as (

    select
        source_name,
        subscription_id,
        started_date as valid_from,
        0 as event_rank,
        started_at as happened_at,
        plan_id,
        first_status as subscription_status,
        billing_interval,
        billing_interval_count,
        quantity,
        unit_amount,
        discount_amount,
        discount_is_recurring

    from subscriptions

),

trial_ends as (

    select
        source_name,
        subscription_id,
        trial_ended_date as valid_from,
        1 as event_rank,
        started_at as happened_at,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        'active' as subscription_status,
        cast(null as {{ dbt.type_string() }}) as billing_interval,
        cast(null as integer) as billing_interval_count,
        cast(null as decimal(18, 6)) as quantity,
        cast(null as decimal(18, 6)) as unit_amount,
        cast(null as decimal(18, 6)) as discount_amount,
        cast(null as boolean) as discount_is_recurring

    from subscriptions

    where trial_ended_date is not null

),

final as (

    select * from starts

    union all

    select * from trial_ends

    union all

    select
        source_name,
        subscription_id,
        changed_date as valid_from,
        case when known_from = 'seen' then 2 else 3 end as event_rank,
        changed_at as happened_at,
        plan_id,
        subscription_status,
        billing_interval,
        billing_interval_count,
        quantity,
        unit_amount,
        discount_amount,
        discount_is_recurring

    from changes

)

select * from final
