{# One row per raw row that can not be used. #}

with

{% for table in input_contract() %}
{{ table }}_rejected as (

    select
        judged.source_name,
        '{{ table }}' as table_name,
        judged.file_name,
        judged.line_number,
        judged.reasons,
        judged.currency_as_written,
        judged.amount_as_written,
        {{ row_identifier('staged', table) }} as row_identifier,
        {{ raw_row_masked('staged', table) }} as raw_row

    from {{ ref('int_' ~ table ~ '_checked') }} as judged

    inner join {{ ref('stg_files__' ~ table) }} as staged
        on
            judged.file_name = staged.file_name
            and judged.line_number = staged.line_number

    where judged.reasons is not null

),

{% endfor %}

unioned as (

    {% for table in input_contract() %}
    select * from {{ table }}_rejected
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        ---------- keys
        source_name,
        table_name,
        file_name,
        line_number,

        ---------- attributes
        row_identifier,
        reasons,
        raw_row,
        currency_as_written,

        ---------- measures
        amount_as_written

    from unioned

)

select * from final
