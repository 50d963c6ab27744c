{# One row per model and decile of predicted value, and one for all of them. #}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where cut_name = 'backtest'

),

units as (

    select * from {{ ref('int_customers_backtested') }}

    union all

    select * from {{ ref('int_subscriptions_backtested') }}

),

-- 10 is the highest, also of less than ten. Last digits are the engine's own.
ranked as (

    select
        *,
        predicted_orders - actual_orders as error,
        naive_predicted_orders - actual_orders as naive_error,
        11 - ntile(10) over (
            partition by model_name
            order by {{ money('predicted_revenue') }} desc, unit_key desc
        ) as decile

    from units

),

grouped as (

    select
        *,
        cast(decile as {{ dbt.type_string() }}) as value_decile

    from ranked

    union all

    select
        *,
        'all' as value_decile

    from ranked

),

compared as (

    select
        model_name,
        value_decile,
        count(*) as customers,
        sum(predicted_orders) as predicted_orders,
        sum(actual_orders) as actual_orders,
        sum(naive_predicted_orders) as naive_predicted_orders,
        sum(predicted_revenue) as predicted_revenue,
        sum(actual_revenue) as actual_revenue,
        avg(abs(error)) as mean_absolute_error,
        sqrt(avg(error * error)) as root_mean_squared_error,
        avg(abs(naive_error)) as naive_mean_absolute_error,
        {{ divide('sum(error)', 'sum(actual_orders)') }} as total_error_rate

    from grouped

    group by model_name, value_decile

),

-- Without a backtest, or with nobody in it, a row says why.
final as (

    select
        ---------- keys
        coalesce(compared.model_name, 'none') as model_name,
        coalesce(compared.value_decile, 'all') as value_decile,

        ---------- measures
        cast(coalesce(compared.customers, 0) as integer) as customers,
        {% for name in [
            'predicted_orders', 'naive_predicted_orders', 'mean_absolute_error',
            'root_mean_squared_error', 'naive_mean_absolute_error',
            'total_error_rate',
        ] %}
        cast(compared.{{ name }} as {{ type_double() }}) as {{ name }},
        {% endfor %}
        cast(compared.actual_orders as integer) as actual_orders,
        cast(compared.predicted_revenue as decimal(18, 6)) as predicted_revenue,
        cast(compared.actual_revenue as decimal(18, 6)) as actual_revenue,

        ---------- dates
        cuts.cut_date,
        cast(cuts.horizon_days as integer) as held_out_days,

        ---------- attributes
        case when compared.model_name is null then 'skipped' else 'run' end
            as backtest_status,
        coalesce(cuts.skip_reason, case
            when compared.model_name is null
                then 'No backtest: nobody was there at its cut.'
            else 'Estimated up to the cut, compared with what came after it.'
        end) as backtest_reason

    from cuts

    left join compared
        on cuts.skip_reason is null

)

select * from final
