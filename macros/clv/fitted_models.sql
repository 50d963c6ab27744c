{# The table in which `perennial fit` leaves what it fitted. Spark has no
   databases. #}
{% macro fitted_models_relation() %}
    {% do return(api.Relation.create(
        database=target.database or none,
        schema=perennial.generate_schema_name('fitted', none) | trim,
        identifier='clv_models'
    )) %}
{% endmacro %}


{# Its columns, those of int_clv_models_fitted: name -> type. #}
{% macro fitted_models_columns() %}
    {% do return({
        'cut_name': dbt.type_string(),
        'model_name': dbt.type_string(),
        'plan_id': dbt.type_string(),
        'term_name': dbt.type_string(),
        'output_name': dbt.type_string(),
        'item_name': dbt.type_string(),
        'frequency': dbt.type_int(),
        'position': dbt.type_int(),
        'argument': perennial.type_double(),
        'level': perennial.type_double(),
        'value': perennial.type_double(),
        'standard_error': perennial.type_double(),
        'note': dbt.type_string(),
    }) %}
{% endmacro %}


{#
    Replaces what was fitted before.

    Arguments
        rows  JSON text: a list of rows, each a list of values in the order of
              fitted_models_columns(). The rows that say on what was fitted
              come last, so that a write that was cut short is no fit.

    Usage: run-operation of `perennial fit`.
#}
{% macro write_fitted_models(rows) %}
    {% set table = perennial.fitted_models_relation() %}
    {% set columns = perennial.fitted_models_columns() %}
    {% do adapter.create_schema(table) %}
    {% do run_query('drop table if exists ' ~ table) %}
    {% set typed_names = [] %}
    {% for name, type in columns.items() %}
        {% do typed_names.append(adapter.quote(name) ~ ' ' ~ type) %}
    {% endfor %}
    {% do run_query(
        'create table ' ~ table ~ ' (' ~ typed_names | join(', ') ~ ')'
    ) %}
    {% for batch in fromjson(rows) | batch(1000) %}
        {% set tuples = [] %}
        {% for row in batch %}
            {% set values = [] %}
            {% for value in row %}
                {% do values.append(
                    'null' if value is none
                    else value if value is number
                    else perennial.sql_text(value)
                ) %}
            {% endfor %}
            {% do tuples.append('(' ~ values | join(', ') ~ ')') %}
        {% endfor %}
        {% do run_query(
            'insert into ' ~ table ~ ' values ' ~ tuples | join(', ')
        ) %}
    {% endfor %}
{% endmacro %}
