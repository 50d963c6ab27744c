{#
    What one billing of a subscription costs: the price of all units less the
    recurring discount, never below 0. Expects the columns quantity,
    unit_amount, discount_amount and discount_is_recurring.

    Returns decimal(18,6).
#}
{% macro billed_amount() -%}
    cast(greatest(
        quantity * unit_amount
        - case when discount_is_recurring then discount_amount else 0 end,
        0
    ) as decimal(18, 6))
{%- endmacro %}


{#
    A billed amount as the amount of one month: day x 365/12n, week x 365/84n,
    month / n, quarter / 3n, year / 12n, n being the interval count. Expects
    the columns of billing_intervals and billing_interval_count.

    Cast last: in DuckDB a decimal divided by anything is a double.

    Arguments
        amount  SQL expression, decimal
#}
{% macro monthly_amount(amount) -%}
    cast(
        cast({{ amount }} as {{ perennial.type_double() }}) * mrr_numerator
        / (mrr_denominator * billing_interval_count)
        as decimal(18, 6)
    )
{%- endmacro %}


{#
    MRR of an interval with one status: its monthly amount while it is paying,
    else 0. Past due is late, not gone; trials, pauses, incomplete and unpaid
    subscriptions bring nothing.

    Arguments
        status          SQL expression
        monthly_amount  SQL expression, decimal(18,6)
#}
{% macro mrr_while_paying(status, monthly_amount) -%}
    case
        when {{ status }} in ('active', 'past_due')
            then {{ monthly_amount }}
        else cast(0 as decimal(18, 6))
    end
{%- endmacro %}
