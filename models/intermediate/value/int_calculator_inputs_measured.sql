{# One row per build: what the CLV calculator takes, measured. #}

with

habits as (

    select * from {{ ref('int_payment_habits_measured') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

spend as (

    select * from {{ ref('int_marketing_spend_unioned') }}

),

complete_months as (

    select
        revenue_month,
        next_month,
        row_number() over (order by revenue_month desc) as recency

    from {{ ref('util_months') }}

    where is_complete_month

),

window_bounds as (

    select
        min(revenue_month) as first_month,
        max(next_month) as end_month,
        count(*) as month_count

    from complete_months

    where recency <= {{ policy('churn_window_months') }}

),

-- Where there are subscriptions, churn and lifespan are theirs.
chosen_habits as (

    select *
    from (
        select
            *,
            row_number() over (order by basis desc) as basis_rank
        from habits
    ) as ranked
    where basis_rank = 1

),

acquired as (

    select count(*) as new_customers

    from customers

    inner join window_bounds
        on
            customers.acquired_month >= window_bounds.first_month
            and customers.acquired_month < window_bounds.end_month

),

spent as (

    select sum(spend.spend) as spend

    from spend

    inner join window_bounds
        on
            spend.spend_date >= window_bounds.first_month
            and spend.spend_date < window_bounds.end_month

),

final as (

    select
        chosen_habits.basis,
        chosen_habits.customer_churn_rate,
        chosen_habits.average_lifespan_months,
        chosen_habits.median_invoice,
        chosen_habits.invoices_per_month,
        chosen_habits.gross_margin_rate,
        {{ divide('acquired.new_customers', 'window_bounds.month_count') }}
            as new_customers_per_month,
        {{ divide('spent.spend', 'window_bounds.month_count') }}
            as marketing_and_sales_spend_per_month

    from window_bounds

    cross join acquired

    cross join spent

    left join chosen_habits
        on chosen_habits.basis_rank = 1

)

select * from final
