{# One row per cut and customer who had bought, with a purchase's worth. #}

with

customers as (

    select
        *,
        cast(paid_revenue as {{ type_double() }}) as revenue,
        cast(paid_margin as {{ type_double() }}) as margin,
        coalesce(paid_frequency * mean_value, 0) as repeat_spend

    from {{ ref('int_customers_summarised_for_clv') }}

),

parameters as (

    select * from {{ ref('int_clv_parameters_spread') }}

),

-- How many repeat purchases are paid at all, and the average paid purchase.
averages as (

    select
        cut_name,
        coalesce(
            {{ divide('sum(paid_frequency)', 'sum(frequency)') }}, 1
        ) as paid_share,
        {{ divide(
            'sum(revenue)', 'sum(1 + frequency - unpaid_purchase_count)'
        ) }} as average_revenue,
        {{ divide(
            'sum(margin)', 'sum(1 + frequency - unpaid_purchase_count)'
        ) }} as average_margin

    from customers

    group by cut_name

),

valued as (

    select
        customers.*,
        averages.paid_share,
        averages.average_revenue,
        averages.average_margin,
        case parameters.order_value_status
            when 'gamma_gamma'
                then
                    parameters.p * (parameters.v + customers.repeat_spend)
                    / (
                        parameters.p * customers.paid_frequency
                        + parameters.q - 1
                    )
            when 'shrunk_mean'
                then
                    (
                        parameters.prior_purchases * parameters.population_mean
                        + customers.repeat_spend
                    )
                    / (parameters.prior_purchases + customers.paid_frequency)
        end as paid_order_value

    from customers

    inner join averages
        on customers.cut_name = averages.cut_name

    inner join parameters
        on customers.cut_name = parameters.cut_name

),

-- A customer's margin rate is shrunk by one average purchase: one cheap order
-- tells little of it. Where nobody ever paid, nothing is expected.
final as (

    select
        cut_name,
        customer_key,
        coalesce(paid_share * paid_order_value, 0) as expected_order_value,
        greatest(coalesce({{ divide(
            'margin + average_margin', 'revenue + average_revenue'
        ) }}, 0), 0) as margin_rate

    from valued

)

select * from final
