{#
    A value as text that is compared and sorted by its bytes, so that the first
    of several ids is the same one everywhere. In some databases texts sort as
    in a dictionary, where a capital or a hyphen counts for little.

    All text enters through it, in staging; what is made of such a text sorts
    like it. Contracts say it again for the tables made by them.

    Arguments
        expression  SQL expression

    Usage
        {{ binary_text('customers.customer_id') }}
#}
{% macro binary_text(expression) %}
    {% do return(adapter.dispatch('binary_text', 'perennial')(expression)) %}
{% endmacro %}

{% macro default__binary_text(expression) %}
    {% do return('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') %}
{% endmacro %}

{% macro postgres__binary_text(expression) %}
    {% do return('cast(' ~ expression ~ ' as text) collate "C"') %}
{% endmacro %}
