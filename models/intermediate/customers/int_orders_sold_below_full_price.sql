{# One row per order that counts and was not sold at full price. #}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

),

cheap_items as (

    select distinct
        source_name,
        order_id

    from {{ ref('int_order_items_priced') }}

    where is_below_list_price

),

final as (

    select
        orders.source_name,
        orders.order_id

    from orders

    left join cheap_items
        on
            orders.source_name = cheap_items.source_name
            and orders.order_id = cheap_items.order_id

    where orders.discount_amount <> 0 or cheap_items.order_id is not null

)

select * from final
