{#
    Which month's cohort costs more than it brings?

    One row per month in which spend is known, all channels together. How to
    read it:

    - margin_after_spend: what the customers acquired in the month have brought
      until now, less what was spent in it. Below 0 they have cost more than
      they brought; the worst month is first.
    - months_of_age: a cohort of last month has had no time. Look for old
      cohorts below 0, and for months whose CAC is far from its neighbours'.
    - Spend without any new customer is in it as well: all of it is lost so
      far.
#}

with

monthly_costs as (

    select * from {{ ref('rpt_cac_monthly') }}

),

build as (

    select as_of_date from {{ ref('build_info') }}

),

cohorts as (

    select
        spend_month,
        sum(spend) as spend,
        sum(new_customers) as new_customers,
        sum(coalesce(average_clv * new_customers, 0)) as margin_so_far

    from monthly_costs

    group by spend_month

),

final as (

    select
        cohorts.spend_month,
        cohorts.spend,
        cohorts.new_customers,
        cohorts.margin_so_far,
        cohorts.margin_so_far - cohorts.spend as margin_after_spend,
        cohorts.margin_so_far < cohorts.spend as costs_more_than_it_brought,
        {{ divide('cohorts.spend', 'cohorts.new_customers') }} as cac,
        {{ dbt.datediff('cohorts.spend_month', 'build.as_of_date', 'month') }}
            as months_of_age

    from cohorts

    cross join build

)

select * from final

order by margin_after_spend asc, spend_month asc
