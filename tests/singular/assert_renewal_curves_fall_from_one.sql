{# A curve of renewals begins at 1, stays above or at 0 and never rises. #}

with

curves as (

    select
        *,
        lag(survival_rate) over (
            partition by cut_name, plan_id, term_name order by renewal_number
        ) as previous_rate,
        lag(predictive_survival_rate) over (
            partition by cut_name, plan_id, term_name order by renewal_number
        ) as previous_predictive_rate,
        lag(renewal_number) over (
            partition by cut_name, plan_id, term_name order by renewal_number
        ) as previous_number

    from {{ ref('int_renewal_curves') }}

)

select *

from curves

where
    survival_rate < 0
    or predictive_survival_rate < 0
    or renewal_number = 0 and (
        survival_rate <> 1 or predictive_survival_rate <> 1
    )
    or renewal_number > 0 and (
        previous_number is null
        or previous_number <> renewal_number - 1
        or survival_rate > previous_rate + 1e-12
        or predictive_survival_rate > previous_predictive_rate + 1e-12
    )
