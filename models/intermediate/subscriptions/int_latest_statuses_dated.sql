{# One row per subscription whose latest status is not dated by a change. #}

with

undated as (

    select * from {{ ref('int_latest_statuses_found') }}

),

states as (

    select
        *,
        {{ mrr_while_paying('subscription_status', 'monthly_amount') }} as mrr

    from {{ ref('int_subscription_states_priced') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

numbers as (

    select * from {{ ref('util_numbers') }}

),

runs as (

    {{ paying_runs('states') }}

),

-- Billing systems change such a status when a term is not paid: it holds from
-- the start of the running term.
running_terms as (

    select
        undated.source_name,
        undated.subscription_id,
        max({{ term_boundary('runs.run_from', 'numbers.number') }})
            as term_start_date

    from undated

    inner join runs
        on
            undated.source_name = runs.source_name
            and undated.subscription_id = runs.subscription_id
            and undated.valid_from = runs.valid_from

    inner join billing_intervals
        on runs.billing_interval = billing_intervals.billing_interval

    {{ join_numbers(term_count_bound('runs.run_from', as_of_date())) }}

    where
        {{ term_boundary('runs.run_from', 'numbers.number') }}
        <= {{ as_of_date() }}

    group by undated.source_name, undated.subscription_id

),

final as (

    select
        undated.source_name,
        undated.subscription_id,
        undated.latest_status,
        case
            when
                undated.named_date
                > coalesce(running_terms.term_start_date, undated.valid_from)
                then undated.named_date
            else coalesce(running_terms.term_start_date, undated.valid_from)
        end as status_from

    from undated

    left join running_terms
        on
            undated.source_name = running_terms.source_name
            and undated.subscription_id = running_terms.subscription_id

)

select * from final
