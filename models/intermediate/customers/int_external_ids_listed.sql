{# One row per customer id and id of another system that its row lists. #}

with

described as (

    select
        external_customer_ids,
        source_name || ':' || customer_id as source_customer_key,
        1
        + length(external_customer_ids)
        - length(replace(external_customer_ids, ';', '')) as id_count

    from {{ ref('int_customers_unioned') }}

    where external_customer_ids is not null

),

numbers as (

    select cast(number + 1 as integer) as list_number

    from {{ ref('util_numbers') }}

),

split as (

    select
        described.source_customer_key,
        trim(split_part(
            described.external_customer_ids, ';', numbers.list_number
        )) as external_id

    from described

    inner join numbers
        on described.id_count >= numbers.list_number

),

final as (

    select distinct
        source_customer_key,
        external_id

    from split

    where external_id <> ''

)

select * from final
