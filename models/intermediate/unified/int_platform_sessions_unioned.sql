{# One row per platform and day with its sessions. #}

with

checked as (

    select * from {{ ref('int_platform_sessions_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        session_date,
        platform,

        ---------- measures
        sessions,

        ---------- dates
        loaded_at

    from checked

    where
        reasons is null
        and session_date <= {{ as_of_date() }}

)

select * from final
