{# One row per currency and day with a rate. #}

with

checked as (

    select * from {{ ref('int_exchange_rates_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        rate_date,
        currency,

        ---------- measures
        rate,

        ---------- dates
        loaded_at

    from checked

    where
        reasons is null
        and rate_date <= {{ as_of_date() }}

)

select * from final
