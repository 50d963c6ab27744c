{#
    A time as an SQL literal of the engine's timestamp, to the microsecond.

    Arguments
        time  a datetime in UTC, like run_started_at
#}
{% macro timestamp_literal(time) %}
    {% do return(
        "cast('" ~ time.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as "
        ~ dbt.type_timestamp() ~ ')'
    ) %}
{% endmacro %}
