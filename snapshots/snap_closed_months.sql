{# One row per closed month, metric and value that a build has told of it. #}

{% snapshot snap_closed_months %}

with

closed_months as (

    select * from {{ ref('util_months') }}

    where is_complete_month

),

told as (

    select
        closed_month as told_month,
        metric_name,
        metric_value

    from {{ ref('rpt_closed_months') }}

),

recorded as (

    {% if execute and load_relation(this) is not none %}
    select
        told_month,
        metric_name

    from {{ this }}

    where
        dbt_valid_to is null
        and input_name = {{ sql_text(history_name()) }}
        and policy_key = '{{ policy_key() }}'
    {% else %}
    select
        told_month,
        metric_name

    from told

    where 1 = 0
    {% endif %}

),

-- What was told before and is no more: nothing is left of it.
vanished as (

    select
        recorded.told_month,
        recorded.metric_name,
        cast(0 as decimal(18, 6)) as metric_value

    from recorded

    inner join closed_months
        on recorded.told_month = closed_months.revenue_month

    left join told
        on
            recorded.told_month = told.told_month
            and recorded.metric_name = told.metric_name

    where told.told_month is null

),

all_told as (

    select * from told

    union all

    select * from vanished

),

final as (

    select
        told_month,
        metric_name,
        metric_value,
        {{ sql_text(history_name()) }} as input_name,
        '{{ policy_key() }}' as policy_key,
        '{{ invocation_id }}' as build_id,
        {{ sql_text(policy('restatement_reason') or '') }} as reason,
        cast(
            '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
            as timestamp
        ) as told_at

    from all_told

)

select * from final

{% endsnapshot %}
