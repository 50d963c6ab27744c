{# One row per cohort type, first month and month since. #}

with

cohort_months as (

    select * from {{ ref('int_cohort_months_numbered') }}

),

activities as (

    select * from {{ ref('int_cohort_activities_aggregated') }}

),

revenues as (

    select * from {{ ref('int_cohort_revenues_aggregated') }}

),

joined as (

    select
        cohort_months.*,
        coalesce(activities.ordering_customers, 0) as ordering_customers,
        coalesce(activities.paying_change, 0) as paying_change,
        coalesce(activities.mrr_change, 0) as mrr_change,
        coalesce(revenues.revenue, 0) as revenue,
        coalesce(revenues.margin, 0) as margin

    from cohort_months

    left join activities
        on
            cohort_months.cohort_type = activities.cohort_type
            and cohort_months.cohort_month = activities.cohort_month
            and cohort_months.revenue_month = activities.revenue_month

    left join revenues
        on
            cohort_months.cohort_type = revenues.cohort_type
            and cohort_months.cohort_month = revenues.cohort_month
            and cohort_months.revenue_month = revenues.revenue_month

),

-- An order is active in its own month, a subscription until it ends.
measured as (

    select
        *,
        case cohort_type
            when 'orders' then ordering_customers
            else sum(paying_change) over so_far
        end as active_customers,
        case cohort_type
            when 'orders' then revenue
            else sum(mrr_change) over so_far
        end as retained_revenue,
        sum(revenue) over so_far as cumulative_revenue,
        sum(margin) over so_far as cumulative_margin

    from joined

    window
        so_far as (
            partition by cohort_type, cohort_month order by months_since_first
            rows between unbounded preceding and current row
        )

),

-- A rate of a month that is not mature has a null in it.
with_divisors as (

    select
        *,
        case when is_mature then cohort_size end as mature_size,
        case when is_mature then retained_revenue end as mature_revenue,
        first_value(retained_revenue) over (
            partition by cohort_type, cohort_month order by months_since_first
        ) as first_revenue

    from measured

),

final as (

    select
        ---------- keys
        cohort_type,
        cohort_month,
        cast(months_since_first as integer) as months_since_first,

        ---------- attributes
        is_mature,

        ---------- measures
        cast(cohort_size as integer) as cohort_size,
        cast(case when is_mature then active_customers end as integer)
            as active_customers,
        {% for measure in ['revenue', 'margin'] %}
        {{ money(divide('cumulative_' ~ measure, 'mature_size')) }}
            as cumulative_{{ measure }}_per_customer,
        {% endfor %}
        {{ divide('active_customers', 'mature_size') }} as retention_rate,
        {{ divide('mature_revenue', 'first_revenue') }}
            as revenue_retention_rate

    from with_divisors

)

select * from final
