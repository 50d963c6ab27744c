{#
    On Spark, tables by customer can lie in buckets of their customer_key:
    PERENNIAL_SPARK_BUCKETS says in how many, 0 or nothing in none. Joins,
    windows and sums by customer then find what belongs together in one place,
    and move no row between workers. Takes the place of dbt's own macro.

    A bucket should be written as one file of some hundred megabytes: 256 of
    them for a billion orders. For small tables they are only more files.
#}
{% macro spark__partition_cols(label, required=false) %}
    {% set buckets = env_var('PERENNIAL_SPARK_BUCKETS', '0') | int %}
    {% if buckets > 0
        and model.resource_type == 'model'
        and 'customer_key' in model.columns
        and not model.name.startswith('rpt_') %}
        {{ label }} (bucket({{ buckets }}, customer_key))
    {% endif %}
{% endmacro %}
