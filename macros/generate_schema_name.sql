{#
    Schemas are named as they are configured where a file is the project's own:
    the public tables are marts.<name> in the work file and in the published
    one. In a database that others use too, each has the target's schema before
    it, as dbt does it: perennial_marts; what readers see as marts.<name> is
    put there by perennial publish.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.type == 'duckdb' or not custom_schema_name -%}
        {{ (custom_schema_name or target.schema) | trim }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
