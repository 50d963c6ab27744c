{#
    Adds the columns to a snapshot's table on Spark that its query has and the
    table lacks. dbt's own also adds the helpers dbt_unique_key_1 and so on of
    a key of several columns, and stumbles over them in the next run.

    Arguments
        relation  the table of the snapshot
        columns   the columns that it lacks
#}
{% macro spark__create_columns(relation, columns) %}
    {% set definitions = [] %}
    {% for column in columns
        if not column.name.startswith('dbt_unique_key_') %}
        {% do definitions.append(
            adapter.quote(column.name) ~ ' ' ~ column.data_type
        ) %}
    {% endfor %}
    {% if definitions %}
        {% do run_query(
            'alter table ' ~ relation ~ ' add columns ('
            ~ definitions | join(', ') ~ ')'
        ) %}
    {% endif %}
{% endmacro %}
