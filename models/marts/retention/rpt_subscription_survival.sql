{# One row per plan, billing interval and month of tenure. #}

{# Of the normal law, for 95 % between both sides. #}
{% set quantile = '1.959963984540054' %}

with

tenures as (

    select * from {{ ref('int_paying_spells_aggregated_to_tenures') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

curves as (

    select * from {{ ref('int_renewal_curves') }}

    where cut_name = 'as_of' and fit_status = 'sbg'

),

-- Where all ended who were left, no later month follows: survival is 0 there,
-- and has neither logarithm nor variance.
steps as (

    select
        *,
        ended = at_risk as is_last_end,
        case
            when ended < at_risk
                then ln(1 - {{ divide('ended', 'at_risk') }})
        end as log_step,
        case
            when ended < at_risk
                then {{ divide('ended', 'at_risk') }}
                    / (at_risk - ended)
        end as variance_step

    from tenures

),

accumulated as (

    select
        *,
        sum(log_step) over (
            partition by plan_id, billing_interval order by tenure_months
            rows between unbounded preceding and current row
        ) as log_survival,
        sum(variance_step) over (
            partition by plan_id, billing_interval order by tenure_months
            rows between unbounded preceding and current row
        ) as variance

    from steps

),

-- Greenwood's variance on the log(-log) scale keeps the band within 0 and 1.
widths as (

    select
        *,
        case
            when not is_last_end and log_survival < 0
                then exp({{ quantile }} * sqrt(variance) / -log_survival)
        end as width

    from accumulated

),

final as (

    select
        ---------- keys
        widths.plan_id,
        widths.billing_interval,
        cast(widths.tenure_months as integer) as tenure_months,

        ---------- measures
        cast(widths.at_risk as integer) as at_risk,
        cast(widths.ended as integer) as ended,
        curves.model_rate as fitted_survival_rate,
        case when widths.is_last_end then 0 else exp(widths.log_survival) end
            as survival_rate,
        case
            when widths.is_last_end then 0
            when widths.width is null then 1
            else exp(widths.log_survival * widths.width)
        end as survival_rate_low,
        case
            when widths.is_last_end then 0
            when widths.width is null then 1
            else exp(widths.log_survival / widths.width)
        end as survival_rate_high

    from widths

    inner join billing_intervals
        on widths.billing_interval = billing_intervals.billing_interval

    left join curves
        on
            widths.plan_id = curves.plan_id
            and widths.billing_interval = curves.term_name
            and {{ renewals_before('widths.tenure_months + 1') }}
            = curves.renewal_number

)

select * from final
