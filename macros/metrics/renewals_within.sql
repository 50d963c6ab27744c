{#
    How many renewals fall due within a number of days: the next one after
    days_to_due, then one every term_length_days. A thousandth of a millionth
    of a day forgives the rounding of months of 365/12 days. Expects the
    columns days_to_due and term_length_days.

    Arguments
        days  SQL number, how far to look ahead

    Usage
        {{ renewals_within('horizon_days') }}
#}
{% macro renewals_within(days) -%}
    case
        when days_to_due > {{ days }} + 1e-9 then 0
        else floor(
            ({{ days }} + 1e-9 - days_to_due) / term_length_days
        ) + 1
    end
{%- endmacro %}


{#
    How many renewals of a subscription fall due before a number of months is
    over: what ended at a tenure of t months ended before t + 1 of them. Expects
    the columns of billing_intervals.

    Arguments
        months  SQL whole number of months, 1 or more

    Usage
        {{ renewals_before('tenure_months + 1') }}
#}
{% macro renewals_before(months) -%}
    case
        when term_days > 0
            then ceil(({{ months }}) * 365.0 / 12 / term_days) - 1
        else ceil(({{ months }}) * 1.0 / term_months) - 1
    end
{%- endmacro %}
