{#
    Why do customers leave, and what does it cost?

    One row per churn type and reason, over all churn that the monthly numbers
    count. How to read it:

    - churned_mrr is what left, as a loss below 0, by the MRR of the day before;
      the monthly reports go by the MRR of the month's start.
      yearly_revenue_lost is the same for twelve months.
    - mrr_share: this reason's share of all MRR lost. Where unknown has a large
      share, the others say little.
    - average_tenure_months: early losses point to the promise or the start,
      late ones to price, needs and competitors.
    - returned_share: who left for this reason and paid again later. Of
      involuntary churn it is what retries and reminders brought back.
#}

with

churn_events as (

    select * from {{ ref('fct_churn_events') }}

    where is_netted_churn

),

reasons as (

    select
        churn_type,
        churn_reason,
        count(*) as churned_customers,
        count(reactivated_date) as returned_customers,
        sum(churned_mrr) as churned_mrr,
        sum(tenure_months) as tenure_months

    from churn_events

    group by churn_type, churn_reason

),

final as (

    select
        churn_type,
        churn_reason,
        churned_customers,
        churned_mrr,
        12 * churned_mrr as yearly_revenue_lost,
        {{ divide('churned_mrr', 'sum(churned_mrr) over ()') }} as mrr_share,
        {{ divide('tenure_months', 'churned_customers') }}
            as average_tenure_months,
        {{ divide('returned_customers', 'churned_customers') }}
            as returned_share

    from reasons

)

select * from final

order by churned_mrr asc, churn_type asc, churn_reason asc
