{#
    Reporting units for one unit of the row's currency: 1 for the reporting
    currency, else the latest rate on or before the row's date, null where
    there is none. Expects the CTEs typed and exchange_rates, joined.
#}
{% macro exchange_rate() -%}
    case
        when typed.currency = '{{ perennial.policy("reporting_currency") }}'
            then 1
        else exchange_rates.rate
    end
{%- endmacro %}


{# The rule that rejects a row without a rate: it is never taken 1:1. #}
{% macro missing_exchange_rate_rule() %}
    {% do return([
        'missing_exchange_rate',
        "typed.currency <> '" ~ perennial.policy('reporting_currency')
        ~ "' and exchange_rates.rate is null",
    ]) %}
{% endmacro %}


{#
    An amount in the reporting currency, decimal(18,6). Most are in it already:
    for them the product, which is wider than a machine's number, is left out.

    Arguments
        amount  SQL expression in the row's own currency
#}
{% macro in_reporting_currency(amount) -%}
    case
        when exchange_rate = 1 then cast({{ amount }} as decimal(18, 6))
        else cast({{ amount }} * exchange_rate as decimal(18, 6))
    end
{%- endmacro %}
