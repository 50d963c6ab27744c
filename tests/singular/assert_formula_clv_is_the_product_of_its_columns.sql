{#
    Formula CLV is AOV x purchase frequency x lifespan, and null exactly where
    one of the three is.
    Returns the customers for whom it is not.
#}

with

lifetime_values as (

    select
        customer_key,
        average_order_value,
        purchase_frequency,
        lifespan_months,
        formula_clv,
        average_order_value * purchase_frequency * lifespan_months as product

    from {{ ref('fct_customer_lifetime_value') }}

)

select *

from lifetime_values

where
    abs(formula_clv - product) > 0.000001
    or (formula_clv is null) <> (product is null)
