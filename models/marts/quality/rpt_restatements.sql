{# One row per closed month, metric and build that told it another way. #}

with

told as (

    select
        *,
        lag(metric_value) over (
            partition by told_month, metric_name order by told_at
        ) as previous_value

    from {{ ref('snap_closed_months') }}

    where
        input_name = {{ sql_text(history_name()) }}
        and policy_key = '{{ policy_key() }}'

),

tellings as (

    select distinct told_at from told

),

-- A build that failed before it told anything is none.
builds as (

    select
        builds.as_of_date,
        builds.told_at

    from {{ ref('snap_builds') }} as builds

    inner join tellings
        on builds.told_at = tellings.told_at

    where
        builds.input_name = {{ sql_text(history_name()) }}
        and builds.policy_key = '{{ policy_key() }}'

),

-- The first build to which the month was over: what it did not tell was 0.
first_builds as (

    select
        told.told_month,
        min(builds.told_at) as first_told_at

    from told

    inner join builds
        on
            {{ dbt.dateadd('month', 1, 'told.told_month') }}
            <= {{ dbt.dateadd('day', 1, 'builds.as_of_date') }}

    group by told.told_month

),

compared as (

    select
        told.*,
        case
            when
                told.previous_value is null
                and told.told_at > first_builds.first_told_at
                then cast(0 as decimal(18, 6))
            else told.previous_value
        end as old_value

    from told

    left join first_builds
        on told.told_month = first_builds.told_month

),

final as (

    select
        ---------- keys
        told_month as restated_month,
        metric_name,
        build_id,

        ---------- measures
        old_value,
        metric_value as new_value,

        ---------- dates
        told_at as restated_at,

        ---------- attributes
        nullif(reason, '') as reason

    from compared

    where old_value <> metric_value

)

select * from final
