{# One row per input table: what it brought, what was read, what is bad. #}

{# Nothing downstream runs when the hook finds too little or too much bad. #}
{{ config(post_hook="{{ stop_on_bad_inputs() }}") }}

with

{% for table in input_contract() %}
{{ table }}_staged as (

    select
        cast(coalesce(sum(line_count), 0) as {{ dbt.type_bigint() }})
            as read_rows,
        {{ content_hash(table) }} as content_hash

    from {{ ref('stg_files__' ~ table) }}

),

{{ table }}_checked as (

    select
        count(*) as raw_rows,
        count(case when {{ is_bad('reasons') }} then 1 end)
            as rejected_rows

    from {{ ref('int_' ~ table ~ '_checked') }}

),

{{ table }} as (

    {% set input = locate_inputs().tables[table] if execute else {} %}
    select
        '{{ table }}' as table_name,
        cast(
            {{ count_input_rows(input) if execute else 0 }}
            as {{ dbt.type_bigint() }}
        ) as brought_rows,
        ({{ input_bytes(input) }}) as brought_bytes,
        {{ table }}_staged.read_rows,
        {{ table }}_staged.content_hash,
        {{ table }}_checked.raw_rows,
        {{ table }}_checked.rejected_rows

    from {{ table }}_staged

    cross join {{ table }}_checked

),

{% endfor %}

final as (

    {% for table in input_contract() %}
    select * from {{ table }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
