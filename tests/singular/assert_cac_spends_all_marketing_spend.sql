{#
    The spend of all channels and months is all of marketing_spend, and every
    customer acquired in those months is counted once.
    Returns one row with both sides where they differ.
#}

with

reported as (

    select
        sum(spend) as spend,
        sum(new_customers) as new_customers,
        min(spend_month) as first_month,
        max(spend_month) as last_month

    from {{ ref('rpt_cac_monthly') }}

),

spent as (

    select sum(spend) as spend from {{ ref('int_marketing_spend_unioned') }}

),

acquired as (

    select count(*) as new_customers

    from {{ ref('dim_customers') }} as customers

    inner join reported
        on
            customers.acquired_month >= reported.first_month
            and customers.acquired_month <= reported.last_month

),

final as (

    select
        reported.spend as reported_spend,
        spent.spend,
        reported.new_customers as reported_customers,
        acquired.new_customers

    from reported

    cross join spent

    cross join acquired

    where
        abs(coalesce(reported.spend, 0) - coalesce(spent.spend, 0)) > 0.01
        or coalesce(reported.new_customers, 0) <> acquired.new_customers

)

select * from final
