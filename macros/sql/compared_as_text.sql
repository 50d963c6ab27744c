{#
    What dbt compares in a unit test, as text that is the same for the same
    number: PostgreSQL shows as many digits as a number was written with, so
    that 0 is not 0.000000 there. Of floats 15 digits are compared: the last
    one lies with the order in which an engine adds. Takes the place of dbt's
    own macro.

    Arguments
        main_sql               the model on the rows that are given
        expected_fixture_sql   the rows that are expected
        expected_column_names  quoted names of the columns compared
#}
{% macro postgres__get_unit_test_sql(
    main_sql, expected_fixture_sql, expected_column_names
) -%}
    set local extra_float_digits = 0;
    {{ perennial.unit_test_as_text(
        main_sql, expected_fixture_sql, expected_column_names
    ) }}
{%- endmacro %}

{% macro spark__get_unit_test_sql(
    main_sql, expected_fixture_sql, expected_column_names
) -%}
    {{ perennial.unit_test_as_text(
        main_sql, expected_fixture_sql, expected_column_names
    ) }}
{%- endmacro %}


{# The rows of both, with the columns as text. #}
{% macro unit_test_as_text(
    main_sql, expected_fixture_sql, expected_column_names
) -%}
    with dbt_internal_unit_test_actual as (
        select
            {% for column in expected_column_names -%}
            {{ perennial.compared_as_text(column) }} as {{ column }},
            {% endfor -%}
            'actual' as {{ adapter.quote('actual_or_expected') }}
        from ({{ main_sql }}) as actual_rows
    ),
    dbt_internal_unit_test_expected as (
        select
            {% for column in expected_column_names -%}
            {{ perennial.compared_as_text(column) }} as {{ column }},
            {% endfor -%}
            'expected' as {{ adapter.quote('actual_or_expected') }}
        from ({{ expected_fixture_sql }}) as expected_rows
    )
    select * from dbt_internal_unit_test_actual
    union all
    select * from dbt_internal_unit_test_expected
{%- endmacro %}


{# A value as text, by which it is compared. #}
{% macro compared_as_text(column) %}
    {% do return(
        adapter.dispatch('compared_as_text', 'perennial')(column)
    ) %}
{% endmacro %}

{# 1.500 is 1.5, 2.000 is 2, and 100 stays. #}
{% macro default__compared_as_text(column) %}
    {% do return(
        'regexp_replace(cast(' ~ column
        ~ " as text), '^(-?[0-9]+)([.]0+|([.][0-9]*[1-9])0+)$', '\\1\\3')"
    ) %}
{% endmacro %}

{% macro spark__compared_as_text(column) %}
    {% do return(
        'case when typeof(' ~ column ~ ") = 'double' then format_string("
        ~ "'%.14e', cast(cast(" ~ column ~ ' as string) as double)) else cast('
        ~ column ~ ' as string) end'
    ) %}
{% endmacro %}
