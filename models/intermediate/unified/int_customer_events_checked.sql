{# One row per raw row of the customer_events input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__customer_events') }}

),

typed as (

    {{ typed_rows('customer_events', 'source') }}

),

repeated as (

    {{ repeated_rows('customer_events', 'source') }}

),

final as (

    select
        typed.*,
        {{ all_reasons([]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

)

select * from final
