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

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

-- Counting the given cells numbers the runs of one value...
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

    where rank_from_end_of_day = 1

),

dated as (

    select
        days.*,
        case
            when days.next_valid_from < subscriptions.ended_date
                then days.next_valid_from
            else coalesce(subscriptions.ended_date, days.next_valid_from)
        end as valid_to

    from days

    inner join subscriptions
        on
            days.source_name = subscriptions.source_name
            and days.subscription_id = subscriptions.subscription_id

),

final as (

    select
        ---------- keys
        source_name,
        subscription_id,

        ---------- attributes
        {{ carried | join(',\n        ') }},

        ---------- dates
        valid_from,
        valid_to

    from dated

    where valid_from < valid_to or valid_to is null

)

select * from final
