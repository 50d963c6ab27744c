{# A text as an SQL literal, quotes doubled: sql_text("it's") is 'it''s'. #}
{% macro sql_text(text) %}
    {% do return(adapter.dispatch('sql_text', 'perennial')(text)) %}
{% endmacro %}

{% macro default__sql_text(text) %}
    {% do return("'" ~ text | string | replace("'", "''") ~ "'") %}
{% endmacro %}

{# A backslash before the quote would end the literal there. #}
{% macro spark__sql_text(text) %}
    {% do return(
        "'" ~ text | string | replace('\\', '\\\\') | replace("'", "\\'")
        ~ "'"
    ) %}
{% endmacro %}

{# Texts as a list literal, for engines that read lists of files. #}
{% macro sql_list(texts) %}
    {% set literals = [] %}
    {% for text in texts %}
        {% do literals.append(perennial.sql_text(text)) %}
    {% endfor %}
    {% do return('[' ~ literals | join(', ') ~ ']') %}
{% endmacro %}
