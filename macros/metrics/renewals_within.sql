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
