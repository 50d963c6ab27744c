{# One row per frequency, recency, age and bound, with its place in the grid. #}

with

chances as (

    select * from {{ ref('int_clv_purchase_chances_averaged') }}

),

fitted as (

    select * from {{ ref('int_clv_models_fitted') }}

    where cut_name = 'as_of' and model_name = 'orders'

),

grid as (

    select
        {% for name in [
            'age_offset', 'age_start', 'age_step', 'age_count',
            'level_count', 'level_top',
        ] %}
        max(case when item_name = '{{ name }}' then value end) as {{ name }},
        {% endfor %}
        count(*) as constant_count

    from fitted

    where output_name = 'range_grid'

),

frequencies as (

    select
        frequency,
        position as frequency_cell,
        value as frequency_part

    from fitted

    where output_name = 'range_frequency'

),

-- Nine customers of ten buy more than the low one, one of ten more than the
-- high one.
bounds as (

    select
        'low' as bound_name,
        0.9e0 as share_above

    union all

    select
        'high' as bound_name,
        0.1e0 as share_above

),

-- Who is not that likely to buy at all has no row: the bound is 0.
placed as (

    select
        chances.frequency,
        chances.recency_days,
        chances.age_days,
        bounds.bound_name,
        frequencies.frequency_cell,
        frequencies.frequency_part,
        grid.age_count - 2 as last_age_cell,
        grid.level_count - 2 as last_level_cell,
        least(greatest(
            (ln(grid.age_offset + chances.age_days) - grid.age_start)
            / grid.age_step,
            0
        ), grid.age_count - 1) as age_place,
        (grid.level_count - 1) * sqrt(
            (1 - bounds.share_above / chances.purchase_probability)
            / grid.level_top
        ) as level_place

    from chances

    inner join frequencies
        on chances.frequency = frequencies.frequency

    inner join bounds
        on chances.purchase_probability > bounds.share_above

    cross join grid

),

final as (

    select
        frequency,
        recency_days,
        age_days,
        bound_name,
        frequency_cell,
        frequency_part,
        cast(least(floor(age_place), last_age_cell) as integer) as age_cell,
        cast(least(floor(level_place), last_level_cell) as integer)
            as level_cell,
        age_place - least(floor(age_place), last_age_cell) as age_part,
        level_place - least(floor(level_place), last_level_cell) as level_part

    from placed

)

select * from final
