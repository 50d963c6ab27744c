{# Predictions are never negative, a range is no empty one, the total is history
   and prediction, and deciles of those who ever paid are of one size. #}

with

lifetimes as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

deciles as (

    select
        clv_decile,
        count(*) as customers,
        sum(count(*)) over () as all_customers,
        min(total_clv) as least_total,
        max(max(total_clv)) over (
            order by clv_decile
            rows between unbounded preceding and 1 preceding
        ) as largest_total_below

    from lifetimes

    where clv_decile is not null

    group by clv_decile

),

impossible as (

    select customer_key as offender

    from lifetimes

    where
        predicted_clv < 0
        or predicted_clv_low < 0
        or predicted_clv_low > predicted_clv_high
        or total_clv <> historical_margin + predicted_clv
        or predicted_order_clv_12m > predicted_order_clv_36m
        or predicted_subscription_clv_12m > predicted_subscription_clv_36m
        or clv_method = 'none'
        and predicted_clv > 0

),

unequal as (

    select cast(clv_decile as {{ dbt.type_string() }}) as offender

    from deciles

    where
        abs(customers - all_customers / 10.0) >= 1
        or least_total < largest_total_below

)

select offender from impossible

union all

select offender from unequal
