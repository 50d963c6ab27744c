{# One row per cut, frequency, recency and age, with the orders to come. #}

{%- set predictions = [
    'expected_orders_12m', 'expected_orders_horizon',
    'discounted_orders_12m', 'discounted_orders_36m',
    'discounted_orders_lifetime', 'discounted_orders_horizon',
] %}

with

cells as (

    select * from {{ ref('int_clv_cells') }}

),

parameters as (

    select * from {{ ref('int_clv_parameters_spread') }}

),

purchases as (

    select
        *,
        {{ divide('discounted_orders_horizon', 'expected_orders_horizon') }}
            as discount

    from {{ ref('int_clv_purchases_expected') }}

),

ranges as (

    select
        *,
        'as_of' as cut_name

    from {{ ref('int_clv_ranges_interpolated') }}

),

-- Only a model with a dropout tells who is alive.
cells_alive as (

    select
        cells.*,
        case
            when parameters.orders_status = 'bg_nbd'
                then {{ probability_alive('parameters', 'cells') }}
        end as probability_alive

    from cells

    inner join parameters
        on cells.cut_name = parameters.cut_name

),

-- The others take everybody for alive. What is bought within the horizon is
-- discounted as the mean of it is.
final as (

    select
        cells_alive.cut_name,
        cells_alive.frequency,
        cells_alive.recency_days,
        cells_alive.age_days,
        cells_alive.probability_alive,
        {% for name in predictions %}
        coalesce(cells_alive.probability_alive, 1) * purchases.{{ name }}
            as {{ name }},
        {% endfor %}
        coalesce(ranges.low_orders * purchases.discount, 0)
            as low_discounted_orders,
        coalesce(ranges.high_orders * purchases.discount, 0)
            as high_discounted_orders

    from cells_alive

    inner join purchases
        on
            cells_alive.cut_name = purchases.cut_name
            and cells_alive.frequency = purchases.frequency
            and cells_alive.age_days = purchases.age_days

    left join ranges
        on
            cells_alive.cut_name = ranges.cut_name
            and cells_alive.frequency = ranges.frequency
            and cells_alive.recency_days = ranges.recency_days
            and cells_alive.age_days = ranges.age_days

)

select * from final
