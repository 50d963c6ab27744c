{#
    A typed column as text in the form that unified reads: numbers as plain
    digits, moments as ISO. Engines print floats as 1e-05, and whole ones as
    7.0, which is not the id 7. A float is its shortest text, which casts of
    the number itself miss in the last digits; twelve decimals are kept.

    Arguments
        column     column, quoted
        data_type  its type as the engine names it
#}
{% macro typed_as_text(column, data_type) %}
    {% do return(adapter.dispatch('typed_as_text', 'perennial')(
        column, data_type | lower
    )) %}
{% endmacro %}

{% macro default__typed_as_text(column, data_type) %}
    {% do return(column) %}
{% endmacro %}

{% macro duckdb__typed_as_text(column, data_type) %}
    {% if data_type in ('float', 'double') %}
        {% do return(
            'case when ' ~ column ~ ' = trunc(' ~ column ~ ') and abs('
            ~ column ~ ') < 1e18 then cast(cast(' ~ column
            ~ ' as hugeint) as varchar) else coalesce('
            ~ _without_last_zeros(
                'cast(try_cast(cast(' ~ column
                ~ ' as varchar) as decimal(38, 12)) as varchar)'
            )
            ~ ', cast(' ~ column ~ ' as varchar)) end'
        ) %}
    {% endif %}
    {% do return(column) %}
{% endmacro %}

{% macro postgres__typed_as_text(column, data_type) %}
    {% if data_type in ('real', 'double precision', 'float4', 'float8') %}
        {% do return(_without_last_zeros(
            'cast(round(cast(cast(' ~ column
            ~ ' as text) as numeric), 12) as text)'
        )) %}
    {% endif %}
    {% do return(column) %}
{% endmacro %}

{# A decimal of many decimals is printed as 0E-18, too. A timestamp is an
   instant, and its text does not say so. #}
{% macro spark__typed_as_text(column, data_type) %}
    {% if data_type in ('float', 'double') %}
        {% set digits = 'format_number(cast(cast(' ~ column
            ~ ' as string) as decimal(38, 12)), 12)' %}
        {% do return(
            'coalesce('
            ~ _without_last_zeros('translate(' ~ digits ~ ", ',', '')")
            ~ ', cast(' ~ column ~ ' as string))'
        ) %}
    {% elif data_type.startswith('decimal') %}
        {% set scale = data_type.rpartition(',')[2].strip(' )') | int %}
        {% do return(
            'translate(format_number(' ~ column ~ ', ' ~ scale ~ "), ',', '')"
        ) %}
    {% elif data_type == 'timestamp' %}
        {% do return(
            'date_format(' ~ column ~ ", 'yyyy-MM-dd HH:mm:ss.SSSSSSxxx')"
        ) %}
    {% endif %}
    {% do return(column) %}
{% endmacro %}

{% macro _without_last_zeros(text) %}
    {% do return('regexp_replace(' ~ text ~ ", '[.]?0+$', '')") %}
{% endmacro %}
