{# The 64-bit float of the engine; dbt's type_float has 32 bits on DuckDB. #}
{% macro type_double() %}
    {% do return(adapter.dispatch('type_double', 'perennial')()) %}
{% endmacro %}

{% macro default__type_double() %}
    {% do return('double') %}
{% endmacro %}

{% macro postgres__type_double() %}
    {% do return('double precision') %}
{% endmacro %}
