{# One row per input or result of the CLV calculator. #}

{% set inputs = calculator_inputs() %}
{% set overrides = calculator_overrides(inputs) %}
{% set cap = policy('max_lifetime_months') %}

with

measured as (

    select
        {{ inputs | reject('equalto', 'monthly_overheads')
            | join(',\n        ') }},
        {{ calculator_number(policy('monthly_overheads')) }}
            as monthly_overheads,
        coalesce(basis, 'nothing') as basis

    from {{ ref('int_calculator_inputs_measured') }}

),

-- Churn and lifespan say one thing twice. The lifespan wins, unless only the
-- churn rate was overridden: the question is what that churn would be worth.
used as (

    select
        measured.*,
        {% for input in inputs if input != 'average_lifespan_months' %}
        coalesce(
            {{ calculator_number(overrides.get(input)) }}, measured.{{ input }}
        ) as used_{{ input }},
        {% endfor %}
        coalesce(
            {{ calculator_number(overrides.average_lifespan_months) }},
            {{ lifespan_of_churn(overrides.customer_churn_rate) }},
            measured.average_lifespan_months,
            {{ divide(1, 'measured.customer_churn_rate') }},
            case when measured.basis <> 'nothing' then {{ cap }} end
        ) as lifespan_months

    from measured

),

capped as (

    select
        *,
        case
            when lifespan_months > {{ cap }} then {{ cap }} else lifespan_months
        end as used_average_lifespan_months

    from used

),

valued as (

    select
        *,
        used_median_invoice * used_invoices_per_month
        * used_average_lifespan_months * used_gross_margin_rate as clv,
        {{ divide(
            'used_marketing_and_sales_spend_per_month',
            'used_new_customers_per_month'
        ) }} as cac

    from capped

),

results as (

    select
        *,
        {{ divide('clv', 'cac') }} as clv_to_cac_ratio,
        clv * used_new_customers_per_month as monthly_value_of_new_customers,
        clv as break_even_cac,
        clv * used_new_customers_per_month
        - coalesce(used_marketing_and_sales_spend_per_month, 0)
        - used_monthly_overheads as monthly_margin_after_overheads

    from valued

),

final as (

    {% for input in inputs %}
    select
        '{{ input }}' as item_name,
        'input' as item_kind,
        cast(measured_values.{{ input }} as {{ type_double() }})
            as measured_value,
        {{ calculator_number(overrides.get(input)) }} as override_value,
        cast(measured_values.used_{{ input }} as {{ type_double() }})
            as used_value,
        {{ calculator_input_note(input) }} as note

    from results as measured_values

    union all

    {% endfor %}
    {% for result in calculator_results() %}
    select
        '{{ result }}' as item_name,
        'result' as item_kind,
        cast(null as {{ type_double() }}) as measured_value,
        cast(null as {{ type_double() }}) as override_value,
        cast(results.{{ result }} as {{ type_double() }}) as used_value,
        {{ calculator_result_note(result) }} as note

    from results
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
