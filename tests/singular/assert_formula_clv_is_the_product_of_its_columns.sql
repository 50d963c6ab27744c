{#
    Formula CLV is AOV x purchase frequency x lifespan, and null exactly where
    one of the three is. A product of doubles has 15 digits, which above a
    billion are fewer than the six decimals of money.
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
    abs(formula_clv - product) > greatest(0.000001, 1e-15 * abs(product))
    or (formula_clv is null) <> (product is null)
