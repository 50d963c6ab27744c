{#
    How many rows an input brings: physical lines that are not blank, without
    the headers, for CSV (read with no quotes, so that a quote that is never
    closed can not hide lines), also where perennial load has brought it into a
    table; rows for Parquet and other tables.

    Arguments
        input  an entry of locate_inputs().tables

    Returns a whole number.
#}
{% macro count_input_rows(input) %}
    {% if input.form == 'absent' %}
        {% do return(0) %}
    {% elif input.form == 'csv' %}
        {% set lines = _counted_lines(input.files).lines %}
        {% do return([lines - input.files | length, 0] | max) %}
    {% endif %}
    {% set relation = input.relation if input.form == 'relation'
        else 'read_parquet(' ~ file_patterns(input.files)
            ~ ', union_by_name = true, hive_partitioning = false)' %}
    {% set count = 'coalesce(sum(line_count), 0)'
        if input.form == 'relation' and is_loaded(
            adapter.get_columns_in_relation(relation) | map(attribute='name')
            | list
        ) else 'count(*)' %}
    {% do return(
        run_query('select ' ~ count ~ ' from ' ~ relation).rows[0][0] | int
    ) %}
{% endmacro %}
