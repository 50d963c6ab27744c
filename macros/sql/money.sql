{#
    A double as money, rounded alike everywhere: the millionths as a double,
    and halves away from zero. Halves come about by dividing by two and four,
    and what engines make of them on their own is not the same.

    Arguments
        amount  SQL double

    Usage
        {{ money(divide('sum(spend)', 'sum(new_customers)')) }}
#}
{% macro money(amount) %}
    {% do return(adapter.dispatch('money', 'perennial')(amount)) %}
{% endmacro %}

{% macro default__money(amount) %}
    {% do return(
        'cast(0.000001 * cast(sign(' ~ amount ~ ') * floor(abs(1000000 * ('
        ~ amount ~ ')) + 0.5) as ' ~ dbt.type_bigint()
        ~ ') as decimal(18, 6))'
    ) %}
{% endmacro %}

{# Its own cast does just that. #}
{% macro duckdb__money(amount) %}
    {% do return('cast(' ~ amount ~ ' as decimal(18, 6))') %}
{% endmacro %}
