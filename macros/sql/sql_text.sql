{# A text as an SQL literal, quotes doubled: sql_text("it's") is 'it''s'. #}
{% macro sql_text(text) %}
    {% do return("'" ~ text | string | replace("'", "''") ~ "'") %}
{% endmacro %}

{# Texts as a list literal, for engines that read lists of files. #}
{% macro sql_list(texts) %}
    {% set literals = [] %}
    {% for text in texts %}
        {% do literals.append(perennial.sql_text(text)) %}
    {% endfor %}
    {% do return('[' ~ literals | join(', ') ~ ']') %}
{% endmacro %}
