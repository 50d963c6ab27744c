{# One row per term that has begun, with its place in a run of renewals. #}

{{ config(**by_touched_customers()) }}

{% set in_order = 'partition by subscription_id order by term_number' %}
{% set in_run = 'partition by runs.subscription_id, runs.run_number'
    ~ ' order by runs.term_number' %}

with

terms as (

    select
        *,
        case
            when billing_interval_count = 1 then billing_interval
            else cast(billing_interval_count as {{ dbt.type_string() }})
                || ' ' || billing_interval
        end as term_name

    from {{ touched_rows(ref('fct_subscription_terms')) }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

versions as (

    select * from {{ touched_rows(
        ref('int_subscriptions_split_into_versions')
    ) }}

),

neighbours as (

    select
        *,
        lag(renewal_status) over ({{ in_order }}) as previous_status,
        lag(term_name) over ({{ in_order }}) as previous_term_name,
        lag(term_end_date) over ({{ in_order }}) as previous_end_date

    from terms

),

-- Another subscription may have renewed the term before: when this one comes
-- back after the days of grace, it begins anew.
runs as (

    select
        *,
        sum(case
            when
                previous_status in ('renewed', 'late')
                and previous_term_name = term_name
                and {{ dbt.datediff(
                    'previous_end_date', 'term_start_date', 'day'
                ) }} <= {{ policy('renewal_grace_days') }}
                then 0
            else 1
        end) over (
            {{ in_order }} rows between unbounded preceding and current row
        ) as run_number

    from neighbours

),

final as (

    select
        ---------- keys
        runs.subscription_id,
        runs.term_number,
        runs.customer_key,

        ---------- attributes
        coalesce(first_value(versions.plan_id) over ({{ in_run }}), 'unknown')
            as plan_id,
        runs.term_name,
        runs.renewal_status,

        ---------- measures
        cast(runs.run_number as integer) as run_number,
        cast(row_number() over ({{ in_run }}) as integer) as renewal_number,
        runs.billing_interval_count * (
            cast(billing_intervals.term_days as {{ type_double() }})
            + cast(billing_intervals.term_months as {{ type_double() }})
            * 365 / 12
        ) as term_length_days,
        runs.billing_interval_count * billing_intervals.term_months
            as term_months,

        ---------- dates
        runs.term_start_date,
        runs.term_end_date

    from runs

    inner join billing_intervals
        on runs.billing_interval = billing_intervals.billing_interval

    left join versions
        on
            runs.subscription_id = versions.subscription_id
            and runs.customer_key = versions.customer_key
            and runs.term_start_date >= versions.valid_from
            and (
                runs.term_start_date < versions.valid_to
                or versions.valid_to is null
            )

)

select * from final
