{#
    Calendar months that have passed in full between two days: the largest n
    for which start + n months (clamped to the month's end) is not after end.

    Arguments
        start_date, end_date  SQL dates
#}
{% macro whole_months_between(start_date, end_date) -%}
    {%- set months = dbt.datediff(start_date, end_date, 'month') -%}
    case
        when cast({{ dbt.dateadd('month', months, start_date) }} as date)
            > {{ end_date }}
            then {{ months }} - 1
        else {{ months }}
    end
{%- endmacro %}
