{# One row per cut with the parameters of its models of orders. #}

with

fitted as (

    select * from {{ ref('int_clv_models_fitted') }}

    where
        model_name in ('orders', 'order_value')
        and output_name in ('status', 'parameter')

),

statuses as (

    select
        {% for model in ['orders', 'order_value'] %}
        max(case when model_name = '{{ model }}' then item_name end)
            as {{ model }}_status,
        max(case when model_name = '{{ model }}' then note end)
            as {{ model }}_reason,
        {% endfor %}
        cut_name

    from fitted

    where output_name = 'status'

    group by cut_name

),

-- No name is a parameter of two of the models.
parameters as (

    select
        {% for name in [
            'r', 'alpha', 'a', 'b', 'purchase_rate',
            'p', 'q', 'v', 'prior_purchases', 'population_mean',
        ] %}
        max(case when item_name = '{{ name }}' then value end) as {{ name }},
        {% endfor %}
        cut_name

    from fitted

    where output_name = 'parameter'

    group by cut_name

),

final as (

    select
        statuses.cut_name,
        statuses.orders_status,
        statuses.order_value_status,
        parameters.r,
        parameters.alpha,
        parameters.a,
        parameters.b,
        parameters.purchase_rate,
        parameters.p,
        parameters.q,
        parameters.v,
        parameters.prior_purchases,
        parameters.population_mean,
        case
            when statuses.order_value_status = 'none'
                then statuses.orders_status
            else statuses.orders_status || '+' || statuses.order_value_status
        end as clv_method,
        statuses.orders_reason || ' ' || statuses.order_value_reason
            as clv_method_reason

    from statuses

    left join parameters
        on statuses.cut_name = parameters.cut_name

)

select * from final
