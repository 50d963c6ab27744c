{# One row per amount spent on a channel on a day. #}

with

checked as (

    select * from {{ ref('int_marketing_spend_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        spend_date,
        channel,

        ---------- attributes
        currency,

        ---------- measures
        {{ in_reporting_currency('amount') }} as spend,
        amount_as_written,

        ---------- dates
        loaded_at

    from checked

    where
        reasons is null
        and spend_date <= {{ as_of_date() }}

)

select * from final
