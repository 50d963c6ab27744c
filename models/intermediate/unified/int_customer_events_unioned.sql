{# One row per thing a customer did or was told. #}

with

checked as (

    select * from {{ ref('int_customer_events_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        event_id,
        customer_id,

        ---------- attributes
        event_type,
        channel,

        ---------- dates
        occurred_at,
        occurred_date,
        loaded_at

    from checked

    where
        reasons is null
        and occurred_date <= {{ as_of_date() }}

)

select * from final
