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
    The end of a CTE in such a model: in a daily run only the rows of touched
    customers, else all. Said of as many inputs as it takes for no row of
    another customer to come out.

    Arguments
        keyword  and, where the CTE has a condition already

    Usage
        select * from {{ ref('int_mrr_changes') }} {{ of_touched_customers() }}
#}
{% macro of_touched_customers(keyword='where') %}
    {% if target.type != 'duckdb' or model.resource_type == 'unit_test' %}
        {% do return('') %}
    {% endif %}
    {% set tracked = ref('int_customers_tracked') %}
    {% if not is_incremental() %}
        {% do return('') %}
    {% endif %}
    {% do return(keyword ~ ' customer_key in ' ~ _touched_customers(tracked)) %}
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
