{#
    A raw row as one text, "order_id=7, gross_amount=12,50", for people to find
    it again; empty columns are left out, personal ones show *** only. A line
    that could not be split shows why, and nothing of its text.

    Arguments
        relation  staging relation or its alias
        table     a table of the input contract
#}
{% macro raw_row_masked(relation, table) -%}
    {%- set contract = input_contract()[table] -%}
    {%- set parts = [] -%}
    {%- for column in contract.columns -%}
        {%- set value = clean_text(relation ~ '.' ~ column) -%}
        {%- set shown = "'***'" if column in contract.get('personal', [])
            else value -%}
        {%- do parts.append(
            'case when ' ~ value ~ " is null then '' else ', " ~ column
            ~ "=' || " ~ shown ~ ' end'
        ) -%}
    {%- endfor -%}
    coalesce(
        {{ relation }}.unreadable_because,
        substring({{ parts | join('\n        || ') }}, 3)
    )
{%- endmacro %}


{# The key of a raw row as written, several columns joined by |; empty for a
   table without a key. #}
{% macro row_identifier(relation, table) -%}
    {%- set parts = [] -%}
    {%- for column in input_contract()[table].key -%}
        {%- do parts.append(
            "coalesce(" ~ clean_text(relation ~ '.' ~ column) ~ ", '')"
        ) -%}
    {%- endfor -%}
    {{ parts | join(" || '|' || ") or "''" }}
{%- endmacro %}
