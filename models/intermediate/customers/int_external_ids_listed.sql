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

    select * from {{ ref('util_numbers') }}

),

split as (

    select
        described.source_customer_key,
        {{ trimmed(
            "split_part(described.external_customer_ids, ';', "
            ~ "cast(numbers.number + 1 as integer))"
        ) }} as external_id

    from described

    {{ join_numbers('described.id_count - 1') }}

),

final as (

    select distinct
        source_customer_key,
        external_id

    from split

    where external_id <> ''

)

select * from final
