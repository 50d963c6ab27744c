{#
    The day on which the n-th term after an anchor begins. Always counted from
    the anchor, on its day of the month or the month's last day where there is
    no such day: 31 Jan, 29 Feb, 31 Mar. Counting from the term before would
    stay at 29. Expects the columns of billing_intervals and
    billing_interval_count.

    Arguments
        anchor  SQL date
        number  SQL whole number
#}
{% macro term_boundary(anchor, number) -%}
    case
        when term_days > 0
            then cast({{ dbt.dateadd(
                'day',
                '(' ~ number ~ ') * billing_interval_count * term_days', anchor
            ) }} as date)
        else cast({{ dbt.dateadd(
            'month',
            '(' ~ number ~ ') * billing_interval_count * term_months', anchor
        ) }} as date)
    end
{%- endmacro %}


{#
    At least as many terms as begin between an anchor and a later day, to
    bound the join with util_numbers: no month has fewer than 28 days.

    Arguments
        anchor  SQL date
        day     SQL date, not before the anchor
#}
{% macro term_count_bound(anchor, day) -%}
    cast(ceil(
        cast(
            {{ dbt.datediff(anchor, day, 'day') }}
            as {{ perennial.type_double() }}
        ) / (billing_interval_count * (term_days + 28 * term_months))
    ) as integer)
{%- endmacro %}
