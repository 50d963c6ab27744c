{# One row per item of an order that counts, with its part of the revenue. #}

with

items as (

    select
        *,
        sum(item_amount) over (
            partition by source_name, order_id
        ) as items_amount,
        count(*) over (partition by source_name, order_id) as item_count

    from {{ ref('int_order_items_priced') }}

),

orders as (

    select * from {{ ref('int_orders_valued') }}

),

-- What the order brought is the items' own, whatever discount or refund was
-- given on the whole of it; where all are free, each has the same part.
shared as (

    select
        *,
        case
            when items_amount = 0 then {{ divide(1, 'item_count') }}
            else {{ divide('item_amount', 'items_amount') }}
        end as revenue_share

    from items

),

final as (

    select
        ---------- keys
        shared.source_name,
        shared.order_item_id,
        shared.order_id,
        shared.product_id,
        orders.customer_key,

        ---------- measures
        shared.quantity,
        {{ money('orders.net_revenue * shared.revenue_share') }}
            as net_revenue,
        {{ money(
            'coalesce('
            'orders.net_revenue * shared.revenue_share - shared.item_cost, '
            'orders.gross_margin * shared.revenue_share)'
        ) }} as gross_margin

    from shared

    inner join orders
        on
            shared.source_name = orders.source_name
            and shared.order_id = orders.order_id

)

select * from final
