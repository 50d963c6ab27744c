{# One row per customer among the ten that have brought most. #}

with

lifetime_values as (

    select * from {{ ref('perennial', 'fct_customer_lifetime_value') }}

),

final as (

    select
        customer_key,
        historical_margin,
        -- A macro of the package, used from outside of it.
        {{ perennial.divide('historical_margin', 'order_count') }}
            as margin_per_order

    from lifetime_values

    order by historical_margin desc, customer_key asc

    limit 10

)

select * from final
