{# One row per customer, with what the marts say of it. #}

{{ config(materialized='view') }}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

segments as (

    select * from {{ ref('fct_customer_segments') }}

),

lifetimes as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

periods as (

    select * from {{ ref('int_periods_aggregated_to_customers') }}

),

final as (

    select
        ---------- keys
        customers.customer_key,

        ---------- attributes
        customers.acquired_month,
        customers.customer_status,
        customers.acquisition_channel,
        customers.platform,
        customers.country,
        customers.gender,
        customers.age_band,
        customers.income_band,
        segments.rfm_segment,
        segments.feedback_band,
        segments.is_high_value,

        ---------- measures
        segments.frequency as order_count,
        segments.monetary_value as order_revenue,
        periods.order_count as orders_in_periods,
        lifetimes.historical_revenue,
        lifetimes.historical_margin,
        lifetimes.predicted_clv,
        lifetimes.total_clv,

        ---------- derived
        coalesce(customers.current_plan_id, 'none') as current_plan_id,
        periods.period_count * periods.period_months as months_of_periods,
        customers.first_paid_date is not null as has_paid

    from customers

    inner join segments
        on customers.customer_key = segments.customer_key

    inner join lifetimes
        on customers.customer_key = lifetimes.customer_key

    left join periods
        on customers.customer_key = periods.customer_key

)

select * from final
