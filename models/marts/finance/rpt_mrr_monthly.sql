{# One row per month, from the first with MRR to the as-of month. #}

{% set parts = {
    'new': 'new', 'reactivation': 'reactivated', 'expansion': 'expanded',
    'contraction': 'contracted', 'churn': 'churned',
} %}

with

customer_months as (

    select * from {{ ref('fct_customer_mrr') }}

),

months as (

    select * from {{ ref('util_months') }}

),

summed as (

    select
        revenue_month,
        cast(sum(starting_mrr) as decimal(18, 6)) as starting_mrr,
        {% for movement_type in parts %}
        cast(sum(
            case
                when movement_type = '{{ movement_type }}' then mrr_change
                else 0
            end
        ) as decimal(18, 6)) as {{ movement_type }}_mrr,
        {% endfor %}
        cast(sum(ending_mrr) as decimal(18, 6)) as ending_mrr,
        cast(sum(mrr_change) as decimal(18, 6)) as net_new_mrr,
        count(case when starting_mrr > 0 then 1 end) as starting_customers,
        {% for movement_type, customers in parts.items() %}
        count(case when movement_type = '{{ movement_type }}' then 1 end)
            as {{ customers }}_customers,
        {% endfor %}
        count(case when ending_mrr > 0 then 1 end) as ending_customers,
        count(case when starting_mrr = 0 and has_mrr_in_month then 1 end)
            as arrived_customers,
        count(
            case
                when starting_mrr = 0 and has_mrr_in_month and ending_mrr = 0
                    then 1
            end
        ) as arrived_and_lost_customers

    from customer_months

    group by revenue_month

),

a_year_ago as (

    select
        cast({{ dbt.dateadd('month', 12, 'revenue_month') }} as date)
            as revenue_month,
        ending_mrr

    from summed

),

final as (

    select
        ---------- keys
        summed.revenue_month,

        ---------- attributes
        months.is_complete_month,

        ---------- measures
        summed.starting_mrr,
        summed.new_mrr,
        summed.reactivation_mrr,
        summed.expansion_mrr,
        summed.contraction_mrr,
        summed.churn_mrr as churned_mrr,
        summed.ending_mrr,
        summed.net_new_mrr,
        cast(12 * summed.ending_mrr as decimal(18, 6)) as arr,
        case when months.is_complete_month then {{ divide(
            'summed.ending_mrr', 'a_year_ago.ending_mrr'
        ) }} - 1 end as arr_growth_yoy,
        cast(summed.starting_customers as integer) as starting_customers,
        {% for customers in parts.values() %}
        cast(summed.{{ customers }}_customers as integer)
            as {{ customers }}_customers,
        {% endfor %}
        cast(summed.ending_customers as integer) as ending_customers,
        cast(summed.arrived_customers as integer) as arrived_customers,
        cast(summed.arrived_and_lost_customers as integer)
            as arrived_and_lost_customers,
        {{ money(divide('summed.ending_mrr', 'summed.ending_customers')) }}
            as arpa,
        {{ divide(
            'summed.new_mrr + summed.reactivation_mrr + summed.expansion_mrr',
            '-(summed.contraction_mrr + summed.churn_mrr)'
        ) }} as quick_ratio

    from summed

    inner join months
        on summed.revenue_month = months.revenue_month

    left join a_year_ago
        on summed.revenue_month = a_year_ago.revenue_month

)

select * from final
