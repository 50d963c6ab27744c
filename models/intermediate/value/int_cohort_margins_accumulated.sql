{# One row per acquisition month, channel and month since, with its margin. #}

with

customers as (

    select
        customer_key,
        acquired_month,
        acquisition_channel

    from {{ ref('dim_customers') }}

    where acquired_month is not null

),

revenues as (

    select * from {{ ref('int_customer_revenues_dated') }}

),

months as (

    select revenue_month from {{ ref('util_months') }}

),

cohorts as (

    select
        acquired_month,
        acquisition_channel,
        count(*) as cohort_size

    from customers

    group by acquired_month, acquisition_channel

),

-- Revenue is added up by cohort before it meets the months: customers times
-- months would be many times as many rows. What came before the first payment,
-- the cost of a free order, belongs to the first month.
customer_revenues as (

    select
        customers.acquired_month,
        customers.acquisition_channel,
        revenues.margin,
        case
            when revenues.revenue_date < customers.acquired_month
                then customers.acquired_month
            else
                cast(
                    {{ dbt.date_trunc('month', 'revenues.revenue_date') }}
                    as date
                )
        end as revenue_month

    from revenues

    inner join customers
        on revenues.customer_key = customers.customer_key

),

cohort_revenues as (

    select
        acquired_month,
        acquisition_channel,
        revenue_month,
        sum(margin) as margin

    from customer_revenues

    group by acquired_month, acquisition_channel, revenue_month

),

final as (

    select
        cohorts.acquired_month,
        cohorts.acquisition_channel,
        cohorts.cohort_size,
        months.revenue_month,
        {{ dbt.datediff(
            'cohorts.acquired_month', 'months.revenue_month', 'month'
        ) }} as months_since_acquired,
        cast(
            sum(coalesce(cohort_revenues.margin, 0)) over (
                partition by
                    cohorts.acquired_month, cohorts.acquisition_channel
                order by months.revenue_month
                rows between unbounded preceding and current row
            ) as decimal(18, 6)
        ) as cumulative_margin

    from cohorts

    inner join months
        on cohorts.acquired_month <= months.revenue_month

    left join cohort_revenues
        on
            cohorts.acquired_month = cohort_revenues.acquired_month
            and cohorts.acquisition_channel
            = cohort_revenues.acquisition_channel
            and months.revenue_month = cohort_revenues.revenue_month

)

select * from final
