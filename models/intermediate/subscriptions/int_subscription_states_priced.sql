{# One row per state of a subscription, with its price in one currency. #}

with

states as (

    select * from {{ ref('int_subscriptions_split_into_states') }}

),

subscriptions as (

    select
        source_name,
        subscription_id,
        currency,
        exchange_rate

    from {{ ref('int_subscriptions_unioned') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

{% if policy('fx_rate_policy') == 'version_start' %}

rates_of_day as (

    select * from {{ ref('int_exchange_rates_dated') }}

),

-- Each state is rated on its own first day: the rate moves MRR, as asked for.
rated as (

    select
        states.*,
        coalesce(rates_of_day.rate, subscriptions.exchange_rate)
            as exchange_rate

    from states

    inner join subscriptions
        on
            states.source_name = subscriptions.source_name
            and states.subscription_id = subscriptions.subscription_id

    left join rates_of_day
        on
            subscriptions.currency = rates_of_day.currency
            and subscriptions.currency <> '{{ policy("reporting_currency") }}'
            and states.valid_from >= rates_of_day.valid_from
            and (
                states.valid_from < rates_of_day.valid_to
                or rates_of_day.valid_to is null
            )

),

{% else %}

-- One rate for the whole life: a rate that moves must not look like expansion.
rated as (

    select
        states.*,
        subscriptions.exchange_rate

    from states

    inner join subscriptions
        on
            states.source_name = subscriptions.source_name
            and states.subscription_id = subscriptions.subscription_id

),

{% endif %}

billed as (

    select
        *,
        {{ in_reporting_currency(billed_amount()) }} as billed_amount,
        case
            when discount_is_recurring then cast(0 as decimal(18, 6))
            else {{ in_reporting_currency('discount_amount') }}
        end as one_off_discount

    from rated

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
