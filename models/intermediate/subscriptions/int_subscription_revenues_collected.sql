{# One row per subscription and day on which it brought revenue. #}

with

invoices as (

    select * from {{ ref('int_invoices_valued') }}

),

orders as (

    select * from {{ ref('int_orders_valued') }}

    where is_subscription_billing

),

terms as (

    select * from {{ ref('int_terms_priced') }}

),

candidates as (

    select
        source_name,
        subscription_id,
        customer_key,
        1 as road_rank,
        'invoices' as revenue_source,
        revenue_date,
        revenue,
        cast(revenue * {{ subscription_margin_rate() }} as decimal(18, 6))
            as margin

    from invoices

    union all

    select
        source_name,
        subscription_id,
        customer_key,
        2 as road_rank,
        'subscription_orders' as revenue_source,
        order_date as revenue_date,
        net_revenue as revenue,
        gross_margin as margin

    from orders

    union all

    select
        source_name,
        subscription_id,
        customer_key,
        3 as road_rank,
        'terms' as revenue_source,
        term_start_date as revenue_date,
        term_price as revenue,
        cast(term_price * {{ subscription_margin_rate() }} as decimal(18, 6))
            as margin

    from terms

),

-- Exactly one road per subscription, the first that has rows for it: what was
-- billed is better known than what was due, and two roads would count twice.
ranked as (

    select
        *,
        min(road_rank) over (
            partition by source_name, subscription_id
        ) as best_road_rank

    from candidates

),

final as (

    select
        source_name,
        subscription_id,
        customer_key,
        revenue_source,
        revenue_date,
        cast(sum(revenue) as decimal(18, 6)) as revenue,
        cast(sum(margin) as decimal(18, 6)) as margin

    from ranked

    where road_rank = best_road_rank

    group by
        source_name,
        subscription_id,
        customer_key,
        revenue_source,
        revenue_date

)

select * from final
