{# One row per customer and month, from its first paid month on. #}

{{ config(**by_touched_customers()) }}

with

changes as (

    select * from {{ touched_rows(ref('int_mrr_changes')) }}

),

months as (

    select * from {{ ref('util_months') }}

),

-- What a customer's changes of a month add up to...
monthly_changes as (

    select
        customer_key,
        cast({{ dbt.date_trunc('month', 'changed_date') }} as date)
            as changed_month,
        sum(mrr_change) as mrr_change,
        max(mrr_after) as highest_mrr

    from changes

    group by customer_key, {{ dbt.date_trunc('month', 'changed_date') }}

),

-- ... leaves a balance that stays until the next month with a change.
balances as (

    select
        *,
        cast(sum(mrr_change) over (
            partition by customer_key order by changed_month
            rows between unbounded preceding and current row
        ) as decimal(18, 6)) as ending_mrr,
        lag(changed_month) over (
            partition by customer_key order by changed_month
        ) is not null as has_changed_before,
        lead(changed_month) over (
            partition by customer_key order by changed_month
        ) as next_changed_month

    from monthly_changes

),

customer_months as (

    select
        balances.customer_key,
        months.revenue_month,
        cast(
            case
                when months.revenue_month > balances.changed_month
                    then balances.ending_mrr
                else balances.ending_mrr - balances.mrr_change
            end as decimal(18, 6)
        ) as starting_mrr,
        balances.ending_mrr,
        months.revenue_month = balances.changed_month
        and balances.highest_mrr > 0 as has_mrr_after_a_change,
        balances.has_changed_before
        or months.revenue_month > balances.changed_month as has_paid_before

    from balances

    inner join months
        on
            balances.changed_month <= months.revenue_month
            and (
                balances.next_changed_month > months.revenue_month
                or balances.next_changed_month is null
            )

),

final as (

    select
        ---------- keys
        customer_key,
        revenue_month,

        ---------- attributes
        {{ classify_mrr_movement(
            mrr_before='starting_mrr',
            mrr_after='ending_mrr',
            has_paid_before='has_paid_before'
        ) }} as movement_type,
        starting_mrr > 0 or has_mrr_after_a_change as has_mrr_in_month,

        ---------- measures
        starting_mrr,
        cast(ending_mrr - starting_mrr as decimal(18, 6)) as mrr_change,
        ending_mrr

    from customer_months

)

select * from final
