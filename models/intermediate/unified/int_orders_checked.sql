{# One row per raw row of the orders input, typed and judged. #}

with

source as (

    select * from {{ ref('stg_files__orders') }}

),

typed as (

    {{ typed_rows('orders', 'source') }}

),

repeated as (

    {{ repeated_rows('orders', 'source') }}

),

final as (

    select
        typed.*,
        {{ all_reasons([
            [
                'missing_exchange_rate',
                "typed.currency <> '" ~ policy('reporting_currency') ~ "'"
            ],
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

)

select * from final
