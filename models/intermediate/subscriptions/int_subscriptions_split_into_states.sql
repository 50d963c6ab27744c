{# One row per subscription and day from which its state was another. #}

{% set carried = [
    'plan_id', 'subscription_status', 'billing_interval',
    'billing_interval_count', 'quantity', 'unit_amount', 'discount_amount',
    'discount_is_recurring',
] %}

with

events as (

    select * from {{ ref('int_subscription_events_collected') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

ends as (

    select
        source_name,
        subscription_id,
        ended_date

    from {{ ref('int_subscriptions_unioned') }}

),

-- Counting the cells that were given numbers the runs of one value...
numbered as (

    select
        *,
        {% for column in carried %}
        count({{ column }}) over (
            partition by source_name, subscription_id
            order by valid_from, event_rank, happened_at
        ) as {{ column }}_run,
        {% endfor %}
        row_number() over (
            partition by source_name, subscription_id, valid_from
            order by event_rank desc, happened_at desc
        ) as rank_from_end_of_day

    from events

),

-- ... and the first cell of each run holds its value.
filled as (

    select
        source_name,
        subscription_id,
        valid_from,
        {% for column in carried %}
        first_value({{ column }}) over (
            partition by source_name, subscription_id, {{ column }}_run
            order by valid_from, event_rank, happened_at
        ) as {{ column }},
        {% endfor %}
        rank_from_end_of_day

    from numbered

),

-- All that happened on one day is one change: the state at its end.
days as (

    select
        *,
        lead(valid_from) over (
            partition by source_name, subscription_id order by valid_from
        ) as next_valid_from

    from filled

    -- All that happened on one day is one change: the state at its end.
    where rank_from_end_of_day = 1

),

states as (

    select
        days.*,
        case
            when days.next_valid_from < ends.ended_date
                then days.next_valid_from
            else coalesce(ends.ended_date, days.next_valid_from)
        end as valid_to

    from days

    inner join ends
        on
            days.source_name = ends.source_name
            and days.subscription_id = ends.subscription_id

),

billed as (

    select
        *,
        {{ billed_amount() }} as billed_amount,
        case
            when discount_is_recurring then cast(0 as decimal(18, 6))
            else discount_amount
        end as one_off_discount

    from states

    where valid_from < valid_to or valid_to is null

),

final as (

    select
        ---------- keys
        billed.source_name,
        billed.subscription_id,
        billed.plan_id,

        ---------- attributes
        billed.subscription_status,
        billed.billing_interval,
        billed.billing_interval_count,

        ---------- dates
        billed.valid_from,
        billed.valid_to,

        ---------- measures
        billed.billed_amount,
        billed.one_off_discount,
        {{ monthly_amount('billed.billed_amount') }} as monthly_amount

    from billed

    inner join billing_intervals
        on billed.billing_interval = billing_intervals.billing_interval

)

select * from final
