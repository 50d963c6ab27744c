{#
    The row `all` of a month sums its billing intervals, and the terms that
    were due in it.
    Returns the months where one of them differs.
#}

with

counted as (

    select
        renewal_month,
        terms_due,
        terms_renewed,
        mrr_due,
        mrr_renewed,
        case when billing_interval = 'all' then 'all' else 'intervals' end
            as counted_by

    from {{ ref('rpt_renewals_monthly') }}

    union all

    select
        cast({{ dbt.date_trunc('month', 'term_end_date') }} as date)
            as renewal_month,
        1 as terms_due,
        case when renewal_status = 'lost' then 0 else 1 end as terms_renewed,
        mrr_due,
        mrr_renewed,
        'terms' as counted_by

    from {{ ref('fct_subscription_terms') }}

    where renewal_status not in ('open', 'replaced')

),

sums as (

    select
        renewal_month,
        counted_by,
        sum(terms_due) as terms_due,
        sum(terms_renewed) as terms_renewed,
        sum(mrr_due) as mrr_due,
        sum(mrr_renewed) as mrr_renewed

    from counted

    group by renewal_month, counted_by

)

select
    renewal_month,
    min(terms_due) as least_due,
    max(terms_due) as most_due,
    max(mrr_due) - min(mrr_due) as mrr_difference

from sums

group by renewal_month

having
    count(*) <> 3
    or min(terms_due) <> max(terms_due)
    or min(terms_renewed) <> max(terms_renewed)
    or max(mrr_due) - min(mrr_due)
    > least(0.000001 * max(terms_due), 0.01)
    or max(mrr_renewed) - min(mrr_renewed)
    > least(0.000001 * max(terms_due), 0.01)
