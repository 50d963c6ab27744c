{# One row per input table and currency: raw = accepted + rejected + later. #}

{# Each side is counted where the rows stand, not derived from the others:
   raw in staging, accepted in unified, rejected in fct_rejected_rows. #}
with

counted as (

    {% for table, contract in input_contract().items() %}
    {%- set currency = "'currency'" if 'currency' in contract.columns %}
    select
        source_name,
        '{{ table }}' as table_name,
        {{ typed_value('currency', 'currency')
            if 'currency' in contract.columns else "''" }} as currency,
        'raw' as outcome,
        count(*) as row_count,
        sum({{ 'coalesce(' ~ typed_value(contract.amount, 'amount') ~ ', 0)'
            if contract.amount else '0' }}) as amount

    from {{ ref('stg_files__' ~ table) }}

    group by 1, 3

    union all

    select
        source_name,
        '{{ table }}' as table_name,
        {{ 'currency' if 'currency' in contract.columns else "''" }}
            as currency,
        'accepted' as outcome,
        count(*) as row_count,
        sum({{ 'amount_as_written' if contract.amount else '0' }}) as amount

    from {{ ref('int_' ~ table ~ '_unioned') }}

    group by 1, 3

    union all

    {% if contract.dated_by -%}
    select
        source_name,
        '{{ table }}' as table_name,
        currency_as_written as currency,
        'after_as_of' as outcome,
        count(*) as row_count,
        sum(amount_as_written) as amount

    from {{ ref('int_' ~ table ~ '_checked') }}

    where
        reasons is null
        and {{ date_name(contract.dated_by) }} > {{ as_of_date() }}

    group by 1, 3

    union all

    {% endif %}
    {% endfor -%}
    select
        source_name,
        table_name,
        currency_as_written as currency,
        'rejected' as outcome,
        count(*) as row_count,
        sum(amount_as_written) as amount

    from {{ ref('fct_rejected_rows') }}

    group by 1, 2, 3

),

final as (

    select
        ---------- keys
        source_name,
        table_name,
        currency,

        ---------- measures
        {% for outcome in ['raw', 'accepted', 'rejected', 'after_as_of'] %}
        cast(sum(
            case when outcome = '{{ outcome }}' then row_count else 0 end
        ) as {{ dbt.type_bigint() }}) as {{ outcome }}_rows,
        cast(sum(
            case when outcome = '{{ outcome }}' then amount else 0 end
        ) as decimal(18, 6)) as {{ outcome }}_amount{{ ',' if not loop.last }}
        {% endfor %}

    from counted

    group by source_name, table_name, currency

)

select * from final
