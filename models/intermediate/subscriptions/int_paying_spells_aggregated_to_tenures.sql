{# One row per plan, billing interval and month of tenure. #}

with

spells as (

    select * from {{ ref('int_paying_spells_observed') }}

),

numbers as (

    select * from {{ ref('util_numbers') }}

),

grouped_spells as (

    select
        plan_id,
        billing_interval,
        duration_months,
        is_ended

    from spells

    union all

    select
        'all' as plan_id,
        billing_interval,
        duration_months,
        is_ended

    from spells

),

durations as (

    select
        plan_id,
        billing_interval,
        duration_months,
        count(*) as spell_count,
        count(case when is_ended then 1 end) as ended

    from grouped_spells

    group by plan_id, billing_interval, duration_months

),

-- As long as anybody of the group was watched.
tenures as (

    select
        durations.plan_id,
        durations.billing_interval,
        numbers.number as tenure_months

    from durations

    {{ join_numbers('durations.duration_months') }}

    group by
        durations.plan_id, durations.billing_interval, numbers.number

),

final as (

    select
        ---------- keys
        tenures.plan_id,
        tenures.billing_interval,
        tenures.tenure_months,

        ---------- measures
        sum(coalesce(durations.spell_count, 0)) over (
            partition by tenures.plan_id, tenures.billing_interval
            order by tenures.tenure_months desc
            rows between unbounded preceding and current row
        ) as at_risk,
        coalesce(durations.ended, 0) as ended

    from tenures

    left join durations
        on
            tenures.plan_id = durations.plan_id
            and tenures.billing_interval = durations.billing_interval
            and tenures.tenure_months = durations.duration_months

)

select * from final
