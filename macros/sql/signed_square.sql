{#
    A number times its absolute value: its square with its sign. Engines refuse
    a square that is smaller than the smallest double; it is 0 here.

    Arguments
        number  SQL double

    Usage
        {{ signed_square('low_deviation') }}
#}
{% macro signed_square(number) -%}
    case
        when abs({{ number }}) > 1e-100 then {{ number }} * abs({{ number }})
        else 0
    end
{%- endmacro %}
