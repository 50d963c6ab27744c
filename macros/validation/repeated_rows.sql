{#
    The raw rows whose key another row has too, with what that makes of them:
    duplicate_row for the second and later of identical rows (the first one
    stays), conflicting_id for all rows of one key when they differ.

    Looks for repeated keys first and compares contents of those rows only:
    nearly all keys are unique.

    Arguments
        table     a table of the input contract
        relation  staging relation or CTE with its columns as text

    Returns SQL with file_name, line_number, repeat_reason ('' for a first
    row that stays).
#}
{% macro repeated_rows(table, relation) %}
    {% set contract = input_contract()[table] %}
    {% set keys = [] %}
    {% set on = [] %}
    {% set contents = [] %}
    {% for column in contract.key %}
        {% set key = typed_value(
            relation ~ '.' ~ column, contract.columns[column]
        ) %}
        {% do keys.append(key) %}
        {% do on.append(key ~ ' = repeated.key_' ~ loop.index) %}
    {% endfor %}
    {% for column in contract.columns if column != 'loaded_at' %}
        {% do contents.append(
            "coalesce(" ~ clean_text(relation ~ '.' ~ column) ~ ", '')"
        ) %}
    {% endfor %}
    {% set content = contents | join(" || chr(31) || ") %}
select
    file_name,
    line_number,
    case when row_rank > 1 then 'duplicate_row; ' else '' end
    || case when first_content <> last_content then 'conflicting_id; ' else '' end
        as repeat_reason
from (
    select
        {{ relation }}.file_name,
        {{ relation }}.line_number,
        min({{ content }}) over (
            partition by {{ keys | join(', ') }}
        ) as first_content,
        max({{ content }}) over (
            partition by {{ keys | join(', ') }}
        ) as last_content,
        row_number() over (
            partition by {{ keys | join(', ') }}, {{ content }}
            order by {{ relation }}.file_name, {{ relation }}.line_number
        ) as row_rank
    from {{ relation }}
    inner join (
        select
        {%- for key in keys %}
            {{ key }} as key_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
        from {{ relation }}
        where
        {%- for key in keys %}
            {{ key }} is not null{{ ' and' if not loop.last }}
        {%- endfor %}
        group by {{ keys | join(', ') }}
        having count(*) > 1
    ) as repeated
        on {{ on | join(' and ') }}
) as compared
{% endmacro %}
