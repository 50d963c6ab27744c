{# One row per subscription and interval in which its MRR was the same. #}

{{ config(**by_touched_customers()) }}

with

versions as (

    select * from {{ touched_rows(
        ref('int_subscriptions_split_into_versions')
    ) }}

    where
        mrr > 0
        and (valid_from < recognised_to or recognised_to is null)

),

bridged_gaps as (

    select * from {{ ref('int_mrr_gaps_bridged') }}

),

-- What ended on the day of a fall to 0 was all the customer had: held until
-- the return, it keeps the MRR from before the fall.
final as (

    select
        ---------- keys
        versions.source_name,
        versions.subscription_id,
        versions.customer_key,
        versions.plan_id,

        ---------- attributes
        versions.billing_interval,

        ---------- measures
        versions.mrr,

        ---------- dates
        versions.valid_from,
        coalesce(bridged_gaps.returned_date, versions.recognised_to) as valid_to

    from versions

    left join bridged_gaps
        on
            versions.customer_key = bridged_gaps.customer_key
            and versions.recognised_to = bridged_gaps.fell_date

)

select * from final
