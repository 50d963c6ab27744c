{# One row per day on which a customer's MRR fell to 0. #}

with

movements as (

    select * from {{ ref('fct_mrr_movements') }}

    where movement_type in ('new', 'reactivation', 'churn')

),

falls as (

    select * from {{ ref('int_mrr_falls_explained') }}

),

netted_churn as (

    select
        customer_key,
        revenue_month

    from {{ ref('fct_customer_mrr') }}

    where movement_type = 'churn'

),

-- Rises from 0 and falls to 0 alternate: the row before a fall is the start
-- of what it ended, the row after it the return.
neighbours as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'moved_date') }} as date)
            as moved_month,
        lag(moved_date) over (
            partition by customer_key order by moved_date
        ) as paid_since_date,
        lead(moved_date) over (
            partition by customer_key order by moved_date
        ) as reactivated_date

    from movements

),

churn as (

    select
        *,
        row_number() over (
            partition by customer_key, moved_month order by moved_date desc
        ) as rank_from_end_of_month

    from neighbours

    where movement_type = 'churn'

),

-- The reason is that of the largest subscription that ended on the day.
reasons as (

    select
        customer_key,
        fell_date,
        churn_type,
        churn_reason,
        row_number() over (
            partition by customer_key, fell_date
            order by mrr_before desc, subscription_id asc
        ) as size_rank

    from falls

),

final as (

    select
        ---------- keys
        churn.customer_key,
        churn.moved_date as churned_date,

        ---------- attributes
        reasons.churn_type,
        reasons.churn_reason,

        ---------- measures
        churn.mrr_change as churned_mrr,
        cast({{ whole_months_between(
            'churn.paid_since_date', 'churn.moved_date'
        ) }} as integer) as tenure_months,

        ---------- dates
        churn.reactivated_date,

        ---------- derived
        churn.rank_from_end_of_month = 1
        and netted_churn.customer_key is not null as is_netted_churn

    from churn

    inner join reasons
        on
            churn.customer_key = reasons.customer_key
            and churn.moved_date = reasons.fell_date
            and reasons.size_rank = 1

    left join netted_churn
        on
            churn.customer_key = netted_churn.customer_key
            and churn.moved_month = netted_churn.revenue_month

)

select * from final
