{# One row per month, churn type and reason, of the customers lost in it. #}

with

events as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'churned_date') }} as date)
            as revenue_month

    from {{ ref('fct_churn_events') }}

    where is_netted_churn

),

customer_months as (

    select * from {{ ref('fct_customer_mrr') }}

),

-- The MRR lost is that of the month's bridge, so that reasons sum to it.
final as (

    select
        ---------- keys
        events.revenue_month,
        events.churn_type,
        events.churn_reason,

        ---------- measures
        cast(count(*) as integer) as churned_customers,
        cast(sum(customer_months.mrr_change) as decimal(18, 6)) as churned_mrr

    from events

    inner join customer_months
        on
            events.customer_key = customer_months.customer_key
            and events.revenue_month = customer_months.revenue_month

    group by events.revenue_month, events.churn_type, events.churn_reason

)

select * from final
