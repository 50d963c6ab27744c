{#
    A text without the blanks at both ends: all that Unicode calls a space, as
    spreadsheets and web pages leave them. Tabs and ends of lines stay.

    Arguments
        text  SQL text

    Usage
        {{ trimmed('platform') }}
#}
{% macro trimmed(text) %}
    {% do return(adapter.dispatch('trimmed', 'perennial')(text)) %}
{% endmacro %}

{# Most engines know the plain blank only. #}
{% macro default__trimmed(text) %}
    {% do return(
        "trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
        ~ "\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from " ~ text ~ ')'
    ) %}
{% endmacro %}

{% macro duckdb__trimmed(text) %}
    {% do return('trim(' ~ text ~ ')') %}
{% endmacro %}
