{# One row per raw row of the marketing_spend input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__marketing_spend') }}

),

typed as (

    {{ typed_rows('marketing_spend', 'source') }}

),

repeated as (

    {{ repeated_rows('marketing_spend', 'source') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_dated') }}

),

final as (

    select
        typed.*,
        {{ exchange_rate() }} as exchange_rate,
        {{ all_reasons([
            missing_exchange_rate_rule(),
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

    left join exchange_rates
        on
            typed.currency = exchange_rates.currency
            and typed.spend_date >= exchange_rates.valid_from
            and (
                typed.spend_date < exchange_rates.valid_to
                or exchange_rates.valid_to is null
            )

)

select * from final
