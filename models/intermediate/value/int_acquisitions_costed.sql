{# One row per month and channel with spend or new customers. #}

with

spend as (

    select
        channel,
        spend,
        cast({{ dbt.date_trunc('month', 'spend_date') }} as date)
            as spend_month

    from {{ ref('int_marketing_spend_unioned') }}

),

customers as (

    select
        customer_key,
        acquired_month,
        acquisition_channel

    from {{ ref('dim_customers') }}

),

lifetime_values as (

    select
        customer_key,
        total_clv

    from {{ ref('fct_customer_lifetime_value') }}

),

-- Outside these months spend is unknown, and unknown is not 0.
known_months as (

    select
        min(spend_month) as first_month,
        max(spend_month) as last_month

    from spend

),

monthly_spend as (

    select
        spend_month,
        channel,
        sum(spend) as spend,
        0 as new_customers,
        cast(null as {{ type_double() }}) as average_clv

    from spend

    group by spend_month, channel

),

acquired as (

    select
        customers.acquired_month as spend_month,
        customers.acquisition_channel as channel,
        0 as spend,
        count(*) as new_customers,
        -- An average of doubles would lie with the order of the customers.
        {{ divide('sum(lifetime_values.total_clv)', 'count(*)') }}
            as average_clv

    from customers

    inner join lifetime_values
        on customers.customer_key = lifetime_values.customer_key

    inner join known_months
        on
            customers.acquired_month >= known_months.first_month
            and customers.acquired_month <= known_months.last_month

    group by customers.acquired_month, customers.acquisition_channel

),

unioned as (

    select * from monthly_spend

    union all

    select * from acquired

),

final as (

    select
        spend_month,
        channel,
        cast(sum(spend) as decimal(18, 6)) as spend,
        cast(sum(new_customers) as integer) as new_customers,
        {{ money('max(average_clv)') }} as average_clv,
        {{ money(divide('sum(spend)', 'sum(new_customers)')) }} as cac

    from unioned

    group by spend_month, channel

)

select * from final
