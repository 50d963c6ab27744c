{# One row per customer. #}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

orders as (

    select * from {{ ref('int_orders_aggregated_to_customers') }}

),

subscription_revenues as (

    select * from {{ ref('int_subscription_revenues_aggregated_to_customers') }}

),

formula as (

    select * from {{ ref('int_customers_valued_by_formula') }}

),

churn_based as (

    select * from {{ ref('int_customers_valued_by_churn') }}

),

final as (

    select
        ---------- keys
        customers.customer_key,

        ---------- attributes
        {{ joined_words([
            ['orders', 'orders.order_count > 0'],
            ['invoices', 'subscription_revenues.has_invoices'],
            ['subscription_orders', 'subscription_revenues.has_orders'],
            ['terms', 'subscription_revenues.has_terms'],
        ], separator='+', otherwise='none') }} as revenue_source,
        coalesce(churn_based.is_capped, false) as churn_based_clv_is_capped,

        ---------- measures
        cast(
            coalesce(orders.order_revenue, 0)
            + coalesce(subscription_revenues.revenue, 0)
            as decimal(18, 6)
        ) as historical_revenue,
        cast(
            coalesce(orders.order_margin, 0)
            + coalesce(subscription_revenues.margin, 0)
            as decimal(18, 6)
        ) as historical_margin,
        customers.order_count,
        formula.average_order_value,
        formula.purchase_frequency,
        formula.lifespan_months,
        formula.formula_clv,
        churn_based.churn_based_clv

    from customers

    left join orders
        on customers.customer_key = orders.customer_key

    left join subscription_revenues
        on customers.customer_key = subscription_revenues.customer_key

    left join formula
        on customers.customer_key = formula.customer_key

    left join churn_based
        on customers.customer_key = churn_based.customer_key

)

select * from final
