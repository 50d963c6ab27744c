{#
    One Parquet file as a select of the contract's columns, all text. Its
    types are not trusted: a price stored as text, or a date as a timestamp,
    is judged in unified by the same rules as CSV.

    Arguments
        table  a table of the input contract
        file   path of the file
#}
{% macro read_parquet_file(table, file) %}
    {% set relation = 'read_parquet(' ~ file_pattern(file)
        ~ ', hive_partitioning = false)' %}
    {% set columns = {} %}
    {% set names = [] %}
    {% for row in run_query('describe select * from ' ~ relation) %}
        {% set quoted = adapter.quote(row[0]) %}
        {% do columns.update({
            row[0] | lower: typed_as_text(quoted, row[1])
        }) %}
        {% do names.append(row[0]) %}
    {% endfor %}
    {% do return(
        _input_select(
            table,
            _match_columns(table, columns, names, file),
            sql_text(file),
            'row_number() over ()'
                if 'file_row_number' in columns else 'file_row_number + 1'
        ) ~ '\nfrom ' ~ relation
    ) %}
{% endmacro %}
