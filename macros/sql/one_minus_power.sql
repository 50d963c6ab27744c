{#
    1 - (1 + y)^-k for y >= 0 and k > 0, to the last digits for any y: the
    plain formula loses them where y is small, and a power may overflow.

    With h = tanh(k/2 ln(1 + y)) it is 2h / (1 + h), and half of that logarithm
    is atanh(y / (2 + y)), where the 1 has gone. Where y is large that fraction
    is too near to 1, and the logarithm itself is exact.

    Arguments
        y, k  SQL expressions, doubles

    Usage
        {{ one_minus_power('days / (alpha + age_days)', 'r + frequency') }}
#}
{% macro one_minus_power(y, k) -%}
    {%- set h -%}
        tanh(
            ({{ k }}) * case
                when ({{ y }}) < 1 then atanh(({{ y }}) / (2 + ({{ y }})))
                else 0.5 * ln(1 + ({{ y }}))
            end
        )
    {%- endset -%}
    2 * {{ h }} / (1 + {{ h }})
{%- endmacro %}
