{#
    A regular expression of ISO days from year 1000 on. Where a cast of a day
    that is none fails, the expression knows the calendar; elsewhere the cast
    gives null and is the cheaper judge.

    Usage
        matches_pattern(trimmed('ordered_at'), day_pattern())
#}
{% macro day_pattern() %}
    {% do return(adapter.dispatch('day_pattern', 'perennial')()) %}
{% endmacro %}

{% macro default__day_pattern() %}
    {% do return('[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}') %}
{% endmacro %}

{# 31, 30 and 28 days; and 29 February where the year can be divided by four,
   a full century by four hundred. #}
{% macro postgres__day_pattern() %}
    {% do return(
        '([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
        ~ '|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))'
        ~ '|([1-9][0-9](0[48]|[2468][048]|[13579][26])'
        ~ '|([13579][26]|[2468][048])00)-02-29)'
    ) %}
{% endmacro %}
