{# One row per month and channel with spend or new customers. #}

with

costs as (

    select * from {{ ref('int_acquisitions_costed') }}

),

cohort_margins as (

    select * from {{ ref('int_cohort_margins_accumulated') }}

),

-- The first month after which the cohort has brought back what it cost; the
-- month of acquisition is month 1.
paybacks as (

    select
        costs.spend_month,
        costs.channel,
        min(cohort_margins.months_since_acquired) + 1 as cac_payback_months

    from costs

    inner join cohort_margins
        on
            costs.spend_month = cohort_margins.acquired_month
            and costs.channel = cohort_margins.acquisition_channel
            and costs.spend <= cohort_margins.cumulative_margin

    where costs.spend > 0

    group by costs.spend_month, costs.channel

),

final as (

    select
        ---------- keys
        costs.spend_month,
        costs.channel,

        ---------- measures
        costs.spend,
        costs.new_customers,
        costs.cac,
        costs.average_clv,
        {{ divide('costs.average_clv', 'costs.cac') }} as clv_to_cac_ratio,
        cast(paybacks.cac_payback_months as integer) as cac_payback_months

    from costs

    left join paybacks
        on
            costs.spend_month = paybacks.spend_month
            and costs.channel = paybacks.channel

)

select * from final
