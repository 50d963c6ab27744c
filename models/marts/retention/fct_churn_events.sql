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
churn as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'moved_date') }} as date)
            as churned_month

    from (
        select
            customer_key,
            moved_date,
            movement_type,
            mrr_change,
            lag(moved_date) over (
                partition by customer_key order by moved_date
            ) as paid_since_date,
            lead(moved_date) over (
                partition by customer_key order by moved_date
            ) as reactivated_date

        from movements
    ) as neighbours

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

last_of_month as (

    select
        customer_key,
        churned_month,
        max(moved_date) as moved_date

    from churn

    group by customer_key, churned_month

),

final as (

    select
        ---------- keys
        churn.customer_key,
        churn.moved_date as churned_date,

        ---------- attributes
        reasons.churn_type,
        reasons.churn_reason,
        last_of_month.moved_date is not null
        and netted_churn.customer_key is not null as is_netted_churn,

        ---------- measures
        churn.mrr_change as churned_mrr,
        {{ whole_months_between('churn.paid_since_date', 'churn.moved_date') }}
            as tenure_months,

        ---------- dates
        churn.reactivated_date

    from churn

    inner join reasons
        on
            churn.customer_key = reasons.customer_key
            and churn.moved_date = reasons.fell_date
            and reasons.size_rank = 1

    left join last_of_month
        on
            churn.customer_key = last_of_month.customer_key
            and churn.moved_date = last_of_month.moved_date

    left join netted_churn
        on
            churn.customer_key = netted_churn.customer_key
            and churn.churned_month = netted_churn.revenue_month

)

select * from final
