{#
    Churn events are the movements of type churn, and the netted ones are the
    customer months of type churn, one for one.
    Returns the falls and months of churn that only one side has, or has twice.
#}

with

falls as (

    select
        customer_key,
        moved_date as churned_date,
        mrr_change as churned_mrr,
        1 as movement_count,
        0 as event_count

    from {{ ref('fct_mrr_movements') }}

    where movement_type = 'churn'

    union all

    select
        customer_key,
        churned_date,
        churned_mrr,
        0 as movement_count,
        1 as event_count

    from {{ ref('fct_churn_events') }}

    union all

    select
        customer_key,
        revenue_month as churned_date,
        null as churned_mrr,
        1 as movement_count,
        0 as event_count

    from {{ ref('fct_customer_mrr') }}

    where movement_type = 'churn'

    union all

    select
        customer_key,
        cast({{ dbt.date_trunc('month', 'churned_date') }} as date)
            as churned_date,
        null as churned_mrr,
        0 as movement_count,
        1 as event_count

    from {{ ref('fct_churn_events') }}

    where is_netted_churn

)

select
    customer_key,
    churned_date,
    churned_mrr,
    sum(movement_count) as movement_count,
    sum(event_count) as event_count

from falls

group by customer_key, churned_date, churned_mrr

having sum(movement_count) <> 1 or sum(event_count) <> 1
