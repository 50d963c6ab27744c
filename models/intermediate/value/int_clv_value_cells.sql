{# One row per cut, kind of purchase, and distinct number and mean spend. #}

with

customers as (

    select * from {{ ref('int_customers_summarised_for_clv') }}

),

repeat_purchases as (

    select
        cut_name,
        'repeat' as purchase_kind,
        paid_frequency as purchase_count,
        mean_value,
        count(*) as customer_count

    from customers

    where paid_frequency > 0

    group by cut_name, paid_frequency, mean_value

),

-- Only their mean is ever used: where nobody bought again.
first_purchases as (

    select
        cut_name,
        'first' as purchase_kind,
        1 as purchase_count,
        avg(first_value) as mean_value,
        count(*) as customer_count

    from customers

    where first_value is not null

    group by cut_name

),

final as (

    select * from repeat_purchases

    union all

    select * from first_purchases

)

select * from final
