{# One row per frequency, recency and age, with the range of orders to come. #}

with

bounds as (

    select * from {{ ref('int_clv_bounds_placed') }}

),

corners as (

    select * from {{ ref('int_clv_range_corners') }}

),

-- A straight line between each two sides of the cell, one way after the other.
level_interpolated as (

    select
        bounds.frequency,
        bounds.recency_days,
        bounds.age_days,
        bounds.bound_name,
        bounds.frequency_part,
        {% for side in ['00', '01', '10', '11'] %}
        corners.quantile_{{ side }}0 * (1 - bounds.level_part)
        + corners.quantile_{{ side }}1 * bounds.level_part
            as quantile_{{ side }},
        {% endfor %}
        bounds.age_part

    from bounds

    inner join corners
        on
            bounds.frequency_cell = corners.frequency_cell
            and bounds.age_cell = corners.age_cell
            and bounds.level_cell = corners.level_cell

),

age_interpolated as (

    select
        *,
        quantile_00 * (1 - age_part) + quantile_01 * age_part as quantile_0,
        quantile_10 * (1 - age_part) + quantile_11 * age_part as quantile_1

    from level_interpolated

),

interpolated as (

    select
        *,
        quantile_0 * (1 - frequency_part) + quantile_1 * frequency_part
            as orders

    from age_interpolated

),

final as (

    select
        frequency,
        recency_days,
        age_days,
        coalesce(max(case when bound_name = 'low' then orders end), 0)
            as low_orders,
        max(case when bound_name = 'high' then orders end) as high_orders

    from interpolated

    group by frequency, recency_days, age_days

)

select * from final
