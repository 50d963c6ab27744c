{# One row per customer with subscription revenue, with its sum so far. #}

with

revenues as (

    select * from {{ ref('int_subscription_revenues_collected') }}

),

final as (

    select
        customer_key,
        cast(sum(revenue) as decimal(18, 6)) as revenue,
        cast(sum(margin) as decimal(18, 6)) as margin,
        max(case when revenue_source = 'invoices' then 1 else 0 end)
        = 1 as has_invoices,
        max(case when revenue_source = 'subscription_orders' then 1 else 0 end)
        = 1 as has_orders,
        max(case when revenue_source = 'terms' then 1 else 0 end)
        = 1 as has_terms

    from revenues

    group by customer_key

)

select * from final
