{# One row per frequency, recency and age with the chance to buy again. #}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where cut_name = 'as_of'

),

cells as (

    select
        int_clv_cells.frequency,
        int_clv_cells.recency_days,
        int_clv_cells.age_days,
        cuts.horizon_days

    from {{ ref('int_clv_cells') }}

    inner join cuts
        on int_clv_cells.cut_name = cuts.cut_name

),

parameters as (

    select * from {{ ref('int_clv_parameters_spread') }}

    where cut_name = 'as_of'

),

-- Parameters that the data leave equally likely.
points as (

    select
        {% for name in ['r', 'alpha', 'a', 'b', 'purchase_rate'] %}
        max(case when item_name = '{{ name }}' then value end) as {{ name }},
        {% endfor %}
        position

    from {{ ref('int_clv_models_fitted') }}

    where
        cut_name = 'as_of'
        and model_name = 'orders'
        and output_name = 'point'

    group by position

),

-- Alive, and at least one purchase of the negative binomial law within the
-- horizon; without a rate of one's own, of the Poisson law.
chances as (

    select
        cells.frequency,
        cells.recency_days,
        cells.age_days,
        case
            when parameters.orders_status = 'bg_nbd'
                then {{ probability_alive('points', 'cells') }}
            else 1
        end as alive,
        case
            when parameters.orders_status = 'pooled_rate'
                then
                    1 - exp(
                        -least(points.purchase_rate * cells.horizon_days, 700)
                    )
            else
                {{ one_minus_power(
                    'cells.horizon_days / (points.alpha + cells.age_days)',
                    'points.r + cells.frequency'
                ) }}
        end as purchase

    from cells

    cross join points

    cross join parameters

),

final as (

    select
        frequency,
        recency_days,
        age_days,
        avg(alive * purchase) as purchase_probability

    from chances

    group by frequency, recency_days, age_days

)

select * from final
