{#
    A ratio as a double, null where the denominator is 0: a rate over nothing
    is unknown, not 0.

    Arguments
        numerator, denominator  SQL expressions

    Usage
        {{ divide('sum(net_revenue)', 'count(*)') }}
#}
{% macro divide(numerator, denominator) -%}
    cast({{ numerator }} as {{ perennial.type_double() }})
    / nullif(cast({{ denominator }} as {{ perennial.type_double() }}), 0)
{%- endmacro %}
