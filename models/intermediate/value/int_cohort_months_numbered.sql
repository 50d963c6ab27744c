{# One row per cohort and month since its first, up to the as-of month. #}

with

customers as (

    select * from {{ ref('int_cohort_customers_found') }}

),

numbers as (

    select * from {{ ref('util_numbers') }}

),

last_complete as (

    select max(revenue_month) as last_complete_month
    from {{ ref('util_months') }}
    where is_complete_month

),

cohorts as (

    select
        cohort_type,
        cohort_month,
        count(*) as cohort_size

    from customers

    group by cohort_type, cohort_month

),

-- A limit that asks for the clock within the join would have DuckDB try all
-- numbers for each cohort.
bounded_cohorts as (

    select
        *,
        {{ dbt.datediff('cohort_month', as_of_date(), 'month') }}
            as last_number

    from cohorts

),

numbered as (

    select
        bounded_cohorts.*,
        numbers.number as months_since_first,
        cast({{ dbt.dateadd(
            'month', 'numbers.number', 'bounded_cohorts.cohort_month'
        ) }} as date) as revenue_month

    from bounded_cohorts

    {{ join_numbers('bounded_cohorts.last_number') }}

),

final as (

    select
        ---------- keys
        numbered.cohort_type,
        numbered.cohort_month,
        numbered.months_since_first,
        numbered.revenue_month,

        ---------- measures
        numbered.cohort_size,

        ---------- derived
        numbered.revenue_month <= last_complete.last_complete_month
            as is_mature

    from numbered

    cross join last_complete

)

select * from final
