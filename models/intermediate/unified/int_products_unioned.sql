{# One row per product of a source. #}

with

checked as (

    select * from {{ ref('int_products_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        product_id,

        ---------- attributes
        product_name,
        category,

        ---------- measures
        list_price,
        unit_cost,

        ---------- dates
        loaded_at

    from checked

    where reasons is null

)

select * from final
