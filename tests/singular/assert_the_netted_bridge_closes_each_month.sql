{#
    Starting MRR plus the five movements is ending MRR, and the same holds for
    customers; ARR and ARPA follow from the ending.
    Returns the months where the bridge does not close.
#}

with

months as (

    select
        *,
        least(
            0.000001 * (starting_customers + ending_customers + 6), 0.01
        ) as tolerance

    from {{ ref('rpt_mrr_monthly') }}

)

select
    revenue_month,
    starting_mrr,
    net_new_mrr,
    ending_mrr,
    arr,
    arpa,
    starting_customers,
    ending_customers,
    tolerance

from months

where
    abs(
        starting_mrr
        + new_mrr
        + reactivation_mrr
        + expansion_mrr
        + contraction_mrr
        + churned_mrr
        - ending_mrr
    ) > tolerance
    or abs(starting_mrr + net_new_mrr - ending_mrr) > tolerance
    or starting_customers
    + new_customers
    + reactivated_customers
    - churned_customers
    <> ending_customers
    or abs(12 * ending_mrr - arr) > tolerance
    or abs(arpa - {{ divide('ending_mrr', 'ending_customers') }}) > 0.000001
    or (arpa is null) <> (ending_customers = 0)
