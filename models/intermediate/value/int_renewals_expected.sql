{# One row per cut and state of a running subscription, per unit of price. #}

{% set state = [
    'cut_name', 'curve_plan_id', 'term_name', 'renewals_made', 'days_to_due',
    'renewals_ahead',
] %}
{% set horizons = {
    '12m': 12 * 365.0 / 12, '36m': 36 * 365.0 / 12,
    'lifetime': 'lifetime_days', 'horizon': 'horizon_days',
} %}

with

states as (

    select distinct
        {{ state | join(',\n        ') }},
        term_length_days,
        horizon_days,
        lifetime_days

    from {{ ref('int_subscriptions_due') }}

    where renewals_ahead > 0

),

curves as (

    select * from {{ ref('int_renewal_curves') }}

),

-- The chance of each renewal to come, given those that were made.
renewals as (

    select
        states.*,
        states.days_to_due + states.term_length_days
        * (curves.renewal_number - states.renewals_made - 1) as days_ahead,
        {{ divide('curves.survival_rate', 'reached.survival_rate') }}
            as renewal_rate,
        {{ divide(
            'curves.predictive_survival_rate',
            'reached.predictive_survival_rate'
        ) }} as predictive_rate

    from states

    inner join curves
        on
            states.cut_name = curves.cut_name
            and states.curve_plan_id = curves.plan_id
            and states.term_name = curves.term_name
            and states.renewals_made < curves.renewal_number
            and states.renewals_made + states.renewals_ahead
            >= curves.renewal_number

    inner join curves as reached
        on
            states.cut_name = reached.cut_name
            and states.curve_plan_id = reached.plan_id
            and states.term_name = reached.term_name
            and states.renewals_made = reached.renewal_number

),

discounted as (

    select
        *,
        days_ahead <= horizon_days + 1e-9 as is_in_horizon,
        exp(-least(
            ln(1 + {{ policy('annual_discount_rate') }}) * days_ahead / 365, 700
        )) as discount_factor

    from renewals

),

final as (

    select
        ---------- keys
        {{ state | join(',\n        ') }},

        ---------- measures
        {% for name, days in horizons.items() -%}
        sum(case
            when days_ahead <= {{ days }} + 1e-9
                then renewal_rate * discount_factor
            else 0
        end) as factor_{{ name }},
        {% endfor -%}
        {% for name, chance in {'low': 0.9, 'high': 0.1}.items() -%}
        sum(case
            when is_in_horizon and predictive_rate > {{ chance }}
                then discount_factor
            else 0
        end) as factor_{{ name }},
        {% endfor -%}
        sum(case when is_in_horizon then renewal_rate else 0 end)
            as expected_renewals

    from discounted

    group by
        {{ state | join(',\n        ') }}

)

select * from final
