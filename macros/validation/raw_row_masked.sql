{#
    A raw row as one text, "order_id=7, gross_amount=12,50", for people to find
    it again; empty columns are left out, personal ones show *** only, and what
    is personal in another one is masked. A line that could not be split shows
    why, and nothing of its text.

    Arguments
        relation  staging relation or its alias
        table     a table of the input contract
#}
{% macro raw_row_masked(relation, table) -%}
    {%- set contract = input_contract()[table] -%}
    {%- set parts = [] -%}
    {%- for column, kind in contract.columns.items() -%}
        {%- set raw = relation ~ '.' ~ column -%}
        {%- set shown = "'***'" if column in contract.get('personal', [])
            else shown_value(raw, kind) -%}
        {%- do parts.append(
            'case when ' ~ clean_text(raw) ~ " is null then '' else ', "
            ~ column ~ "=' || " ~ shown ~ ' end'
        ) -%}
    {%- endfor -%}
    coalesce(
        {{ relation }}.unreadable_because,
        substring({{ parts | join('\n        || ') }}, 3)
    )
{%- endmacro %}


{# The key of a raw row as written, addresses masked, several columns joined by
   |; empty for a table without a key. #}
{% macro row_identifier(relation, table) -%}
    {%- set parts = [] -%}
    {%- set contract = input_contract()[table] -%}
    {%- for column in contract.key -%}
        {%- set shown = shown_value(
            relation ~ '.' ~ column, contract.columns[column]
        ) -%}
        {%- do parts.append('coalesce(' ~ shown ~ ", '')") -%}
    {%- endfor -%}
    {{ parts | join(" || '|' || ") or "''" }}
{%- endmacro %}
