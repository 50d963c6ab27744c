{#
    How many rows an input brings: physical lines that are not blank, without
    the headers, for CSV (read with no quotes, so that a quote that is never
    closed can not hide lines); rows for Parquet and tables.

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
    {% do return(
        run_query('select count(*) from ' ~ relation).rows[0][0] | int
    ) %}
{% endmacro %}
