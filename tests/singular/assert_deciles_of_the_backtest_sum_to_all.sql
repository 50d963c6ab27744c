{#
    Of each model of the backtest, customers, orders and revenue of the deciles
    sum to its row `all`; a skipped backtest is one row. What is summed as
    doubles may differ by a little of itself, and by a rounding in each row.
    Returns the models for which it is not so.
#}

{# Of what is summed as doubles: by how much ten rounded rows may be off. #}
{% set roundings = {
    'predicted_orders': '0.000000001', 'naive_predicted_orders': '0.000001',
    'predicted_revenue': '0.00001', 'actual_revenue': '0.00001',
} %}

with

sums as (

    select
        model_name,
        max(backtest_status) as backtest_status,
        {% for name in ['customers', 'actual_orders'] + roundings | list %}
        sum(case when value_decile = 'all' then {{ name }} end)
        - sum(case when value_decile <> 'all' then {{ name }} end)
            as {{ name }}_left,
        {% endfor %}
        {% for name, rounding in roundings.items() %}
        {{ rounding }} + 0.00000000001
        * sum(case when value_decile = 'all' then abs({{ name }}) end)
            as {{ name }}_tolerance,
        {% endfor %}
        count(*) as row_count

    from {{ ref('rpt_clv_backtest') }}

    group by model_name

)

select *

from sums

where
    (backtest_status = 'skipped' and row_count <> 1)
    or (
        backtest_status = 'run'
        and (
            coalesce(customers_left, 1) <> 0
            or coalesce(actual_orders_left, 1) <> 0
            {% for name in roundings %}
            or coalesce(abs({{ name }}_left), 1) > {{ name }}_tolerance
            {% endfor %}
        )
    )
