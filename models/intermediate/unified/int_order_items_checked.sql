{# One row per raw row of the order_items input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__order_items') }}

),

typed as (

    {{ typed_rows('order_items', 'source') }}

),

repeated as (

    {{ repeated_rows('order_items', 'source') }}

),

orders as (

    select
        source_name,
        order_id,
        max(case when reasons is null then ordered_date end) as ordered_date,
        count(reasons) = count(*) as is_deleted

    from {{ ref('int_orders_checked') }}

    where {{ is_known('reasons') }}

    group by source_name, order_id

),

final as (

    select
        typed.*,
        orders.ordered_date,
        {{ all_reasons([
            ['deleted_row', 'orders.is_deleted'],
            [
                'unknown_order',
                'typed.order_id is not null and orders.order_id is null'
            ],
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

    left join orders
        on
            typed.source_name = orders.source_name
            and typed.order_id = orders.order_id

)

select * from final
