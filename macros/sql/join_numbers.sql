{#
    Joins each row to the whole numbers from 0 to its own limit, none where the
    limit is below 0; `numbers.number` names them. To be written after the other
    joins, in a model that has the CTE `numbers`, all of util_numbers.

    A join by range is a loop over all numbers for every row where an engine
    has no plan of its own for it: such an engine counts for each row.

    Arguments
        limit  SQL whole number; where rows are many, a column: DuckDB has no
               plan for a limit that asks for the clock

    Usage
        from stretches {{ join_numbers('stretches.term_count') }}
#}
{% macro join_numbers(limit) -%}
    {{ adapter.dispatch('join_numbers', 'perennial')(limit) }}
{%- endmacro %}

{% macro default__join_numbers(limit) -%}
    inner join numbers
        on numbers.number <= {{ limit }}
{%- endmacro %}

{% macro postgres__join_numbers(limit) -%}
    cross join lateral generate_series(0, cast({{ limit }} as integer))
        as numbers (number)
{%- endmacro %}

{% macro spark__join_numbers(limit) -%}
    lateral view explode(
        case
            when {{ limit }} >= 0 then sequence(0, cast({{ limit }} as int))
        end
    ) numbers as number
{%- endmacro %}
