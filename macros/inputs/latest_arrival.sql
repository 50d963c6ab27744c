{#
    The query that `dbt source freshness` asks: when the newest accepted row of
    a source table arrived, by its loaded_at. Asked of unified, because a file
    is no relation: run it after a build. Without loaded_at the newest row is
    infinitely old, which is told as stale and not as an error.

    Arguments
        table  a table of the input contract

    Usage: loaded_at_query of the sources.
#}
{% macro latest_arrival(table) %}
    {% set checked = api.Relation.create(
        database=target.database,
        schema=generate_schema_name('intermediate', none) | trim,
        identifier='int_' ~ table ~ '_checked'
    ) %}
    {% do return(
        "select coalesce(max(loaded_at), cast('1970-01-01' as timestamp)) from "
        ~ checked ~ ' where reasons is null'
    ) %}
{% endmacro %}
