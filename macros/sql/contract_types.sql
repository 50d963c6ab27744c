{#
    The types of a contract as PostgreSQL calls them: contracts say double, as
    every other engine does. Before the columns are compared, since the table
    is made from the same list right after. Its texts sort by their bytes, see
    binary_text. Takes the place of dbt's own macro; a project that uses this
    one as a package names it in `dispatch`.
#}
{% macro postgres__get_assert_columns_equivalent(sql) %}
    {% for column in model['columns'].values()
        if column['data_type'] == 'double' %}
        {% do column.update({'data_type': 'double precision'}) %}
    {% endfor %}
    {% set compared = assert_columns_equivalent(sql) %}
    {# A collation is no part of the type that is compared. #}
    {% for column in model['columns'].values()
        if column['data_type'] | lower in ('string', 'text') %}
        {% do column.update({'data_type': 'text collate "C"'}) %}
    {% endfor %}
    {% do return(compared) %}
{% endmacro %}
