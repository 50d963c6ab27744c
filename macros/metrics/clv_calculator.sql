{# The inputs of the calculator, each with how it is measured. #}
{% macro calculator_inputs() %}
    {% do return({
        'customer_churn_rate': 'share of customers lost per month',
        'average_lifespan_months': 'months at risk per customer lost',
        'median_invoice': 'median payment',
        'invoices_per_month': 'payments per customer and month',
        'gross_margin_rate': 'margin / revenue of those payments',
        'new_customers_per_month': 'first payments per month',
        'marketing_and_sales_spend_per_month': 'from marketing_spend',
        'monthly_overheads': 'variable monthly_overheads',
    }) %}
{% endmacro %}


{#
    The what-if values of rpt_clv_calculator, checked: a name that is no input
    or a value that is no number is an error.

    Arguments
        inputs  names of the calculator's inputs

    Returns a dict: input -> number.
#}
{% macro calculator_overrides(inputs) %}
    {% set overrides = perennial.policy('clv_calculator_overrides') or {} %}
    {% for name, value in overrides.items() %}
        {% if name not in inputs %}
            {{ exceptions.raise_compiler_error(
                "clv_calculator_overrides: there is no input " ~ name
                ~ perennial.nearest_name_hint(name, inputs)
                ~ "; the inputs are " ~ inputs | join(', ')
            ) }}
        {% elif not perennial.is_finite(value) or value < 0 %}
            {{ exceptions.raise_compiler_error(
                "clv_calculator_overrides: " ~ name ~ " takes a number from 0,"
                ~ " not " ~ value
            ) }}
        {% endif %}
    {% endfor %}
    {% do return(overrides) %}
{% endmacro %}


{# A number or nothing as a double. #}
{% macro calculator_number(value) %}
    {% do return(
        'cast(' ~ (value if value is number else 'null') ~ ' as '
        ~ perennial.type_double() ~ ')'
    ) %}
{% endmacro %}


{# The results of the calculator, each with what it means. #}
{% macro calculator_results() %}
    {% do return({
        'clv': 'median invoice x invoices per month x lifespan x margin rate',
        'cac': 'spend per month / new customers per month',
        'clv_to_cac_ratio': 'below 1 a new customer costs more than it brings',
        'monthly_value_of_new_customers': 'CLV x new customers per month',
        'break_even_cac': 'the most a new customer may cost',
        'monthly_margin_after_overheads':
            'value of new customers - spend - overheads',
    }) %}
{% endmacro %}


{# What a reader has to know about an input: where it comes from, that it is
   missing, or that churn and lifespan disagree by more than a tenth. #}
{% macro calculator_input_note(input) -%}
    {%- set notes = perennial.calculator_inputs() -%}
    case
        when used_{{ input }} is null then 'not given'
        {%- if input in ('customer_churn_rate', 'average_lifespan_months') %}
        when
            abs(used_customer_churn_rate * used_average_lifespan_months - 1)
            > 0.1
            then 'churn and lifespan disagree; the lifespan is used'
        {%- endif %}
        else '{{ notes[input] }} (' || basis || ')'
    end
{%- endmacro %}


{# How a result is computed, or that an input of it is missing. #}
{% macro calculator_result_note(result) -%}
    case
        when results.{{ result }} is null
            then 'not known: an input of it is missing'
        else '{{ perennial.calculator_results()[result] }}'
    end
{%- endmacro %}


{# Months for which a customer stays at a churn rate that is given: for ever
   at 0, which the cap of the calculator ends. #}
{% macro lifespan_of_churn(churn_rate) %}
    {% if churn_rate is number and churn_rate == 0 %}
        {% do return(
            perennial.calculator_number(perennial.policy('max_lifetime_months'))
        ) %}
    {% endif %}
    {% do return(
        perennial.divide(1, perennial.calculator_number(churn_rate))
    ) %}
{% endmacro %}
