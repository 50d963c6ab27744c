{# One row per cut, frequency and age, with the orders of a customer alive. #}

{%- set predictions = [
    'expected_orders_12m', 'expected_orders_horizon',
    'discounted_orders_12m', 'discounted_orders_36m',
    'discounted_orders_lifetime', 'discounted_orders_horizon',
] -%}
{#- Up to here the fit's close and near nodes are exact. #}
{%- set close_reach, near_reach = 0.6, 3 %}

with

steps as (

    select * from {{ ref('int_clv_steps') }}

),

nodes as (

    select
        cut_name,
        frequency,
        item_name as node_rule,
        argument as dropout_probability,
        value as weight

    from {{ ref('int_clv_models_fitted') }}

    where output_name = 'node'

),

ages as (

    select distinct
        cut_name,
        frequency,
        age_days

    from {{ ref('int_clv_cells') }}

),

steps_of_ages as (

    select
        ages.frequency,
        ages.age_days,
        steps.*,
        fitted.purchase_rate,
        fitted.orders_status = 'bg_nbd' as has_dropout,
        fitted.r + ages.frequency as shape,
        steps.days_ahead / (fitted.alpha + ages.age_days) as reach

    from ages

    inner join {{ ref('int_clv_parameters_spread') }} as fitted
        on ages.cut_name = fitted.cut_name

    inner join steps
        on ages.cut_name = steps.cut_name

),

-- With a dropout each node of its probability is a term of the sum, without
-- one there is one term: a rate times days, one's own or that of all.
terms as (

    select
        steps_of_ages.*,
        nodes.weight / nodes.dropout_probability
        * {{ one_minus_power(
            'nodes.dropout_probability * steps_of_ages.reach',
            'steps_of_ages.shape'
        ) }} as orders

    from steps_of_ages

    inner join nodes
        on
            steps_of_ages.cut_name = nodes.cut_name
            and steps_of_ages.frequency = nodes.frequency
            and nodes.node_rule = case
                when steps_of_ages.reach <= {{ close_reach }} then 'close'
                when steps_of_ages.reach <= {{ near_reach }} then 'near'
                else 'far'
            end

    where steps_of_ages.has_dropout

    union all

    select
        *,
        coalesce(shape * reach, purchase_rate * days_ahead) as orders

    from steps_of_ages

    where not has_dropout

),

final as (

    select
        {% for name in predictions %}
        sum(weight_{{ name }} * orders) as {{ name }},
        {% endfor %}
        cut_name,
        frequency,
        age_days

    from terms

    group by cut_name, frequency, age_days

)

select * from final
