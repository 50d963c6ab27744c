{#
    A text cast to a type when the whole of it matches a pattern, else null.

    Engines differ in what a cast accepts ('nan', '1_000', '1e5') and in what
    it does with the rest, so the pattern decides and the cast follows.

    Arguments
        column     text column or expression
        pattern    regular expression that the trimmed text has to match
        data_type  type to cast to
        then_to    optional type to cast on to ('3.0' is a whole number)
#}
{% macro safe_cast_if(column, pattern, data_type, then_to=none) %}
    {% set cast_text = perennial.try_cast(
        perennial.trimmed(column), data_type
    ) %}
    {% if then_to %}
        {% set cast_text = 'cast(' ~ cast_text ~ ' as ' ~ then_to ~ ')' %}
    {% endif %}
    {% do return(
        'case when '
        ~ perennial.matches_pattern(perennial.trimmed(column), pattern)
        ~ ' then ' ~ cast_text ~ ' end'
    ) %}
{% endmacro %}


{# A cast that gives null for what it can not read; engines without one rely
   on the pattern that was asked before. #}
{% macro try_cast(expression, data_type) %}
    {% do return(
        adapter.dispatch('try_cast', 'perennial')(expression, data_type)
    ) %}
{% endmacro %}

{% macro default__try_cast(expression, data_type) %}
    {% do return('cast(' ~ expression ~ ' as ' ~ data_type ~ ')') %}
{% endmacro %}

{# Digits of a time beyond the sixth would be rounded, and cut off elsewhere. #}
{% macro postgres__try_cast(expression, data_type) %}
    {% if data_type == 'timestamp' %}
        {% set expression = perennial.cut_to_microseconds(expression) %}
    {% endif %}
    {% do return('cast(' ~ expression ~ ' as ' ~ data_type ~ ')') %}
{% endmacro %}

{# A time as text, without digits beyond the sixth of a second. #}
{% macro cut_to_microseconds(expression) %}
    {% do return(
        'regexp_replace(' ~ expression ~ ", '([.][0-9]{6})[0-9]+', '\\1')"
    ) %}
{% endmacro %}

{% macro duckdb__try_cast(expression, data_type) %}
    {% do return('try_cast(' ~ expression ~ ' as ' ~ data_type ~ ')') %}
{% endmacro %}


{# True when the whole text matches a regular expression. #}
{% macro matches_pattern(expression, pattern) %}
    {% do return(
        adapter.dispatch('matches_pattern', 'perennial')(expression, pattern)
    ) %}
{% endmacro %}

{% macro default__matches_pattern(expression, pattern) %}
    {% do return(
        'regexp_like(' ~ expression ~ ', '
        ~ perennial.sql_text('^(' ~ pattern ~ ')$') ~ ')'
    ) %}
{% endmacro %}

{% macro duckdb__matches_pattern(expression, pattern) %}
    {% do return(
        'regexp_full_match(' ~ expression ~ ', '
        ~ perennial.sql_text(pattern) ~ ')'
    ) %}
{% endmacro %}

{% macro postgres__matches_pattern(expression, pattern) %}
    {% do return(
        expression ~ ' ~ ' ~ perennial.sql_text('^(' ~ pattern ~ ')$')
    ) %}
{% endmacro %}

{# A dollar would let an end of line follow. #}
{% macro spark__matches_pattern(expression, pattern) %}
    {% do return(
        expression ~ ' rlike '
        ~ perennial.sql_text('^(' ~ pattern ~ ')\\z')
    ) %}
{% endmacro %}


{# True when a part of the text matches a regular expression. #}
{% macro contains_pattern(expression, pattern) %}
    {% do return(
        adapter.dispatch('contains_pattern', 'perennial')(expression, pattern)
    ) %}
{% endmacro %}

{% macro default__contains_pattern(expression, pattern) %}
    {% do return(
        'regexp_like(' ~ expression ~ ', ' ~ perennial.sql_text(pattern) ~ ')'
    ) %}
{% endmacro %}

{% macro duckdb__contains_pattern(expression, pattern) %}
    {% do return(
        'regexp_matches(' ~ expression ~ ', ' ~ perennial.sql_text(pattern)
        ~ ')'
    ) %}
{% endmacro %}

{% macro postgres__contains_pattern(expression, pattern) %}
    {% do return(expression ~ ' ~ ' ~ perennial.sql_text(pattern)) %}
{% endmacro %}

{% macro spark__contains_pattern(expression, pattern) %}
    {% do return(expression ~ ' rlike ' ~ perennial.sql_text(pattern)) %}
{% endmacro %}
