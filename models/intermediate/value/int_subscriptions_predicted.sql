{# One row per cut and running subscription, with what it will bring. #}

{% set factors = [
    'factor_12m', 'factor_36m', 'factor_lifetime', 'factor_horizon',
    'factor_low', 'factor_high', 'expected_renewals',
] %}

with

due as (

    select * from {{ ref('int_subscriptions_due') }}

),

expected as (

    select * from {{ ref('int_renewals_expected') }}

),

revenues as (

    select * from {{ ref('int_subscription_revenues_aggregated_to_customers') }}

),

-- Without a renewal ahead nothing is expected; without a curve it is unknown.
priced as (

    select
        due.cut_name,
        due.subscription_id,
        due.run_number,
        due.customer_key,
        due.renewal_method,
        cast(due.price as {{ type_double() }}) as price,
        greatest(
            case
                when revenues.revenue > 0
                    then {{ divide('revenues.margin', 'revenues.revenue') }}
                else {{ subscription_margin_rate() }}
            end, 0
        ) as margin_rate,
        {% for column in factors %}
        case when due.renewals_ahead = 0 then 0 else expected.{{ column }} end
            as {{ column }},
        {% endfor %}
        due.renewals_ahead

    from due

    left join expected
        on
            due.cut_name = expected.cut_name
            and due.curve_plan_id = expected.curve_plan_id
            and due.term_name = expected.term_name
            and due.renewals_made = expected.renewals_made
            and due.days_to_due = expected.days_to_due
            and due.renewals_ahead = expected.renewals_ahead

    left join revenues
        on due.customer_key = revenues.customer_key

),

final as (

    select
        ---------- keys
        cut_name,
        subscription_id,
        run_number,
        customer_key,

        ---------- attributes
        renewal_method,
        renewals_ahead,

        ---------- measures
        price,
        margin_rate,
        expected_renewals,
        price * margin_rate * factor_12m as clv_12m,
        price * margin_rate * factor_36m as clv_36m,
        price * margin_rate * factor_lifetime as clv_lifetime,
        price * margin_rate * factor_horizon as clv_horizon,
        price * margin_rate * factor_low as clv_low,
        price * margin_rate * factor_high as clv_high

    from priced

)

select * from final
