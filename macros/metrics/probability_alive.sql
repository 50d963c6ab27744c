{#
    The probability that a customer has not dropped out by the cut, under
    BG/NBD: 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)),
    and 1 without a repeat purchase, since only purchases are followed by
    dropouts there (Fader, Hardie and Lee 2005; note 021, equation 6).

    The exponent is cut off at 700: engines refuse what is above the largest
    double.

    Arguments
        parameters  CTE with the columns r, alpha, a and b, doubles
        cells       CTE with frequency (x), recency_days (t_x), age_days (T)
#}
{% macro probability_alive(parameters, cells) -%}
    case
        when {{ cells }}.frequency = 0
            then cast(1 as {{ perennial.type_double() }})
        else
            1 / (1 + exp(least(
                ({{ parameters }}.r + {{ cells }}.frequency) * ln(
                    ({{ parameters }}.alpha + {{ cells }}.age_days)
                    / ({{ parameters }}.alpha + {{ cells }}.recency_days)
                )
                + ln({{ parameters }}.a)
                - ln({{ parameters }}.b + ({{ cells }}.frequency - 1)),
                700
            )))
    end
{%- endmacro %}
