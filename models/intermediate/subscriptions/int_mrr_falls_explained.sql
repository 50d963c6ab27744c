{# One row per subscription and day on which its own MRR fell to 0. #}

with

versions as (

    select
        *,
        lead(mrr) over (
            partition by source_name, subscription_id order by valid_from
        ) as next_mrr,
        lead(subscription_status) over (
            partition by source_name, subscription_id order by valid_from
        ) as next_status,
        max(case when mrr > 0 then valid_from end) over (
            partition by source_name, subscription_id
        ) as last_paid_from

    from {{ ref('int_subscriptions_split_into_versions') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

-- A cancellation explains the last fall of a subscription only: before that
-- it was paused or unpaid, and came back.
falls as (

    select
        versions.source_name,
        versions.subscription_id,
        versions.customer_key,
        versions.valid_to as fell_date,
        versions.mrr as mrr_before,
        versions.next_status,
        case
            when versions.last_paid_from = versions.valid_from
                then subscriptions.cancel_reason
        end as cancel_reason,
        case
            when versions.last_paid_from = versions.valid_from
                then subscriptions.is_involuntary
        end as is_involuntary

    from versions

    inner join subscriptions
        on
            versions.source_name = subscriptions.source_name
            and versions.subscription_id = subscriptions.subscription_id

    where
        versions.mrr > 0
        and coalesce(versions.next_mrr, 0) = 0
        and versions.valid_to <= {{ as_of_date() }}

),

final as (

    select
        ---------- keys
        source_name,
        subscription_id,
        customer_key,

        ---------- measures
        mrr_before,

        ---------- dates
        fell_date,

        ---------- attributes
        coalesce(cancel_reason, 'unknown') as churn_reason,
        case
            when is_involuntary then 'involuntary'
            when not is_involuntary then 'voluntary'
            when next_status = 'unpaid' then 'involuntary'
            when cancel_reason = 'payment_failed' then 'involuntary'
            else 'voluntary'
        end as churn_type

    from falls

)

select * from final
