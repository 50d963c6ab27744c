{# One row per thing that happened to a subscription; null is unchanged. #}

with

changes as (

    select * from {{ ref('int_subscription_changes_unioned') }}

),

-- Statuses that end or suspend a subscription say nothing about its past:
-- before any change it was on trial until the trial's end, then active.
subscriptions as (

    select
        *,
        case
            when subscription_status in ('incomplete', 'incomplete_expired')
                then subscription_status
            when trial_ends_date > started_date
                then 'trialing'
            when subscription_status = 'trialing' and trial_ends_date is null
                then 'trialing'
            else 'active'
        end as first_status

    from {{ ref('int_subscriptions_unioned') }}

),

change_summaries as (

    select
        source_name,
        subscription_id,
        min(case when subscription_status is not null then changed_date end)
            as first_named_status_date

    from changes

    group by source_name, subscription_id

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

-- A status that a change has named outranks the planned end of a trial.
trial_ends as (

    select
        subscriptions.source_name,
        subscriptions.subscription_id,
        subscriptions.trial_ends_date as valid_from,
        1 as event_rank,
        subscriptions.started_at as happened_at,
        cast(null as {{ dbt.type_string() }}) as plan_id,
        'active' as subscription_status,
        cast(null as {{ dbt.type_string() }}) as billing_interval,
        cast(null as integer) as billing_interval_count,
        cast(null as decimal(18, 6)) as quantity,
        cast(null as decimal(18, 6)) as unit_amount,
        cast(null as decimal(18, 6)) as discount_amount,
        cast(null as boolean) as discount_is_recurring

    from subscriptions

    left join change_summaries
        on
            subscriptions.source_name = change_summaries.source_name
            and subscriptions.subscription_id
            = change_summaries.subscription_id

    where
        subscriptions.first_status = 'trialing'
        and subscriptions.trial_ends_date is not null
        and (
            change_summaries.first_named_status_date is null
            or change_summaries.first_named_status_date
            > subscriptions.trial_ends_date
        )

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
        2 as event_rank,
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
