{# One row per raw row that can not be used. #}

with

{% for table in input_contract() %}
{{ table }}_rejected as (

    select
        checked.source_name,
        '{{ table }}' as table_name,
        checked.file_name,
        checked.line_number,
        {{ row_identifier('raw', table) }} as row_identifier,
        checked.reasons,
        {{ raw_row_masked('raw', table) }} as raw_row,
        checked.currency_as_written,
        checked.amount_as_written

    from {{ ref('int_' ~ table ~ '_checked') }} as checked

    inner join {{ ref('stg_files__' ~ table) }} as raw
        on
            checked.file_name = raw.file_name
            and checked.line_number = raw.line_number

    where checked.reasons is not null

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
