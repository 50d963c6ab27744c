{# One row per cut and step ahead, with what it weighs in each prediction. #}

{%- set rate = policy('annual_discount_rate') -%}
{%- set horizon = policy('clv_horizon_months') -%}
{%- set months = {
    '12m': 12,
    '36m': 36,
    'lifetime': policy('max_lifetime_months'),
    'horizon': horizon,
} %}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where skip_reason is null

),

numbers as (

    select cast(number as {{ type_double() }}) as step

    from {{ ref('util_numbers') }}

    where number between 1 and {{ months.values() | max }}

),

-- What one paid at the step's end is worth at the cut.
discounted_months as (

    select
        cuts.cut_name,
        numbers.step,
        numbers.step * 365 / 12 as days_ahead,
        exp(-least(numbers.step / 12 * ln(1 + {{ rate }}), 700)) as discount

    from cuts

    cross join numbers

    where cuts.cut_name = 'as_of'

),

-- Each month's orders at its discount, summed by parts: so the weights are of
-- the orders expected until a step, and each but the last weighs what one
-- month's discount takes off.
weighed_months as (

    select
        {% for name, last_month in months.items() %}
        case
            when step < {{ last_month }}
                then discount * {{ 1 - (1 + rate) ** (-1 / 12) }}
            when step = {{ last_month }} then discount
            else 0
        end as weight_discounted_orders_{{ name }},
        {% endfor %}
        case when step = 12 then 1 else 0 end as weight_expected_orders_12m,
        case when step = {{ horizon }} then 1 else 0 end
            as weight_expected_orders_horizon,
        cut_name,
        step,
        days_ahead

    from discounted_months

),

steps as (

    select * from weighed_months

    union all

    -- Of the backtest only its held-out days are predicted.
    select
        {% for name in months %}
        null as weight_discounted_orders_{{ name }},
        {% endfor %}
        null as weight_expected_orders_12m,
        1 as weight_expected_orders_horizon,
        cut_name,
        1 as step,
        horizon_days as days_ahead

    from cuts

    where cut_name = 'backtest'

),

final as (

    select
        cut_name,
        {% for name in months %}
        cast(weight_discounted_orders_{{ name }} as {{ type_double() }})
            as weight_discounted_orders_{{ name }},
        {% endfor %}
        {% for name in ['12m', 'horizon'] %}
        cast(weight_expected_orders_{{ name }} as {{ type_double() }})
            as weight_expected_orders_{{ name }},
        {% endfor %}
        cast(step as integer) as step,
        cast(days_ahead as {{ type_double() }}) as days_ahead

    from steps

)

select * from final
