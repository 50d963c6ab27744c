{# One row per cut and running subscription, with the curve it goes by. #}

{% set three_years = 36.0 * 365 / 12 %}

with

running as (

    select
        *,
        greatest(lifetime_days, horizon_days, {{ three_years }})
            as furthest_days

    from {{ ref('int_subscriptions_running') }}

),

curves as (

    select * from {{ ref('int_renewal_curves') }}

    where renewal_number = 0

),

counted as (

    select
        *,
        {{ renewals_within('furthest_days') }} as renewals_in_reach

    from running

),

-- Those dated before a planned end, within the furthest horizon; none where an
-- end was asked for and not dated.
final as (

    select
        ---------- keys
        counted.cut_name,
        counted.subscription_id,
        counted.run_number,
        counted.customer_key,

        ---------- attributes
        counted.term_name,

        ---------- measures
        counted.price,
        counted.renewals_made,
        counted.term_length_days,
        counted.horizon_days,
        counted.lifetime_days,
        counted.days_to_due,
        cast(case
            when counted.renewals_before_end < counted.renewals_in_reach
                then counted.renewals_before_end
            when
                counted.is_cancelled and counted.renewals_before_end is null
                then 0
            else counted.renewals_in_reach
        end as integer) as renewals_ahead,

        ---------- curve
        coalesce(own_curves.plan_id, all_curves.plan_id, 'none')
            as curve_plan_id,
        case
            when own_curves.fit_status is not null then 'sbg_plan'
            else coalesce(all_curves.fit_status, 'none')
        end as renewal_method

    from counted

    left join curves as own_curves
        on
            counted.cut_name = own_curves.cut_name
            and counted.plan_id = own_curves.plan_id
            and counted.term_name = own_curves.term_name
            and own_curves.plan_id <> 'all'
            and own_curves.fit_status = 'sbg'

    left join curves as all_curves
        on
            counted.cut_name = all_curves.cut_name
            and counted.term_name = all_curves.term_name
            and all_curves.plan_id = 'all'

)

select * from final
