{# One row per cut, plan, kind of term and renewal that enough runs have met. #}

{# Of fewer, one renewal moves the share too much. #}
{% set least_due = 30 %}
{% set so_far %}
partition by cut_name, plan_id, term_name order by renewal_number
            rows between unbounded preceding and current row
{%- endset %}

with

tenures as (

    select * from {{ ref('int_renewals_aggregated_to_tenures') }}

),

steps as (

    select
        *,
        {{ divide('lost', 'due') }} as churn_rate,
        min(due) over (
            {{ so_far }}
        ) as least_due_so_far

    from tenures

),

-- A renewal at which all were lost has no logarithm: 0 from there on.
accumulated as (

    select
        *,
        min(1 - churn_rate) over (
            {{ so_far }}
        ) as least_kept_so_far,
        sum(case when churn_rate < 1 then ln(1 - churn_rate) end) over (
            {{ so_far }}
        ) as log_rate

    from steps

    where least_due_so_far >= {{ least_due }}

),

final as (

    select
        ---------- keys
        cut_name,
        plan_id,
        term_name,
        renewal_number,

        ---------- measures
        due,
        case when least_kept_so_far > 0 then exp(log_rate) else 0 end
            as survival_rate

    from accumulated

)

select * from final
