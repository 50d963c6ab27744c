{#
    The tables and views of a schema on Spark, as dbt's cache asks for them:
    rows of schema, name, whether temporary, and a text from which dbt takes
    type and format. dbt's own asks each table for it, one by one.

    All that stands in these schemas is Iceberg's, views too.

    Arguments
        relation  a relation of the schema
#}
{% macro spark__list_relations_without_caching(relation) %}
    {% set rows = [] %}
    {% for kind, list in {'TABLE': 'tables', 'VIEW': 'views'}.items() %}
        {% for row in run_query('show ' ~ list ~ ' in ' ~ relation.schema).rows
            if not row[2] %}
            {% do rows.append(
                (row[0], row[1], row[2], 'Provider: iceberg\nType: ' ~ kind)
            ) %}
        {% endfor %}
    {% endfor %}
    {% do return(rows) %}
{% endmacro %}
