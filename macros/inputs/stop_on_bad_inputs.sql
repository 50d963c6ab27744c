{#
    Stops the build, before any mart, when an input was not read in full or
    too much of it can not be used: numbers from half a file look like numbers.

    Three checks per table: staging accounts for every physical row of the
    input; the last of several exports is no stump; the share of rejected rows
    is at most max_rejected_share (below five rejected rows no share is
    telling).

    Usage: post-hook of util_input_gate.
#}
{% macro stop_on_bad_inputs() %}
    {% if not execute %}
        {% do return('') %}
    {% endif %}
    {% for row in run_query('select * from ' ~ this) %}
        {% set table = row['table_name'] %}
        {% set raw_rows = row['raw_rows'] | int %}
        {% set rejected_rows = row['rejected_rows'] | int %}
        {% do stop_on_half_read_input(
            table, row['brought_rows'] | int, row['read_rows'] | int
        ) %}
        {% do stop_on_short_export(table) %}
        {% if rejected_rows >= 5
            and rejected_rows > policy('max_rejected_share') * raw_rows %}
            {% do _stop_on_rejects(table, raw_rows, rejected_rows) %}
        {% endif %}
    {% endfor %}
    {% do return('') %}
{% endmacro %}


{# The message of max_rejected_share, with the three commonest reasons. #}
{% macro _stop_on_rejects(table, raw_rows, rejected_rows) %}
    {% set checked = ref('int_' ~ table ~ '_checked') %}
    {% set top = [] %}
    {% for row in run_query(
        "select reasons, count(*) as row_count from " ~ checked
        ~ " where " ~ is_bad('reasons') ~ " group by reasons"
        ~ " order by row_count desc, reasons limit 3"
    ) %}
        {% do top.append(row['row_count'] | int ~ ' x ' ~ row['reasons']) %}
    {% endfor %}
    {{ exceptions.raise_compiler_error(
        rejected_rows ~ " of " ~ raw_rows ~ " rows of " ~ table
        ~ " can not be used (" ~ top | join(', ') ~ "); max_rejected_share is "
        ~ policy('max_rejected_share') ~ ". The first is "
        ~ _first_rejected_row(table) ~ ". " ~ _missed_table(top[0])
        ~ "To see them, in "
        ~ (target.path or target.name)
        ~ ": select file_name, line_number, reasons from " ~ checked
        ~ " where reasons is not null"
    ) }}
{% endmacro %}


{# "orders.csv, line 7"; of a table or a Parquet file "row 7". #}
{% macro _first_rejected_row(table) %}
    {% set row = run_query(
        "select file_name, line_number from "
        ~ ref('int_' ~ table ~ '_checked') ~ " where " ~ is_bad('reasons')
        ~ " order by file_name, line_number limit 1"
    ).rows[0] %}
    {% set is_csv = row['file_name'].endswith('.csv') %}
    {% do return(
        row['file_name'] ~ (', line ' if is_csv else ', row ')
        ~ row['line_number'] | int
    ) %}
{% endmacro %}


{# Rows that name an order which is not there: more likely the orders are cut
   short than all that names them is wrong. #}
{% macro _missed_table(commonest_reasons) %}
    {% for missed in ('orders', 'subscriptions')
        if 'unknown_' ~ missed[:-1] in commonest_reasons %}
        {% set brought = run_query(
            'select brought_rows from ' ~ this ~ " where table_name = '"
            ~ missed ~ "'"
        ).columns[0][0] %}
        {% do return(
            'Is ' ~ missed ~ ' whole? It brought ' ~ brought | int ~ ' rows. '
        ) %}
    {% endfor %}
    {% do return('') %}
{% endmacro %}
