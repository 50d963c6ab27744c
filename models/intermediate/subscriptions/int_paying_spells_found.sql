{# One row per subscription and spell of paying days at one billing interval. #}

with

versions as (

    select * from {{ ref('int_subscriptions_split_into_versions') }}

),

runs as (

    {{ paying_runs('versions') }}

),

final as (

    select
        source_name,
        subscription_id,
        customer_key,
        billing_interval,
        billing_interval_count,
        run_from as anchor_date,
        case when count(*) = count(valid_to) then max(valid_to) end
            as spell_end_date

    from runs

    group by
        source_name,
        subscription_id,
        customer_key,
        billing_interval,
        billing_interval_count,
        run_from

)

select * from final
