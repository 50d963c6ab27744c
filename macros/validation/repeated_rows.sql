{#
    The raw rows whose key another row has too, with what that makes of them:
    duplicate_row for the second and later of identical rows (the first one
    stays), conflicting_id for all rows of one key when they differ. Where
    loaded_at tells which of them arrived last, that one stays and the others
    are superseded_row.

    Rows of an earlier export are not looked at.

    Looks for repeated keys first and compares contents of those rows only:
    nearly all keys are unique.

    Arguments
        table     a table of the input contract
        relation  staging relation or CTE with its columns as text

    Returns SQL with file_name, line_number, repeat_reason ('' for a row that
    stays). A table without a key has no repeated rows.
#}
{% macro repeated_rows(table, relation) %}
    {% set contract = input_contract()[table] %}
    {% if not contract.key %}
        {% do return(
            "select file_name, line_number, '' as repeat_reason from "
            ~ relation ~ ' where 1 = 0'
        ) %}
    {% endif %}
    {% if table == 'orders' and policy('order_grain') == 'line' %}
        {% do return(_differing_lines(contract, relation)) %}
    {% endif %}
    {% set loaded_at = timestamp_value(relation ~ '.loaded_at') %}
    {% set and_is_of_last_export = _and_is_of_last_export(relation) %}
    {% set source_name = "coalesce(" ~ relation ~ ".source_name, '')" %}
    {% set keys = [source_name] %}
    {% set on = [source_name ~ ' = repeated.key_0'] %}
    {% set key_names = ['key_0'] %}
    {% set contents = [] %}
    {% for column in contract.key %}
        {% set key = typed_value(
            relation ~ '.' ~ column, contract.columns[column]
        ) %}
        {% do keys.append(key) %}
        {% do on.append(key ~ ' = repeated.key_' ~ loop.index) %}
        {% do key_names.append('key_' ~ loop.index) %}
    {% endfor %}
    {% for column in contract.columns if column != 'loaded_at' %}
        {% do contents.append(
            "coalesce(" ~ clean_text(relation ~ '.' ~ column) ~ ", '')"
        ) %}
    {% endfor %}
    {% set content = contents | join(" || chr(31) || ") %}
    {% set partition = 'partition by ' ~ key_names | join(', ') %}
select
    file_name,
    line_number,
    case when row_rank > 1 then 'duplicate_row; ' else '' end
    || case
        when first_content = last_content then ''
        when first_latest_content is null then 'conflicting_id; '
        when loaded_at < last_loaded_at then 'superseded_row; '
        when first_latest_content = last_latest_content then ''
        else 'conflicting_id; '
    end as repeat_reason
from (
    select
        *,
        min(content) over ({{ partition }}) as first_content,
        max(content) over ({{ partition }}) as last_content,
        min(latest_content) over ({{ partition }}) as first_latest_content,
        max(latest_content) over ({{ partition }}) as last_latest_content
    from (
        select
            *,
            row_number() over (
                {{ partition }}, content
                order by
                    case when last_loaded_at is not null then loaded_at end
                    desc nulls last,
                    file_name,
                    line_number
            ) as row_rank,
            case when loaded_at = last_loaded_at then content end
                as latest_content
        from (
            select
                {{ relation }}.file_name,
                {{ relation }}.line_number,
                {{ key_names | join(', ') }},
                {{ loaded_at }} as loaded_at,
                {{ content }} as content,
                -- Unknown as soon as one of the rows has no time of arrival.
                case
                    when
                        count(*) over ({{ partition }})
                        = count({{ loaded_at }}) over ({{ partition }})
                        then max({{ loaded_at }}) over ({{ partition }})
                end as last_loaded_at
            from {{ relation }}
            inner join (
                select
                {%- for key in keys %}
                    {{ key }} as key_{{ loop.index0 }}{{ ',' if not loop.last }}
                {%- endfor %}
                from {{ relation }}
                where
                {%- for key in keys %}
                    {{ key }} is not null{{ ' and' if not loop.last }}
                {%- endfor %}
                {{- and_is_of_last_export }}
                group by {{ keys | join(', ') }}
                having count(*) > 1
            ) as repeated
                on {{ on | join(' and ') }}{{ and_is_of_last_export }}
        ) as repeats
    ) as dated
) as compared
{% endmacro %}


{% macro _and_is_of_last_export(relation) %}
    {% if not policy('full_snapshot') %}
        {% do return('') %}
    {% endif %}
    {% do return(
        ' and not coalesce(' ~ is_of_earlier_export(relation) ~ ', false)'
    ) %}
{% endmacro %}


{# The lines of orders whose lines contradict each other in more than amounts;
   those that were deleted say nothing.
   Equal lines are no duplicates: the same thing can be bought twice. Lines
   that arrived at different times are an order exported twice, and their sum
   would be no order at all. #}
{% macro _differing_lines(contract, relation) %}
    {% set order_id = clean_text(relation ~ '.order_id') %}
    {% set is_kept = typed_value(relation ~ '.deleted_at', 'timestamp')
        ~ ' is null' ~ _and_is_of_last_export(relation) %}
    {% set contents = [] %}
    {% for column, kind in contract.columns.items()
        if kind != 'amount' and column != 'order_id' %}
        {% do contents.append(
            "coalesce(" ~ clean_text(relation ~ '.' ~ column) ~ ", '')"
        ) %}
    {% endfor %}
    {% set content = contents | join(" || chr(31) || ") %}
select
    {{ relation }}.file_name,
    {{ relation }}.line_number,
    'conflicting_id; ' as repeat_reason
from {{ relation }}
inner join (
    select {{ order_id }} as order_id
    from {{ relation }}
    where {{ order_id }} is not null and {{ is_kept }}
    group by {{ order_id }}
    having min({{ content }}) <> max({{ content }})
) as differing
    on {{ order_id }} = differing.order_id
where {{ is_kept }}
{% endmacro %}
