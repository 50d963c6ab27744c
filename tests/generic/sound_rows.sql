{#
    Fails with every row that breaks a rule of its table, and says which: the
    primary key, columns that are never null, categories and ranges.

    One test for all of them, because a test costs dbt the same whatever it
    asks. Null passes values and ranges: what is unknown is outside of nothing.
    `where`, which dbt applies to every generic test before it runs, leaves out
    rows that the rules do not speak of; a second test on the same table says
    what holds for these rows only.

    A text among the accepted values is quoted, a number or a boolean is not.

    Arguments
        primary_key      list of columns that name a row together; none of
                         them is null
        not_null         list of columns
        accepted_values  column: list of values
        accepted_ranges  column: {min_value, max_value}, at least one of the
                         two, each an SQL expression or number that is itself
                         accepted

    Usage
        - sound_rows:
            name: sound_rows_fct_orders
            arguments:
              primary_key: [order_id]
              not_null: [customer_key]
              accepted_values:
                order_kind: [first, repeat]
              accepted_ranges:
                discount_rate: {min_value: 0, max_value: 1}
#}
{% test sound_rows(
    model, primary_key=[], not_null=[], accepted_values={}, accepted_ranges={}
) %}

    {%- set broken = [] -%}

    {%- for column in primary_key -%}
        {%- do broken.append((
            column ~ ' is null (primary_key)', column ~ ' is null'
        )) -%}
    {%- endfor -%}

    {%- for column in not_null -%}
        {%- do broken.append((
            column ~ ' is null (not_null)', column ~ ' is null'
        )) -%}
    {%- endfor -%}

    {%- for column, values in accepted_values.items() -%}
        {%- set literals = [] -%}
        {%- for value in values -%}
            {%- do literals.append(
                perennial.sql_text(value) if value is string else value
            ) -%}
        {%- endfor -%}
        {%- do broken.append((
            column ~ ' is none of ' ~ values | join(', ')
            ~ ' (accepted_values)',
            column ~ ' not in (' ~ literals | join(', ') ~ ')'
        )) -%}
    {%- endfor -%}

    {%- for column, bounds in accepted_ranges.items() -%}
        {%- set words = [] -%}
        {%- set comparisons = [] -%}
        {%- if bounds.min_value is defined -%}
            {%- do words.append('below ' ~ bounds.min_value) -%}
            {%- do comparisons.append(column ~ ' < ' ~ bounds.min_value) -%}
        {%- endif -%}
        {%- if bounds.max_value is defined -%}
            {%- do words.append('above ' ~ bounds.max_value) -%}
            {%- do comparisons.append(column ~ ' > ' ~ bounds.max_value) -%}
        {%- endif -%}
        {%- if not words or words | length < bounds | length -%}
            {{ exceptions.raise_compiler_error(
                "sound_rows: the range of " ~ column ~ " in " ~ model
                ~ " needs min_value, max_value or both, and nothing else"
            ) }}
        {%- endif -%}
        {%- do broken.append((
            column ~ ' is ' ~ words | join(' or ') ~ ' (accepted_ranges)',
            comparisons | join(' or ')
        )) -%}
    {%- endfor -%}

    {%- if not broken -%}
        {{ exceptions.raise_compiler_error(
            "sound_rows on " ~ model ~ " needs at least one rule"
        ) }}
    {%- endif -%}

    {%- set told = [] -%}
    {%- for words, condition in broken -%}
        {%- do told.append(
            '\n            case when ' ~ condition ~ ' then '
            ~ perennial.sql_text(words ~ '; ') ~ " else '' end"
        ) -%}
    {%- endfor -%}

    {%- if primary_key %}
    select
        {{ primary_key | join(', ') }},
        {{ perennial.sql_text(
            'more than one row with the same ' ~ primary_key | join(', ')
            ~ ' (primary_key); '
        ) }} as broken_rules

    from {{ model }}

    group by {{ primary_key | join(', ') }}

    having count(*) > 1

    union all
    {% endif %}
    select
        {% if primary_key -%}
        {{ primary_key | join(', ') }},
        {%- endif %}
        {{- dbt.concat(told) }}
        as broken_rules

    from {{ model }}

    where
        {{ broken | map(attribute=1) | join('\n        or ') }}

{% endtest %}
