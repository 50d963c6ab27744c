{# One row per day from 1950 to 2149, along which metrics can be asked. #}

{{ config(materialized='view') }}

with

numbers as (

    select number from {{ ref('util_numbers') }}
    where number < 73049

),

final as (

    select
        cast({{ dbt.dateadd(
            'day', 'number', "cast('1950-01-01' as date)"
        ) }} as date) as calendar_date

    from numbers

)

select * from final
