{# One row per calendar month, from a century before the as-of month to it. #}

with

numbers as (

    select number from {{ ref('util_numbers') }}
    where number < 1200

),

as_of_month as (

    select cast({{ dbt.date_trunc('month', as_of_date()) }} as date)
        as revenue_month

),

months as (

    select
        cast({{ dbt.dateadd(
            'month', '-numbers.number', 'as_of_month.revenue_month'
        ) }} as date) as revenue_month

    from as_of_month

    cross join numbers

),

final as (

    select
        revenue_month,
        cast({{ dbt.dateadd('month', 1, 'revenue_month') }} as date)
            as next_month,
        cast({{ dbt.dateadd('month', 1, 'revenue_month') }} as date)
        <= cast({{ dbt.dateadd('day', 1, as_of_date()) }} as date)
            as is_complete_month

    from months

)

select * from final
