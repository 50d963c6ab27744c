{#
    A ratio as a double, null where the denominator is 0: a rate over nothing
    is unknown, not 0.

    Arguments
        numerator, denominator  SQL expressions

    Usage
        {{ divide('sum(net_revenue)', 'count(*)') }}
#}
{% macro divide(numerator, denominator) -%}
    cast({{ numerator }} as {{ dbt.type_float() }})
    / nullif(cast({{ denominator }} as {{ dbt.type_float() }}), 0)
{%- endmacro %}
