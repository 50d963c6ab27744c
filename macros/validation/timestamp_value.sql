{#
    A text as a UTC timestamp without a zone, null when it is no date.

    ISO dates and times only: 03/02/2026 is March in one country and February
    in another. A value with an offset is converted; one without is read in
    `source_timezone`, which defaults to the reporting zone.

    Arguments
        column  text column
#}
{% macro timestamp_value(column) %}
    {% set clock = '[T ]([01][0-9]|2[0-3]):[0-5][0-9]'
        ~ '(:[0-5][0-9]([.][0-9]{1,9})?)?' %}
    {# No zone is further from UTC than 14 hours. #}
    {% set offset = '( UTC|Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)' %}
    {% set zone = policy('source_timezone') or policy('reporting_timezone') %}
    {% do return(
        'case when ' ~ matches_pattern(
            trimmed(column), day_pattern() ~ '(' ~ clock ~ ')?'
        ) ~ ' then ' ~ zone_to_utc(
            try_cast(trimmed(column), 'timestamp'), zone
        )
        ~ ' when ' ~ matches_pattern(
            trimmed(column), day_pattern() ~ clock ~ offset
        )
        ~ ' then ' ~ adapter.dispatch('offset_text_to_utc', 'perennial')(
            trimmed(column)
        ) ~ ' end'
    ) %}
{% endmacro %}

{#
    The first instant without service, from a text that may name the last day
    with it: inclusive_end_dates adds a day to bare dates. A date with a time
    is an instant and stays what it is.

    Arguments
        column  text column
#}
{% macro end_timestamp_value(column) %}
    {% set instant = timestamp_value(column) %}
    {% if not policy('inclusive_end_dates') %}
        {% do return(instant) %}
    {% endif %}
    {% do return(
        'case when ' ~ matches_pattern(
            trimmed(column), day_pattern()
        ) ~ ' then cast(' ~ dbt.dateadd('day', 1, instant)
        ~ ' as timestamp) else ' ~ instant ~ ' end'
    ) %}
{% endmacro %}

{% macro default__offset_text_to_utc(expression) %}
    {% do return(
        'cast(' ~ cut_to_microseconds(expression)
        ~ " as timestamp with time zone) at time zone 'UTC'"
    ) %}
{% endmacro %}

{% macro duckdb__offset_text_to_utc(expression) %}
    {% do return(
        "timezone('UTC', try_cast(" ~ expression
        ~ ' as timestamp with time zone))'
    ) %}
{% endmacro %}

{# Spark reads no time of day with an offset and without seconds. #}
{% macro spark__offset_text_to_utc(expression) %}
    {% set moment = 'regexp_replace(' ~ expression
        ~ ", '^(.{16})([ Z+-])', '$1:00$2')" %}
    {% do return(
        'to_utc_timestamp(cast(' ~ moment
        ~ ' as timestamp), current_timezone())'
    ) %}
{% endmacro %}


{# A clock time of a zone as UTC, both without a zone. #}
{% macro zone_to_utc(expression, zone) %}
    {% if zone == 'UTC' %}
        {% do return(expression) %}
    {% endif %}
    {% do return(
        adapter.dispatch('zone_to_utc', 'perennial')(expression, zone)
    ) %}
{% endmacro %}

{% macro default__zone_to_utc(expression, zone) %}
    {% do return(
        "timezone('UTC', timezone(" ~ sql_text(zone) ~ ', ' ~ expression ~ '))'
    ) %}
{% endmacro %}

{# Of an hour that a clock has twice Spark takes the first, and all others the
   second: the hour after it is there once. #}
{% macro spark__zone_to_utc(expression, zone) %}
    {% set name = sql_text(zone) %}
    {% do return(
        'greatest(to_utc_timestamp(' ~ expression ~ ', ' ~ name
        ~ '), to_utc_timestamp(' ~ expression ~ ' + interval 1 hour, ' ~ name
        ~ ') - interval 1 hour)'
    ) %}
{% endmacro %}


{# The day in the reporting zone of a UTC timestamp. #}
{% macro reporting_date(expression) %}
    {% set zone = policy('reporting_timezone') %}
    {% if zone == 'UTC' %}
        {% do return('cast(' ~ expression ~ ' as date)') %}
    {% endif %}
    {% do return(
        adapter.dispatch('reporting_date', 'perennial')(expression, zone)
    ) %}
{% endmacro %}

{% macro default__reporting_date(expression, zone) %}
    {% do return(
        'cast(timezone(' ~ sql_text(zone) ~ ", timezone('UTC', " ~ expression
        ~ ')) as date)'
    ) %}
{% endmacro %}

{% macro spark__reporting_date(expression, zone) %}
    {% do return(
        'cast(from_utc_timestamp(' ~ expression ~ ', ' ~ sql_text(zone)
        ~ ') as date)'
    ) %}
{% endmacro %}
