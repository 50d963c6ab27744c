{# One row per input table and currency: raw = accepted + rejected + later. #}

{# Each side is counted where its rows stand, not derived from the others. #}
with

rows_by_outcome as (

    {% for table, contract in input_contract().items() %}
    {% set currency = typed_value('currency', 'currency')
        if 'currency' in contract.columns else "''" %}
    {% set amount = typed_value(contract.amount, 'amount')
        if contract.amount else '0' %}
    select
        source_name,
        '{{ table }}' as table_name,
        'raw' as outcome,
        1 as row_count,
        {{ currency }} as currency,
        {{ amount }} as amount

    from {{ ref('stg_files__' ~ table) }}

    union all

    select
        source_name,
        '{{ table }}' as table_name,
        'accepted' as outcome,
        {{ 'raw_row_count' if table == 'orders' else '1' }} as row_count,
        {{ 'currency' if 'currency' in contract.columns else "''" }}
            as currency,
        {{ 'amount_as_written' if contract.amount else '0' }} as amount

    from {{ ref('int_' ~ table ~ '_unioned') }}

    union all

    {% if contract.dated_by %}
    select
        source_name,
        '{{ table }}' as table_name,
        'after_as_of' as outcome,
        1 as row_count,
        currency_as_written as currency,
        amount_as_written as amount

    from {{ ref('int_' ~ table ~ '_checked') }}

    where
        reasons is null
        and {{ date_name(contract.dated_by) }} > {{ as_of_date() }}

    union all

    {% endif %}
    {% endfor %}
    select
        source_name,
        table_name,
        'rejected' as outcome,
        1 as row_count,
        currency_as_written as currency,
        amount_as_written as amount

    from {{ ref('fct_rejected_rows') }}

),

final as (

    select
        ---------- measures
        {% for outcome in ['raw', 'accepted', 'rejected', 'after_as_of'] %}
        cast(
            sum(case when outcome = '{{ outcome }}' then row_count else 0 end)
            as {{ dbt.type_bigint() }}
        ) as {{ outcome }}_rows,
        cast(coalesce(
            sum(case when outcome = '{{ outcome }}' then amount end), 0
        ) as decimal(18, 6)) as {{ outcome }}_amount,
        {% endfor %}

        ---------- keys
        source_name,
        table_name,
        currency

    from rows_by_outcome

    group by source_name, table_name, currency

)

select * from final
