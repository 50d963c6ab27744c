{#
    Closes what is over and adds what is new to a snapshot on Spark. A state
    that is overwritten on the day on which it was seen closes and begins on
    one day, so both rows have one dbt_scd_id: dbt's own joins the old one with
    both, which Spark refuses, and would add nothing.

    Arguments
        target       the table of the snapshot
        source       what is to be closed and added, as a view
        insert_cols  not used: a row is added with all its columns
#}
{% macro spark__snapshot_merge_sql(target, source, insert_cols) -%}
    merge into {{ target }} as recorded
    using {{ source.identifier if target.is_iceberg else source }} as seen
    on
        recorded.dbt_scd_id = seen.dbt_scd_id
        and seen.dbt_change_type in ('update', 'delete')
    when matched and recorded.dbt_valid_to is null
        then update set dbt_valid_to = seen.dbt_valid_to
    when not matched and seen.dbt_change_type = 'insert'
        then insert *
{%- endmacro %}
