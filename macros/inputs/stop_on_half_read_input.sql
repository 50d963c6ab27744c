{#
    Stops when staging does not account for every physical row of an input: a
    quote that is never closed has swallowed lines that no one can count.

    Arguments
        table         a table of the input contract
        brought_rows  what count_input_rows says of the input
        read_rows     the lines that the rows of staging take

    Usage: stop_on_bad_inputs, stop_on_half_read_inputs.
#}
{% macro stop_on_half_read_input(table, brought_rows, read_rows) %}
    {% if brought_rows != read_rows %}
        {% set input = locate_inputs().tables[table] %}
        {{ exceptions.raise_compiler_error(
            "input " ~ table ~ " was not read in full: "
            ~ (input.relation or input.files | join(', ')) ~ " has "
            ~ brought_rows ~ " rows, of which " ~ read_rows
            ~ " could be told apart. "
            ~ (_first_unreadable_line(table)
               or "Look for a quote that is never closed")
        ) }}
    {% endif %}
{% endmacro %}


{# The same of all tables, for who takes the rows from staging and builds
   nothing on them: perennial load.

    Usage: dbt run-operation stop_on_half_read_inputs #}
{% macro stop_on_half_read_inputs() %}
    {% for table, input in locate_inputs().tables.items() %}
        {% set read_rows = run_query(
            'select coalesce(sum(line_count), 0) from '
            ~ ref('stg_files__' ~ table)
        ).rows[0][0] | int %}
        {% do stop_on_half_read_input(
            table, count_input_rows(input), read_rows
        ) %}
    {% endfor %}
{% endmacro %}


{# "orders.csv, line 7: a quote is not closed, or followed by text", of the
   first line of a table that could not be split. #}
{% macro _first_unreadable_line(table) %}
    {% for row in run_query(
        "select file_name, line_number, unreadable_because from "
        ~ ref('stg_files__' ~ table) ~ " where unreadable_because is not null"
        ~ " order by file_name, line_number limit 1"
    ) %}
        {% do return(
            'Look at ' ~ row['file_name'] ~ ', line '
            ~ row['line_number'] | int ~ ': '
            ~ row['unreadable_because'].split(', md5')[0]
        ) %}
    {% endfor %}
    {% do return('') %}
{% endmacro %}
