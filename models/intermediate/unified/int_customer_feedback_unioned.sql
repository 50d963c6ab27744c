{# One row per score that a customer gave. #}

with

checked as (

    select * from {{ ref('int_customer_feedback_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        feedback_id,
        customer_id,

        ---------- measures
        score,

        ---------- dates
        submitted_at,
        submitted_date,
        loaded_at

    from checked

    where
        reasons is null
        and submitted_date <= {{ as_of_date() }}

)

select * from final
