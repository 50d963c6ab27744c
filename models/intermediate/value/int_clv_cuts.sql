{# One row per day at which customers are looked at to predict their value. #}

{# A backtest of less says nothing. #}
{%- set least_history_days = 90 -%}
{%- set least_held_out_days = 30 -%}
{%- set horizon_days = policy('clv_horizon_months') * 365 / 12 -%}
{%- set lifetime_days = policy('max_lifetime_months') * 365 / 12 -%}

with

purchase_dates as (

    select min(purchase_date) as first_day

    from {{ ref('int_orders_aggregated_to_purchases') }}

),

term_dates as (

    select min(term_start_date) as first_day

    from {{ ref('int_subscriptions_split_into_terms') }}

),

spans as (

    select
        coalesce(purchase_dates.first_day, term_dates.first_day) as first_day,
        {{ as_of_date() }} as last_day

    from purchase_dates

    cross join term_dates

),

histories as (

    select
        *,
        {{ dbt.datediff('first_day', 'last_day', 'day') }}
            as history_days

    from spans

),

-- Of half a day the backtest gets the whole.
held_out as (

    select
        *,
        cast(floor(
            history_days
            * cast({{ policy('backtest_share') }} as {{ type_double() }})
            + 0.5
        ) as integer) as held_out_days

    from histories

),

cuts as (

    select
        'as_of' as cut_name,
        first_day,
        last_day as cut_date,
        {{ horizon_days }} as horizon_days,
        cast(null as {{ dbt.type_string() }}) as skip_reason

    from held_out

    union all

    select
        'backtest' as cut_name,
        first_day,
        cast({{ dbt.dateadd(
            'day', 'history_days - held_out_days', 'first_day'
        ) }} as date) as cut_date,
        held_out_days as horizon_days,
        case
            when {{ policy('backtest_share') }} = 0
                then 'No backtest: backtest_share is 0.'
            when first_day is null
                then 'No backtest: nothing was bought yet.'
            when history_days - held_out_days < {{ least_history_days }}
                then
                    'No backtest: the history before its cut has less than '
                    || '{{ least_history_days }} days.'
            when held_out_days < {{ least_held_out_days }}
                then
                    'No backtest: less than {{ least_held_out_days }} days '
                    || 'would be held out.'
        end as skip_reason

    from held_out

),

final as (

    select
        cut_name,
        first_day as first_date,
        cut_date,
        cast(horizon_days as {{ type_double() }}) as horizon_days,
        cast({{ lifetime_days }} as {{ type_double() }}) as lifetime_days,
        skip_reason

    from cuts

)

select * from final
