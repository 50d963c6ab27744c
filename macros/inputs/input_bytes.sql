{#
    SQL for the size of an input: what its files take, without reading them. A
    table has none that engines agree on: null.

    Arguments
        input  an entry of locate_inputs().tables

    Returns a select with one row and one column.
#}
{% macro input_bytes(input) %}
    {% if not input.files %}
        {% do return(
            'select cast(null as ' ~ dbt.type_bigint() ~ ')'
        ) %}
    {% endif %}
    {% do return(
        adapter.dispatch('input_bytes', 'perennial')(input)
    ) %}
{% endmacro %}

{# Only DuckDB reads files; see list_files. #}
{% macro default__input_bytes(input) %}
    {% do return('cast(null as ' ~ dbt.type_bigint() ~ ')') %}
{% endmacro %}

{% macro duckdb__input_bytes(input) %}
    {% do return(
        'select cast(sum(size) as bigint) from read_blob('
        ~ file_patterns(input.files) ~ ')'
    ) %}
{% endmacro %}
