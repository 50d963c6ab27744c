{#
    Which channel pays back, and when?

    One row per channel with spend or new customers, over all months in which
    spend is known. How to read it:

    - clv_to_cac_ratio: what its customers have brought and are predicted to
      bring within clv_horizon_months, per unit of spend. Below 1 the channel
      costs more than it brings by then.
    - paid_back_cohorts of spend_cohorts: of the months with spend, how many
      have earned it back until now.
    - average_payback_months: how long those took; the month of acquisition is
      1. It says nothing of the cohorts that have not paid back.
    - A channel without spend has no CAC: its customers came by themselves.
#}

with

monthly_costs as (

    select * from {{ ref('rpt_cac_monthly') }}

),

channels as (

    select
        channel,
        sum(spend) as spend,
        sum(new_customers) as new_customers,
        sum(average_clv * new_customers) as margin_so_far,
        count(case when spend > 0 then 1 end) as spend_cohorts,
        count(cac_payback_months) as paid_back_cohorts,
        sum(cac_payback_months) as payback_months

    from monthly_costs

    group by channel

),

final as (

    select
        channel,
        spend,
        new_customers,
        spend_cohorts,
        paid_back_cohorts,
        {{ divide('spend', 'new_customers') }} as cac,
        {{ divide('margin_so_far', 'new_customers') }} as average_clv,
        {{ divide('margin_so_far', 'spend') }} as clv_to_cac_ratio,
        {{ divide('payback_months', 'paid_back_cohorts') }}
            as average_payback_months

    from channels

)

select * from final

order by clv_to_cac_ratio desc nulls last, channel asc
