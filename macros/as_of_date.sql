{#
    The project's clock: the day at whose end everything is seen, as an SQL
    scalar. No model reads the engine's own clock, so a rebuild of old inputs
    gives old numbers.

    Usage
        where ordered_date <= {{ as_of_date() }}
#}
{% macro as_of_date() -%}
    (select as_of_date from {{ ref('util_as_of_date') }})
{%- endmacro %}


{# The day of the run in the reporting zone, as an SQL date: the latest that
   the as-of date may be. Used in util_as_of_date only. #}
{% macro run_date() -%}
    cast('{{ run_started_at.astimezone(
        modules.pytz.timezone(policy("reporting_timezone"))
    ).strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}


{# Says in the build's output as of when it counts. Post-hook of
   util_as_of_date. #}
{% macro announce_as_of_date() %}
    {% if execute %}
        {% set rows = run_query('select as_of_date from ' ~ this) %}
        {{ log(
            'As of ' ~ rows[0][0] ~ (
                '' if policy('as_of_date')
                else ', the latest date in the inputs; set as_of_date to fix it'
            ),
            info=true
        ) }}
    {% endif %}
    {% do return('') %}
{% endmacro %}
