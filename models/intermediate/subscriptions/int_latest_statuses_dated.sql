{# One row per subscription whose latest status is not dated by a change. #}

with

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

    where subscription_status in ('past_due', 'unpaid', 'paused')

),

changes as (

    select * from {{ ref('int_subscription_changes_unioned') }}

    where subscription_status is not null

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

named_statuses as (

    select
        source_name,
        subscription_id,
        changed_date as named_date,
        subscription_status as named_status,
        row_number() over (
            partition by source_name, subscription_id
            order by changed_at desc
        ) as recency

    from changes

),

-- The state that holds the as-of day; none when the subscription has ended.
undated as (

    select
        subscriptions.source_name,
        subscriptions.subscription_id,
        subscriptions.subscription_status as latest_status,
        named_statuses.named_date,
        states.valid_from

    from subscriptions

    inner join states
        on
            subscriptions.source_name = states.source_name
            and subscriptions.subscription_id = states.subscription_id
            and states.valid_from <= {{ as_of_date() }}
            and (
                states.valid_to > {{ as_of_date() }}
                or states.valid_to is null
            )

    left join named_statuses
        on
            subscriptions.source_name = named_statuses.source_name
            and subscriptions.subscription_id = named_statuses.subscription_id
            and named_statuses.recency = 1

    where
        named_statuses.named_status is null
        or named_statuses.named_status <> subscriptions.subscription_status

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

    inner join numbers
        on
            numbers.number
            <= {{ term_count_bound('runs.run_from', as_of_date()) }}

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
