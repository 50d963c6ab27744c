{# One row per attribute of customers and value of it. #}

with

customers as (

    select * from {{ ref('int_customers_attributed') }}

),

lifetimes as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

periods as (

    select * from {{ ref('int_periods_aggregated_to_customers') }}

),

lifespans as (

    select * from {{ ref('int_lifespans_estimated') }}

),

summed as (

    select
        customers.attribute_name,
        customers.attribute_value,
        count(case when customers.has_paid then 1 end) as customers,
        coalesce(sum(
            case when customers.has_paid then lifetimes.total_clv end
        ), 0) as payers_clv,
        sum(lifetimes.historical_revenue) as revenue,
        count(case when customers.order_count >= 1 then 1 end) as buyers,
        count(case when customers.order_count >= 2 then 1 end)
            as repeat_buyers,
        count(case when customers.is_high_value then 1 end)
            as high_value_customers,
        {{ divide(
            'sum(customers.order_revenue)', 'sum(customers.order_count)'
        ) }} as average_order_value,
        {{ divide(
            'sum(periods.order_count)',
            'sum(periods.period_count * periods.period_months)'
        ) }} as purchase_frequency

    from customers

    inner join lifetimes
        on customers.customer_key = lifetimes.customer_key

    left join periods
        on customers.customer_key = periods.customer_key

    group by customers.attribute_name, customers.attribute_value

),

-- Each attribute sorts all customers, so its values sum to the whole.
compared as (

    select
        *,
        cast(average_order_value as decimal(18, 6)) as order_value,
        sum(revenue) over (partition by attribute_name) as all_revenue,
        {{ divide('payers_clv', 'customers') }} as average_clv,
        {{ divide(
            'sum(payers_clv) over (partition by attribute_name)',
            'sum(customers) over (partition by attribute_name)'
        ) }} as average_clv_of_all

    from summed

),

final as (

    select
        ---------- keys
        compared.attribute_name,
        compared.attribute_value,

        ---------- measures
        cast(compared.customers as integer) as customers,
        cast(compared.average_clv as decimal(18, 6)) as average_total_clv,
        {{ divide('compared.average_clv', 'compared.average_clv_of_all') }}
            as clv_index,
        cast(compared.revenue as decimal(18, 6)) as revenue,
        {{ divide('compared.revenue', 'compared.all_revenue') }}
            as revenue_share,
        {{ divide('compared.repeat_buyers', 'compared.buyers') }}
            as repeat_rate,
        {{ divide('compared.high_value_customers', 'compared.buyers') }}
            as high_value_customer_share,

        ---------- levers of the formula
        compared.order_value as average_order_value,
        compared.purchase_frequency,
        cast(lifespans.lifespan_months as {{ type_double() }})
            as lifespan_months,
        cast(
            compared.order_value * compared.purchase_frequency
            * lifespans.lifespan_months as decimal(18, 6)
        ) as formula_clv

    from compared

    inner join lifespans
        on
            compared.attribute_name = lifespans.attribute_name
            and compared.attribute_value = lifespans.attribute_value

)

select * from final
