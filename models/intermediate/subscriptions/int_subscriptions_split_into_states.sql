{# One row per subscription and day from which its state was another. #}

{% set carried = [
    'plan_id', 'subscription_status', 'billing_interval',
    'billing_interval_count', 'quantity', 'unit_amount', 'discount_amount',
    'discount_is_recurring',
] %}
{% set of_one = 'source_name, subscription_id' %}
{% set in_order = 'valid_from, event_rank, happened_at' %}

with

events as (

    select * from {{ ref('int_subscription_events_collected') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

filled as (

    select
        source_name,
        subscription_id,
        valid_from,
        {% for column in carried %}
        {{ last_given(column, of_one, in_order) }} as {{ column }},
        {% endfor %}
        lead(valid_from) over (
            partition by {{ of_one }} order by {{ in_order }}
        ) as next_valid_from

    from events

),

-- All that happened on one day is one change: the state at its end.
days as (

    select * from filled

    where valid_from < next_valid_from or next_valid_from is null

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
