{# One row per cell of the grid of ranges, with the quantiles at its corners. #}

with

grid as (

    select
        frequency as frequency_cell,
        position as age_cell,
        cast(level as integer) as level_cell,
        value as quantile

    from {{ ref('int_clv_models_fitted') }}

    where
        cut_name = 'as_of'
        and model_name = 'orders'
        and output_name = 'range'

),

-- One way at a time: 0 is the near side of a cell, 1 the far one. The digits
-- are those of frequency, age and level.
level_edges as (

    select
        *,
        quantile as quantile_0,
        lead(quantile) over (
            partition by frequency_cell, age_cell order by level_cell
        ) as quantile_1

    from grid

),

age_faces as (

    select
        *,
        {% for side in [0, 1] %}
        quantile_{{ side }} as quantile_0{{ side }},
        lead(quantile_{{ side }}) over (
            partition by frequency_cell, level_cell order by age_cell
        ) as quantile_1{{ side }},
        {% endfor %}
        frequency_cell + 1 as next_frequency_cell

    from level_edges

),

final as (

    select
        near_faces.frequency_cell,
        near_faces.age_cell,
        {% for side in ['00', '01', '10', '11'] %}
        near_faces.quantile_{{ side }} as quantile_0{{ side }},
        far_faces.quantile_{{ side }} as quantile_1{{ side }},
        {% endfor %}
        near_faces.level_cell

    from age_faces as near_faces

    inner join age_faces as far_faces
        on
            near_faces.next_frequency_cell = far_faces.frequency_cell
            and near_faces.age_cell = far_faces.age_cell
            and near_faces.level_cell = far_faces.level_cell

    where near_faces.quantile_11 is not null

)

select * from final
