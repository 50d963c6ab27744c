{#
    A row as a number of 64 bits: equal rows give equal numbers, and two others
    the same one in 1.8e19. Sums of it do not depend on the order of rows.

    Arguments
        kind      word that tells rows of different tables apart
        relation  CTE or alias whose columns are taken, all of them
        days      SQL dates that may lie ahead: whether they have come counts

    Returns an SQL number, to be summed as a wider one.
#}
{% macro row_hash(kind, relation, days=[]) %}
    {% do return(
        adapter.dispatch('row_hash', 'perennial')(kind, relation, days)
    ) %}
{% endmacro %}

{# No other engine has daily runs, but dbt renders models it leaves out. #}
{% macro default__row_hash(kind, relation, days) %}
    {% do return('null') %}
{% endmacro %}

{% macro duckdb__row_hash(kind, relation, days) %}
    {% set parts = ["'" ~ kind ~ "'", relation] %}
    {% for day in days %}
        {% do parts.append(day ~ ' <= ' ~ as_of_date()) %}
    {% endfor %}
    {# Twice: the last of several values is only xored in, and two rows that
       change in it alone would cancel out. #}
    {% do return('hash(hash(' ~ parts | join(', ') ~ '))') %}
{% endmacro %}
