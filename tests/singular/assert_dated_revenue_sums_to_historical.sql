{#
    Every customer's revenue and margin by day add up to its historical ones:
    a refund moves to its own day, nothing is lost or counted twice.
    Returns the customers for whom they do not.
#}

with

dated as (

    select
        customer_key,
        sum(revenue) as revenue,
        sum(margin) as margin,
        count(*) as row_count

    from {{ ref('int_customer_revenues_dated') }}

    group by customer_key

),

final as (

    select
        lifetime_values.customer_key,
        lifetime_values.historical_revenue,
        lifetime_values.historical_margin,
        dated.revenue,
        dated.margin

    from {{ ref('fct_customer_lifetime_value') }} as lifetime_values

    left join dated
        on lifetime_values.customer_key = dated.customer_key

    where
        abs(lifetime_values.historical_revenue - coalesce(dated.revenue, 0))
        > least(0.000001 * coalesce(dated.row_count, 1), 0.01)
        or abs(lifetime_values.historical_margin - coalesce(dated.margin, 0))
        > least(0.000001 * coalesce(dated.row_count, 1), 0.01)

)

select * from final
