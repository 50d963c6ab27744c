{#
    The price of all units less discounts, never below 0. Expects the columns
    quantity, unit_amount, discount_amount and discount_is_recurring.

    DuckDB gives the product of two decimal(18,6) 18 digits again, six of them
    before the point: one digit more in a factor gives it 38.

    Arguments
        discounts  which ones come off: recurring, all or none

    Returns decimal(18,6).
#}
{% macro price_less_discounts(discounts) -%}
    cast(greatest(
        cast(quantity as decimal(19, 6)) * unit_amount
        {%- if discounts == 'all' %}
        - discount_amount
        {%- elif discounts == 'recurring' %}
        - case when discount_is_recurring then discount_amount else 0 end
        {%- endif %},
        0
    ) as decimal(18, 6))
{%- endmacro %}


{#
    A billed amount as the amount of one month: day x 365/12n, week x 365/84n,
    month / n, quarter / 3n, year / 12n, n being the interval count. Expects
    the columns of billing_intervals and billing_interval_count.

    Money last: in DuckDB a decimal divided by anything is a double.

    Arguments
        amount  SQL expression, decimal
#}
{% macro monthly_amount(amount) -%}
    {{ perennial.money(
        'cast(' ~ amount ~ ' as ' ~ perennial.type_double() ~ ')'
        ~ ' * mrr_numerator / (mrr_denominator * billing_interval_count)'
    ) }}
{%- endmacro %}


{#
    MRR of an interval with one status: its monthly amount while it is paying
    (mrr_statuses: past due is late, not gone), else 0. Trials bring nothing.

    Arguments
        status          SQL expression
        monthly_amount  SQL expression, decimal(18,6)
#}
{% macro mrr_while_paying(status, monthly_amount) -%}
    case
        when
            {{ status }} in (
                '{{ perennial.policy("mrr_statuses") | join("', '") }}'
            )
            then {{ monthly_amount }}
        else cast(0 as decimal(18, 6))
    end
{%- endmacro %}
