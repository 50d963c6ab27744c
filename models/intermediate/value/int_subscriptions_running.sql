{# One row per cut and subscription that pays on its day. #}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where skip_reason is null

),

terms as (

    select * from {{ ref('int_terms_numbered') }}

),

versions as (

    select * from {{ ref('int_subscriptions_split_into_versions') }}

    where mrr > 0

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

-- An end that is planned today was not known on the day of the backtest.
final as (

    select
        ---------- keys
        cuts.cut_name,
        terms.subscription_id,
        terms.run_number,
        terms.customer_key,
        terms.plan_id,

        ---------- attributes
        terms.term_name,
        coalesce(
            subscriptions.cancel_requested_date <= cuts.cut_date, false
        ) as is_cancelled,

        ---------- measures
        versions.billed_amount as price,
        terms.renewal_number - 1 as renewals_made,
        terms.term_length_days,
        cuts.horizon_days,
        cuts.lifetime_days,
        {{ dbt.datediff('cuts.cut_date', 'terms.term_end_date', 'day') }}
            as days_to_due,
        case
            when cuts.cut_name = 'as_of'
                then {{ dbt.datediff(
                    'cuts.cut_date', 'subscriptions.ended_date', 'day'
                ) }}
        end as days_to_end

    from terms

    inner join cuts
        on
            terms.term_start_date <= cuts.cut_date
            and terms.term_end_date > cuts.cut_date

    inner join versions
        on
            terms.subscription_id = versions.subscription_id
            and terms.customer_key = versions.customer_key
            and cuts.cut_date >= versions.valid_from
            and (
                cuts.cut_date < versions.valid_to
                or versions.valid_to is null
            )

    inner join subscriptions
        on
            versions.source_name = subscriptions.source_name
            and versions.subscription_id = subscriptions.subscription_id

)

select * from final
