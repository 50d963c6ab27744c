{# One row per customer and day on which its MRR changed. #}

{{ config(**by_touched_customers()) }}

with

changes as (

    select * from {{ touched_rows(ref('int_mrr_changes')) }}

),

with_mrr_before as (

    select
        *,
        cast(mrr_after - mrr_change as decimal(18, 6)) as mrr_before,
        min(changed_date) over (partition by customer_key)
            as first_changed_date

    from changes

),

final as (

    select
        ---------- keys
        customer_key,
        changed_date as moved_date,

        ---------- attributes
        {{ classify_mrr_movement(
            mrr_before='mrr_before',
            mrr_after='mrr_after',
            has_paid_before='changed_date > first_changed_date'
        ) }} as movement_type,

        ---------- measures
        mrr_before,
        mrr_change,
        mrr_after

    from with_mrr_before

)

select * from final
