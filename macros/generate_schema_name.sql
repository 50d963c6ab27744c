{#
    Schemas are named as they are configured: the public tables are
    marts.<name> in every file and database, whatever the target's own schema
    is called. dbt would prefix that.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
