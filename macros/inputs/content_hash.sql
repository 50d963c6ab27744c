{#
    SQL aggregate that tells two contents of a staging table apart: 16 hex
    digits, other ones where a single cell differs, the same where only the
    order of the rows, or the files they came in, do.

    A sum of the rows' hashes, so that nothing is sorted. Each cell is written
    with its length, so that no two rows are written alike; an empty one is
    not a missing one. One call joins them all: joined two by two, a row would
    be written as often as it has cells.

    Arguments
        table  a table of the input contract

    Usage
        select {{ content_hash('orders') }} from {{ ref('stg_files__orders') }}
#}
{% macro content_hash(table) %}
    {% set text = dbt.type_string() %}
    {% set cells = [] %}
    {% for column in ['unreadable_because']
        + input_contract()[table].columns.keys() | list %}
        {% do cells.append(
            'coalesce(cast(' ~ dbt.length(column) ~ ' as ' ~ text
            ~ ") || ':' || " ~ column ~ ", '-')"
        ) %}
    {% endfor %}
    {% set total = 'cast(coalesce(sum(' ~ hash_number(
        'concat(' ~ cells | join(', ') ~ ')'
    ) ~ '), 0) as ' ~ text ~ ')' %}
    {% do return('substring(' ~ dbt.hash(total) ~ ', 1, 16)') %}
{% endmacro %}


{# A text as a number that md5 gives: 64 bits in DuckDB, else 32, digit by
   digit, since engines share no cast from hex. #}
{% macro hash_number(text) %}
    {% do return(adapter.dispatch('hash_number', 'perennial')(text)) %}
{% endmacro %}

{% macro default__hash_number(text) %}
    {% set digits = [] %}
    {% for position in range(1, 9) %}
        {% do digits.append(
            'cast(' ~ dbt.position(
                'substring(' ~ dbt.hash(text) ~ ', ' ~ position ~ ', 1)',
                "'123456789abcdef'"
            ) ~ ' as decimal(38, 0)) * ' ~ 16 ** (8 - position)
        ) %}
    {% endfor %}
    {% do return('(' ~ digits | join(' + ') ~ ')') %}
{% endmacro %}

{% macro duckdb__hash_number(text) %}
    {% do return('md5_number_upper(' ~ text ~ ')') %}
{% endmacro %}
