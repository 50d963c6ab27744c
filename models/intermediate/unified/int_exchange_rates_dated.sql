{# One row per currency and interval of days in which one rate holds. #}

{# Reads all valid rates, not only those until the as-of date: that date is
   found from orders which need their rate first, and no order uses a rate
   that is later than itself. #}
with

rates as (

    select * from {{ ref('int_exchange_rates_checked') }}

    where reasons is null

),

final as (

    select
        source_name,
        currency,
        rate,
        rate_date as valid_from,
        lead(rate_date) over (
            partition by source_name, currency order by rate_date
        ) as valid_to

    from rates

)

select * from final
