{#
    How a model is kept that is made per customer: a daily run recomputes it
    for the customers that something new is known of, from all their history,
    and leaves the rows of the others where they lie. What is new, and whether
    a run is a daily one, int_customers_tracked and settle_refresh say; which
    models are kept so, and why no others: docs/operations.md.

    Usage
        {{ config(**by_touched_customers()) }}
#}
{% macro by_touched_customers() %}
    {% if target.type != 'duckdb' %}
        {% do return({'materialized': 'table'}) %}
    {% endif %}
    {% do return({
        'materialized': 'incremental',
        'incremental_strategy': 'touched',
        'unique_key': 'customer_key',
        'on_schema_change': 'fail',
    }) %}
{% endmacro %}


{#
    What such a model reads: in a daily run only the rows of touched customers,
    else all. Said of as many inputs as it takes for no row of another customer
    to come out.

    Arguments
        relation  table or view with customer_key

    Usage
        select * from {{ touched_rows(ref('int_mrr_changes')) }}
#}
{% macro touched_rows(relation) %}
    {% if target.type != 'duckdb' or model.resource_type == 'unit_test' %}
        {% do return(relation) %}
    {% endif %}
    {% set tracked = ref('int_customers_tracked') %}
    {% if not is_incremental() %}
        {% do return(relation) %}
    {% endif %}
    {% do return(
        '(select * from ' ~ relation ~ ' where customer_key in '
        ~ _touched_customers(tracked) ~ ') as touched'
    ) %}
{% endmacro %}


{# dbt's name for how an incremental model takes in what was computed. A
   customer of whom nothing is left has no new row, but old ones to go. #}
{% macro get_incremental_touched_sql(arguments) %}
    {% set columns = get_quoted_csv(
        arguments.dest_columns | map(attribute='name')
    ) %}
    {% do return(
        'delete from ' ~ arguments.target_relation
        ~ ' where customer_key in '
        ~ _touched_customers(ref('int_customers_tracked'))
        ~ ';\ninsert into ' ~ arguments.target_relation ~ ' (' ~ columns ~ ')'
        ~ ' select ' ~ columns ~ ' from ' ~ arguments.temp_relation
    ) %}
{% endmacro %}


{% macro _touched_customers(tracked) %}
    {% do return(
        '(select customer_key from ' ~ tracked
        ~ " where touched_by = '" ~ invocation_id ~ "')"
    ) %}
{% endmacro %}
