{# One row per subscription and state in which a build has seen it. #}

{% snapshot snap_files__subscriptions %}

{% set builds = ref('snap_builds') %}

with

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

    where source_name = 'files'

),

last_build as (

    select coalesce(max(as_of_date), {{ as_of_date() }}) as as_of_date

    {% if execute and load_relation(builds) is not none %}
    from {{ builds }}

    where input_name = {{ sql_text(history_name()) }}
    {% else %}
    from (select cast(null as date) as as_of_date) as no_builds
    {% endif %}

),

seen as (

    select
        ---------- keys
        source_name,
        subscription_id,

        ---------- attributes
        plan_id,
        subscription_status,
        billing_interval,
        billing_interval_count,
        discount_is_recurring,
        currency,

        ---------- measures
        quantity,
        unit_amount,
        discount_amount,

        ---------- derived
        {{ sql_text(history_name()) }} as input_name,
        coalesce({{ reporting_date('loaded_at') }}, {{ as_of_date() }})
            as seen_date

    from subscriptions

),

recorded as (

    {% if execute and load_relation(this) is not none %}
    select
        source_name,
        subscription_id,
        seen_date

    from {{ this }}

    where
        dbt_valid_to is null
        and input_name = {{ sql_text(history_name()) }}
    {% else %}
    select
        source_name,
        subscription_id,
        seen_date

    from seen

    where 1 = 0
    {% endif %}

),

-- A build as of an earlier day than another one has nothing to add to what that
-- one saw, nor has a row that was loaded before the one that is known.
final as (

    select
        seen.*,
        cast(seen.seen_date as timestamp) as seen_at

    from seen

    left join recorded
        on
            seen.source_name = recorded.source_name
            and seen.subscription_id = recorded.subscription_id

    where
        {{ as_of_date() }} >= (select last_build.as_of_date from last_build)
        and (
            seen.seen_date >= recorded.seen_date
            or recorded.seen_date is null
        )

)

select * from final

{% endsnapshot %}
