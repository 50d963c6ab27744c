{#
    A text in lower case, letter by letter: of two letters engines think
    otherwise. A sigma at the end of a word is another letter to some, and a
    dotted I is a letter and a dot.

    Arguments
        text  SQL text

    Usage
        {{ lower_case('email') }}
#}
{% macro lower_case(text) %}
    {% do return(adapter.dispatch('lower_case', 'perennial')(text)) %}
{% endmacro %}

{% macro default__lower_case(text) %}
    {% do return(
        "lower(replace(replace(" ~ text ~ ", 'Σ', 'σ'), 'İ', 'i'))"
    ) %}
{% endmacro %}

{% macro duckdb__lower_case(text) %}
    {% do return('lower(' ~ text ~ ')') %}
{% endmacro %}

{# By its own collation a database may know the letters from A to Z only. #}
{% macro postgres__lower_case(text) %}
    {% do return(
        "lower(replace(replace(" ~ text ~ ", 'Σ', 'σ'), 'İ', 'i')"
        ~ ' collate "und-x-icu") collate "C"'
    ) %}
{% endmacro %}


{# A text in upper case. Letters whose capital is two letters in some engines,
   like ß, are left to them. #}
{% macro upper_case(text) %}
    {% do return(adapter.dispatch('upper_case', 'perennial')(text)) %}
{% endmacro %}

{% macro default__upper_case(text) %}
    {% do return('upper(' ~ text ~ ')') %}
{% endmacro %}

{% macro postgres__upper_case(text) %}
    {% do return(
        'upper(' ~ text ~ ' collate "und-x-icu") collate "C"'
    ) %}
{% endmacro %}
