{# One row per cut with the average purchase of all customers. #}

with

customers as (

    select
        cut_name,
        frequency,
        paid_frequency,
        1 + frequency - unpaid_purchase_count as paid_purchases,
        cast(paid_revenue as {{ type_double() }}) as revenue,
        cast(paid_margin as {{ type_double() }}) as margin

    from {{ ref('int_customers_summarised_for_clv') }}

),

final as (

    select
        cut_name,
        coalesce(
            {{ divide('sum(paid_frequency)', 'sum(frequency)') }}, 1
        ) as paid_share,
        {{ divide('sum(revenue)', 'sum(paid_purchases)') }}
            as average_revenue,
        {{ divide('sum(margin)', 'sum(paid_purchases)') }}
            as average_margin

    from customers

    group by cut_name

)

select * from final
