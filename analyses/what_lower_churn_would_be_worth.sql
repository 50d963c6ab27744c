{#
    What would five points less churn be worth?

    One row per percentage point, 0 to 5, taken off the yearly churn rate. How
    to read it:

    - Row 0 is today: the factors and the CLV of rpt_clv_calculator.
    - A yearly rate y is 1 - (1 - m)^12 of the monthly rate m, so a point less
      a year is much less than a point less a month.
    - The lifespan grows as churn falls, lifespan x churn staying what it is
      today, up to max_lifetime_months. The other factors stay.
    - clv_gained is per customer; monthly_value_gained for the customers that
      are won each month. It is the most that keeping them may cost.
    - Churn that is measured on few customers moves by more than a point by
      chance.
#}

with

calculator as (

    select * from {{ ref('rpt_clv_calculator') }}

),

factors as (

    select
        max(case when item_name = 'customer_churn_rate' then used_value end)
            as customer_churn_rate,
        max(case when item_name = 'average_lifespan_months' then used_value end)
            as average_lifespan_months,
        max(case when item_name = 'median_invoice' then used_value end)
            as median_invoice,
        max(case when item_name = 'invoices_per_month' then used_value end)
            as invoices_per_month,
        max(case when item_name = 'gross_margin_rate' then used_value end)
            as gross_margin_rate,
        max(case when item_name = 'new_customers_per_month' then used_value end)
            as new_customers_per_month

    from calculator

),

points as (

    {% for points_lower in range(6) %}
    select {{ points_lower }} as points_lower
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

yearly_rates as (

    select
        factors.*,
        points.points_lower,
        case
            when points.points_lower = 0 then 1
            when
                1 - power(1 - factors.customer_churn_rate, 12)
                > points.points_lower / 100.0
                then
                    {{ divide(
                        '1 - power('
                        ~ 'power(1 - factors.customer_churn_rate, 12)'
                        ~ ' + points.points_lower / 100.0, 1 / 12.0)',
                        'factors.customer_churn_rate'
                    ) }}
            else 0
        end as churn_factor

    from factors

    cross join points

),

lifespans as (

    select
        *,
        customer_churn_rate * churn_factor as monthly_churn_rate,
        1 - power(1 - customer_churn_rate * churn_factor, 12)
            as yearly_churn_rate,
        case
            when
                average_lifespan_months
                < churn_factor * {{ policy('max_lifetime_months') }}
                then {{ divide('average_lifespan_months', 'churn_factor') }}
            else {{ policy('max_lifetime_months') }}
        end as lifespan_months

    from yearly_rates

),

valued as (

    select
        *,
        median_invoice * invoices_per_month * gross_margin_rate
        * lifespan_months as clv,
        median_invoice * invoices_per_month * gross_margin_rate
        * (lifespan_months - average_lifespan_months) as clv_gained

    from lifespans

),

final as (

    select
        points_lower,
        yearly_churn_rate,
        monthly_churn_rate,
        lifespan_months,
        clv,
        clv_gained,
        clv_gained * new_customers_per_month as monthly_value_gained

    from valued

)

select * from final

order by points_lower asc
