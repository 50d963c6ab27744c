{# One row per build: the day at whose end everything is seen. #}

{# No input may be used before the gate has passed. #}
-- depends_on: {{ ref('util_input_gate') }}
with

{% if policy('as_of_date') %}

final as (

    select cast('{{ policy("as_of_date") }}' as date) as as_of_date

)

{% else %}

-- Ends, periods and trials are plans and do not move the clock.
dates as (

    select
        max(greatest(
            ordered_date, coalesce(loaded_date, ordered_date)
        )) as latest_date
    from {{ ref('int_orders_checked') }}
    where reasons is null

    union all

    select
        max(greatest(
            started_date, coalesce(loaded_date, started_date)
        )) as latest_date
    from {{ ref('int_subscriptions_checked') }}
    where reasons is null

    union all

    select
        max(greatest(
            changed_date, coalesce(loaded_date, changed_date)
        )) as latest_date
    from {{ ref('int_subscription_changes_checked') }}
    where reasons is null

    union all

    select max(loaded_date) as latest_date
    from {{ ref('int_customers_checked') }}
    where reasons is null

),

-- A date mistyped into the future must not move the clock past the run.
final as (

    select
        least(
            coalesce(max(latest_date), {{ run_date() }}),
            {{ run_date() }}
        ) as as_of_date

    from dates

)

{% endif %}

select * from final
