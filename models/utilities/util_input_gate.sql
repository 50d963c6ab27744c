{# One row per input table: what it brought, what was read, what is bad. #}

{# Nothing downstream runs when the hook finds too little or too much bad. #}
{{ config(post_hook="{{ stop_on_bad_inputs() }}") }}

with

{% for table in input_contract() %}
{{ table }} as (

    select
        '{{ table }}' as table_name,
        cast(
            {{ count_input_rows(locate_inputs().tables[table])
                if execute else 0 }}
            as {{ dbt.type_bigint() }}
        ) as brought_rows,
        (
            select
                cast(
                    coalesce(sum(staged.line_count), 0)
                    as {{ dbt.type_bigint() }}
                )
            from {{ ref('stg_files__' ~ table) }} as staged
        ) as read_rows,
        count(*) as raw_rows,
        count(case when reasons <> 'superseded_row' then 1 end)
            as rejected_rows

    from {{ ref('int_' ~ table ~ '_checked') }}

),

{% endfor %}

final as (

    {% for table in input_contract() %}
    select * from {{ table }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
