{#
    Rows of exports that a later one has replaced: with full_snapshot each
    arrival of a table is all of it, and what it lacks is gone. An arrival is
    what has one loaded_at.

    Nothing is wrong with such a row, and nothing else is asked of it.
#}

{# The rules that full_snapshot brings: list of [reason, SQL predicate].

   Arguments
       relation  staging relation or CTE with its columns as text #}
{% macro arrival_rules(relation) %}
    {% if not policy('full_snapshot') %}
        {% do return([]) %}
    {% endif %}
    {# Whether it belongs to the last export can not be known. #}
    {% do return([[
        'missing_value:loaded_at',
        relation ~ '.unreadable_because is null and '
        ~ clean_text(relation ~ '.loaded_at') ~ ' is null and '
        ~ _last_arrival(relation) ~ ' is not null',
    ]]) %}
{% endmacro %}


{# True for a row of an earlier export, false or null for any other.

   Arguments
       relation  staging relation or CTE with its columns as text #}
{% macro is_of_earlier_export(relation) %}
    {% if not policy('full_snapshot') %}
        {% do return('false') %}
    {% endif %}
    {% do return(
        timestamp_value(relation ~ '.loaded_at') ~ ' < '
        ~ _last_arrival(relation)
    ) %}
{% endmacro %}


{% macro _last_arrival(relation) %}
    {% do return(
        '(select max(' ~ timestamp_value('arrived.loaded_at') ~ ') from '
        ~ relation ~ ' as arrived)'
    ) %}
{% endmacro %}


{#
    Stops when the last export of a table has far fewer rows than the one
    before: it is cut short, or no export of the whole table at all, and what
    it lacks would be taken as gone.

    Arguments
        table  a table of the input contract

    Usage: stop_on_bad_inputs.
#}
{% macro stop_on_short_export(table) %}
    {% if not policy('full_snapshot') %}
        {% do return('') %}
    {% endif %}
    {% set arrivals = run_query(
        'select loaded_at, count(*) as row_count from '
        ~ ref('int_' ~ table ~ '_checked')
        ~ ' where loaded_at is not null'
        ~ ' group by loaded_at order by loaded_at desc limit 2'
    ).rows %}
    {% set rows = arrivals | map(attribute='row_count') | map('int') | list %}
    {% if rows | length == 2
        and rows[0] < (1 - policy('max_shrink_share')) * rows[1] %}
        {{ exceptions.raise_compiler_error(
            'the last export of ' ~ table ~ ', loaded_at '
            ~ arrivals[0]['loaded_at'] ~ ', has ' ~ rows[0]
            ~ ' rows, the one before, ' ~ arrivals[1]['loaded_at'] ~ ', '
            ~ rows[1]
            ~ ': more than max_shrink_share (' ~ policy('max_shrink_share')
            ~ ') is gone. With full_snapshot each export has to hold the whole '
            ~ 'table, all of its rows with one loaded_at; leave full_snapshot '
            ~ 'out where only what is new arrives'
        ) }}
    {% endif %}
{% endmacro %}
