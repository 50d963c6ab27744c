{# One row per way of paying with payments in the recent complete months. #}

with

months as (

    select
        *,
        row_number() over (order by revenue_month desc) as recency

    from {{ ref('util_months') }}

    where is_complete_month

),

revenues as (

    select * from {{ ref('int_customer_revenues_dated') }}

    where revenue > 0

),

payments as (

    select
        revenues.revenue,
        revenues.margin,
        case
            when revenues.revenue_source = 'orders' then 'orders'
            else 'subscriptions'
        end as basis

    from revenues

    inner join months
        on
            revenues.revenue_date >= months.revenue_month
            and revenues.revenue_date < months.next_month

    where months.recency <= {{ policy('churn_window_months') }}

),

final as (

    select
        basis,
        count(*) as payment_count,
        percentile_cont(0.5) within group (
            order by cast(revenue as {{ type_double() }})
        ) as median_invoice,
        {{ divide('sum(margin)', 'sum(revenue)') }} as gross_margin_rate

    from payments

    group by basis

)

select * from final
