{# One row per day on which a subscription brought revenue, by its one road. #}

with

orders as (

    select * from {{ ref('int_orders_valued') }}

    where is_subscription_billing

),

terms as (

    select * from {{ ref('int_terms_priced') }}

),

-- Exactly one road per subscription: what was billed is better known than
-- what was due, and counting both would count it twice.
billed_by_orders as (

    select distinct
        source_name,
        subscription_id

    from orders

),

by_orders as (

    select
        source_name,
        subscription_id,
        customer_key,
        'subscription_orders' as revenue_source,
        order_date as revenue_date,
        net_revenue as revenue,
        gross_margin as margin

    from orders

),

by_terms as (

    select
        terms.source_name,
        terms.subscription_id,
        terms.customer_key,
        'terms' as revenue_source,
        terms.term_start_date as revenue_date,
        terms.term_price as revenue,
        cast(
            terms.term_price * {{ policy('subscription_gross_margin')
                or policy('default_gross_margin') }}
            as decimal(18, 6)
        ) as margin

    from terms

    left join billed_by_orders
        on
            terms.source_name = billed_by_orders.source_name
            and terms.subscription_id = billed_by_orders.subscription_id

    where billed_by_orders.subscription_id is null

),

final as (

    select * from by_orders

    union all

    select * from by_terms

)

select * from final
