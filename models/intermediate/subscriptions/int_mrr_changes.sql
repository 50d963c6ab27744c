{# One row per customer and day on which the sum of its MRR changed. #}

{{ config(**by_touched_customers()) }}

with

versions as (

    select
        customer_key,
        mrr,
        valid_from,
        valid_to

    from {{ touched_rows(ref('int_mrr_recognised')) }}

),

-- A version adds its MRR on its first day and takes it away on the first day
-- without it; only changes are kept, no month is spelled out (ADR 0001).
deltas as (

    select
        customer_key,
        valid_from as changed_date,
        mrr as mrr_change

    from versions

    where valid_from <= {{ as_of_date() }}

    union all

    select
        customer_key,
        valid_to as changed_date,
        -mrr as mrr_change

    from versions

    where valid_to <= {{ as_of_date() }}

),

-- What starts and ends on one day, or moves between subscriptions of one
-- customer, is no change.
daily_changes as (

    select
        customer_key,
        changed_date,
        cast(sum(mrr_change) as decimal(18, 6)) as mrr_change

    from deltas

    group by customer_key, changed_date

    having sum(mrr_change) <> 0

),

final as (

    select
        customer_key,
        changed_date,
        mrr_change,
        cast(sum(mrr_change) over (
            partition by customer_key
            order by changed_date
            rows between unbounded preceding and current row
        ) as decimal(18, 6)) as mrr_after

    from daily_changes

)

select * from final
