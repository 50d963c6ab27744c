{#
    Said of a CTE of whole rows that a model reads several times: each time the
    columns that are needed are read where they lie. DuckDB would copy the rows
    aside first, all of their columns, and lose that a column has few values.
    Others do so anyway, or know best from what they counted.

    Usage
        source as {{ read_in_place() }} (
#}
{% macro read_in_place() %}
    {% do return(adapter.dispatch('read_in_place', 'perennial')()) %}
{% endmacro %}

{% macro default__read_in_place() %}{% endmacro %}

{% macro duckdb__read_in_place() %}
    {% do return('not materialized') %}
{% endmacro %}
