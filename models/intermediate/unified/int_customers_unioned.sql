{# One row per customer of a source, as the customers input describes it. #}

with

checked as (

    select * from {{ ref('int_customers_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        customer_id,
        external_customer_ids,

        ---------- attributes
        acquisition_channel,
        platform,
        country,
        gender,
        income_band,
        birth_date,

        ---------- dates
        created_at,
        created_date,
        loaded_at,

        ---------- personal, not readable any more
        {{ email_hash('email') }} as email_hash

    from checked

    where reasons is null

)

select * from final
