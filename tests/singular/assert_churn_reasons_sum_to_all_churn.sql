{#
    The reasons of a month sum to its churned customers and MRR, in total and
    by type.
    Returns the months where they do not.
#}

with

reasons as (

    select
        revenue_month,
        sum(churned_customers) as customers,
        sum(churned_mrr) as mrr,
        sum(
            case when churn_type = 'voluntary' then churned_customers else 0 end
        ) as voluntary_customers

    from {{ ref('rpt_churn_reasons_monthly') }}

    group by revenue_month

),

churn as (

    select * from {{ ref('rpt_churn_monthly') }}

),

months as (

    select * from {{ ref('rpt_mrr_monthly') }}

)

select
    months.churned_customers,
    reasons.customers,
    months.churned_mrr,
    reasons.mrr,
    coalesce(months.revenue_month, reasons.revenue_month) as revenue_month

from months

left join churn
    on months.revenue_month = churn.revenue_month

full outer join reasons
    on months.revenue_month = reasons.revenue_month

where
    months.revenue_month is null
    or churn.revenue_month is null
    or months.churned_customers <> coalesce(reasons.customers, 0)
    or churn.churned_customers <> months.churned_customers
    or churn.voluntary_churned_customers
    <> coalesce(reasons.voluntary_customers, 0)
    or churn.voluntary_churned_customers + churn.involuntary_churned_customers
    <> months.churned_customers
    or abs(months.churned_mrr - coalesce(reasons.mrr, 0))
    > least(0.000001 * coalesce(reasons.customers, 1), 0.01)
