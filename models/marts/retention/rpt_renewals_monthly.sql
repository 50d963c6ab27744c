{# One row per month of the due date and billing interval, and one for all. #}

with

due_terms as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'term_end_date') }} as date)
            as renewal_month

    from {{ ref('fct_subscription_terms') }}

    where renewal_status in ('renewed', 'late', 'lost')

),

months as (

    select * from {{ ref('util_months') }}

),

-- A pile of monthly terms hides the annual ones: both views are rows.
counted_terms as (

    select
        renewal_month,
        billing_interval,
        renewal_status,
        mrr_due,
        mrr_renewed

    from due_terms

    union all

    select
        renewal_month,
        'all' as billing_interval,
        renewal_status,
        mrr_due,
        mrr_renewed

    from due_terms

),

summed as (

    select
        renewal_month,
        billing_interval,
        count(*) as terms_due,
        count(case when renewal_status in ('renewed', 'late') then 1 end)
            as terms_renewed,
        sum(mrr_due) as mrr_due,
        sum(mrr_renewed) as mrr_renewed

    from counted_terms

    group by renewal_month, billing_interval

),

final as (

    select
        ---------- keys
        summed.renewal_month,
        summed.billing_interval,

        ---------- attributes
        months.is_complete_month,

        ---------- measures
        cast(summed.terms_due as integer) as terms_due,
        cast(summed.terms_renewed as integer) as terms_renewed,
        {{ divide('summed.terms_renewed', 'summed.terms_due') }}
            as renewal_rate,
        cast(summed.mrr_due as decimal(18, 6)) as mrr_due,
        cast(summed.mrr_renewed as decimal(18, 6)) as mrr_renewed,
        {{ divide('summed.mrr_renewed', 'summed.mrr_due') }}
            as value_renewal_rate

    from summed

    inner join months
        on summed.renewal_month = months.revenue_month

)

select * from final
