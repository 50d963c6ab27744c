{# One row per open term that comes due within the horizon. #}

with

open_terms as (

    select * from {{ ref('fct_subscription_terms') }}

    where
        renewal_status = 'open'
        and term_end_date > {{ as_of_date() }}
        and term_end_date <= cast({{ dbt.dateadd(
            'day', policy('renewal_horizon_days'), as_of_date()
        ) }} as date)

),

subscriptions as (

    select * from {{ ref('int_running_subscriptions_found') }}

),

renewals as (

    select * from {{ ref('rpt_renewals_monthly') }}

),

complete_months as (

    select
        revenue_month,
        row_number() over (order by revenue_month desc) as months_back

    from {{ ref('util_months') }}

    where is_complete_month

),

rates as (

    select
        renewals.billing_interval,
        {{ divide('sum(renewals.mrr_renewed)', 'sum(renewals.mrr_due)') }}
            as value_renewal_rate

    from renewals

    inner join complete_months
        on renewals.renewal_month = complete_months.revenue_month

    where complete_months.months_back <= 12

    group by renewals.billing_interval

),

-- A planned end on the day the term is due is as good as a request.
described as (

    select
        open_terms.*,
        subscriptions.plan_id,
        subscriptions.tenure_months,
        coalesce(
            interval_rates.value_renewal_rate, all_rates.value_renewal_rate
        ) as value_renewal_rate,
        subscriptions.cancel_requested_date is not null
        or coalesce(
            subscriptions.planned_end_date <= open_terms.term_end_date, false
        ) as is_cancel_requested

    from open_terms

    inner join subscriptions
        on
            open_terms.subscription_id = subscriptions.subscription_id
            and open_terms.customer_key = subscriptions.customer_key

    left join rates as interval_rates
        on open_terms.billing_interval = interval_rates.billing_interval

    left join rates as all_rates
        on all_rates.billing_interval = 'all'

),

final as (

    select
        ---------- keys
        subscription_id,
        customer_key,
        plan_id,

        ---------- attributes
        is_cancel_requested,

        ---------- measures
        mrr_due,
        case
            when is_cancel_requested then cast(0 as decimal(18, 6))
            else {{ money('mrr_due * value_renewal_rate') }}
        end as expected_mrr,
        cast(tenure_months as integer) as tenure_months,

        ---------- dates
        term_end_date

    from described

)

select * from final
