{#
    Of each model of the backtest, customers, orders and revenue of the deciles
    sum to its row `all`; a skipped backtest is one row. Revenue is rounded in
    each row.
    Returns the models for which it is not so.
#}

with

sums as (

    select
        model_name,
        max(backtest_status) as backtest_status,
        count(*) as row_count,
        {% for name in [
            'customers', 'predicted_orders', 'actual_orders',
            'naive_predicted_orders', 'predicted_revenue', 'actual_revenue',
        ] %}
        sum(case when value_decile = 'all' then {{ name }} end)
        - sum(case when value_decile <> 'all' then {{ name }} end)
            as {{ name }}_left,
        {% endfor %}
        sum(case when value_decile = 'all' then predicted_orders end)
            as predicted_orders

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
            or coalesce(abs(actual_revenue_left), 1) > 0.00001
            or coalesce(abs(predicted_revenue_left), 1) > 0.00001
            or coalesce(abs(predicted_orders_left), 1)
            > 0.000000001 * (1 + predicted_orders)
            or coalesce(abs(naive_predicted_orders_left), 1) > 0.000001
        )
    )
