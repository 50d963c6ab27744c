{# One row per way of paying, subscriptions or orders, with its habits. #}

{% set window = policy('churn_window_months') %}

with

months as (

    select
        revenue_month,
        next_month,
        row_number() over (order by revenue_month desc) <= {{ window }}
            as is_in_window

    from {{ ref('util_months') }}

    where is_complete_month

),

churn as (

    select
        churn.starting_customers,
        churn.churned_customers,
        months.is_in_window

    from {{ ref('rpt_churn_monthly') }} as churn

    inner join months
        on churn.revenue_month = months.revenue_month

),

payments as (

    select
        revenues.revenue_source <> 'orders' as is_subscription,
        revenues.revenue,
        revenues.margin

    from {{ ref('int_customer_revenues_dated') }} as revenues

    inner join months
        on
            revenues.revenue_date >= months.revenue_month
            and revenues.revenue_date < months.next_month

    where
        revenues.revenue > 0
        and months.is_in_window

),

periods as (

    select * from {{ ref('int_orders_aggregated_to_periods') }}

),

lifespans as (

    select * from {{ ref('int_lifespans_estimated') }}

),

medians as (

    select
        is_subscription,
        count(*) as payment_count,
        percentile_cont(0.5) within group (
            order by cast(revenue as {{ type_double() }})
        ) as median_invoice,
        {{ divide('sum(margin)', 'sum(revenue)') }} as gross_margin_rate

    from payments

    group by is_subscription

),

-- A lifespan needs all months: those at risk per customer lost.
subscription_churn as (

    select
        {{ divide(
            'sum(case when is_in_window then churned_customers end)',
            'sum(case when is_in_window then starting_customers end)'
        ) }} as customer_churn_rate,
        {{ divide('sum(starting_customers)', 'sum(churned_customers)') }}
            as average_lifespan_months,
        sum(case when is_in_window then starting_customers end)
            as customer_months

    from churn

),

order_habits as (

    select
        {{ divide('sum(order_count)', 'count(*) * max(period_months)') }}
            as invoices_per_month

    from periods

),

final as (

    select
        'subscriptions' as basis,
        subscription_churn.customer_churn_rate,
        subscription_churn.average_lifespan_months,
        medians.median_invoice,
        {{ divide(
            'medians.payment_count', 'subscription_churn.customer_months'
        ) }} as invoices_per_month,
        medians.gross_margin_rate

    from medians

    cross join subscription_churn

    where medians.is_subscription

    union all

    select
        'orders' as basis,
        {{ divide(1, 'lifespans.lifespan_months') }} as customer_churn_rate,
        lifespans.lifespan_months as average_lifespan_months,
        medians.median_invoice,
        order_habits.invoices_per_month,
        medians.gross_margin_rate

    from medians

    cross join lifespans

    cross join order_habits

    where not medians.is_subscription

)

select * from final
