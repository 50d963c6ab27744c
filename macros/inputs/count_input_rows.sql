{#
    SQL that counts what an input brings: physical lines that are not blank,
    without the headers, for CSV (read with no quotes, so that a quote that is
    never closed can not hide lines); rows for Parquet and tables.

    Arguments
        input  an entry of locate_inputs().tables

    Returns a select with one row and one column.
#}
{% macro count_input_rows(input) %}
    {% if input.form == 'absent' %}
        {% do return('select 0') %}
    {% elif input.form == 'relation' %}
        {% do return('select count(*) from ' ~ input.relation) %}
    {% elif input.form == 'parquet' %}
        {% do return(
            'select count(*) from read_parquet(' ~ sql_list(input.files)
            ~ ', union_by_name = true)'
        ) %}
    {% endif %}
    {% do return(
        'select greatest(count(line) - ' ~ input.files | length
        ~ ', 0) from ' ~ read_lines(input.files)
    ) %}
{% endmacro %}
