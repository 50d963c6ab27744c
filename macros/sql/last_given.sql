{#
    The last value given up to a row, null when there is none: what an empty
    cell means where empty is unchanged.

    Arguments
        column      SQL expression
        partition   SQL, the rows that go together
        order       SQL, an order without ties

    Usage
        {{ last_given('plan_id', 'subscription_id', 'valid_from') }}
#}
{% macro last_given(column, partition, order) %}
    {% set window = '(partition by ' ~ partition ~ ' order by ' ~ order
        ~ ' rows between unbounded preceding and current row)' %}
    {% do return(
        adapter.dispatch('last_given', 'perennial')(column, window)
    ) %}
{% endmacro %}

{# Of all that were given, the one that is counted last. #}
{% macro default__last_given(column, window) %}
    {% do return(
        '(array_agg(' ~ column ~ ') filter (where ' ~ column
        ~ ' is not null) over ' ~ window ~ ')[count(' ~ column ~ ') over '
        ~ window ~ ']'
    ) %}
{% endmacro %}

{% macro duckdb__last_given(column, window) %}
    {% do return(
        'last_value(' ~ column ~ ' ignore nulls) over ' ~ window
    ) %}
{% endmacro %}

{% macro spark__last_given(column, window) %}
    {% do return('last_value(' ~ column ~ ', true) over ' ~ window) %}
{% endmacro %}
