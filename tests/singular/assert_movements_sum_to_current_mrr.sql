{#
    What a customer pays now is the sum of its movements, and that of its
    months: three models, one number.
    Returns the customers for whom they differ.
#}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

movements as (

    select
        customer_key,
        sum(mrr_change) as moved_mrr,
        count(*) as row_count

    from {{ ref('fct_mrr_movements') }}

    group by customer_key

),

customer_months as (

    select
        customer_key,
        sum(mrr_change) as netted_mrr

    from {{ ref('fct_customer_mrr') }}

    group by customer_key

)

select
    customers.customer_key,
    customers.current_mrr,
    movements.moved_mrr,
    customer_months.netted_mrr

from customers

left join movements
    on customers.customer_key = movements.customer_key

left join customer_months
    on customers.customer_key = customer_months.customer_key

where
    abs(customers.current_mrr - coalesce(movements.moved_mrr, 0))
    > least(0.000001 * coalesce(movements.row_count, 1), 0.01)
    or abs(customers.current_mrr - coalesce(customer_months.netted_mrr, 0))
    > least(0.000001 * coalesce(movements.row_count, 1), 0.01)
