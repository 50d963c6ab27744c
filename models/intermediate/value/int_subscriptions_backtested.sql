{# One row per subscription of the backtest, with what came of it. #}

with

predictions as (

    select * from {{ ref('int_subscriptions_predicted') }}

    where cut_name = 'backtest' and renewal_method <> 'none'

),

due as (

    select
        *,
        {{ renewals_within('horizon_days') }} as renewals_in_horizon

    from {{ ref('int_subscriptions_due') }}

    where cut_name = 'backtest'

),

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where cut_name = 'backtest'

),

terms as (

    select * from {{ ref('int_terms_numbered') }}

),

-- Of the run that was predicted: a change of interval ends it.
renewals as (

    select
        terms.subscription_id,
        terms.run_number,
        count(*) as renewals

    from terms

    inner join cuts
        on terms.term_end_date > cuts.cut_date

    where terms.renewal_status in ('renewed', 'late')

    group by terms.subscription_id, terms.run_number

),

churn_rates as (

    select
        cut_name,
        plan_id,
        term_name,
        1 - coalesce({{ divide('sum(lost)', 'sum(due)') }}, 0) as kept_rate

    from {{ ref('int_renewals_aggregated_to_tenures') }}

    group by cut_name, plan_id, term_name

),

-- The naive forecast: the share kept so far of all due, again and again.
final as (

    select
        {{ joined_words([
            ['sbg', "max(predictions.renewal_method) over () like 'sbg%'"],
            [
                'constant_churn',
                "min(predictions.renewal_method) over () = 'constant_churn'"
            ],
        ], separator='+', otherwise='none') }} as model_name,
        predictions.subscription_id as unit_key,
        predictions.expected_renewals as predicted_orders,
        cast(coalesce(renewals.renewals, 0) as integer) as actual_orders,
        predictions.expected_renewals * predictions.price as predicted_revenue,
        coalesce(renewals.renewals, 0) * predictions.price as actual_revenue,
        case
            when due.renewals_ahead = 0 then 0
            when churn_rates.kept_rate = 1 then due.renewals_in_horizon
            when churn_rates.kept_rate = 0 then 0
            else
                churn_rates.kept_rate
                * (1 - exp(greatest(
                    due.renewals_in_horizon * ln(churn_rates.kept_rate), -700
                ))) / (1 - churn_rates.kept_rate)
        end as naive_predicted_orders

    from predictions

    inner join due
        on predictions.subscription_id = due.subscription_id

    inner join churn_rates
        on
            due.cut_name = churn_rates.cut_name
            and due.curve_plan_id = churn_rates.plan_id
            and due.term_name = churn_rates.term_name

    left join renewals
        on
            predictions.subscription_id = renewals.subscription_id
            and predictions.run_number = renewals.run_number

)

select * from final
