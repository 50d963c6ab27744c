{# One row per raw row of the exchange_rates input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__exchange_rates') }}

),

typed as (

    {{ typed_rows('exchange_rates', 'source') }}

),

repeated as (

    {{ repeated_rows('exchange_rates', 'source') }}

),

final as (

    select
        typed.*,
        {{ all_reasons([
            ['rate_not_positive', 'typed.rate = 0'],
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

)

select * from final
