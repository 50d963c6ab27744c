{# One row per cut and distinct frequency, recency and age of its customers. #}

with

customers as (

    select * from {{ ref('int_customers_summarised_for_clv') }}

),

final as (

    select
        cut_name,
        frequency,
        recency_days,
        age_days,
        count(*) as customer_count

    from customers

    group by cut_name, frequency, recency_days, age_days

)

select * from final
