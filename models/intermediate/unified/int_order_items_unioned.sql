{# One row per item of an order that can be used. #}

with

checked as (

    select * from {{ ref('int_order_items_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        order_item_id,
        order_id,
        product_id,

        ---------- measures
        quantity,
        unit_price,
        list_price,
        unit_cost,
        discount_amount,
        amount_as_written,

        ---------- dates
        loaded_at

    from checked

    where
        reasons is null
        and ordered_date <= {{ as_of_date() }}

)

select * from final
