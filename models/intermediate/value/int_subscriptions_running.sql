{# One row per cut and subscription that pays on its day. #}

{# An end is the first day without service: what falls on it is not renewed. #}
{% set last_day = 'cast(' ~ dbt.dateadd('day', -1, 'subscriptions.ended_date')
    ~ ' as date)' %}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where skip_reason is null

),

-- That a term would be broken off was not known before.
terms as (

    select
        *,
        case
            when renewal_status not in ('lost', 'replaced') then term_end_date
            when term_months > 0
                then greatest(term_end_date, cast({{ dbt.dateadd(
                    'month', 'term_months', 'term_start_date'
                ) }} as date))
            else greatest(term_end_date, cast({{ dbt.dateadd(
                'day', 'cast(term_length_days as integer)', 'term_start_date'
            ) }} as date))
        end as foreseen_end_date

    from {{ ref('int_terms_numbered') }}

),

versions as (

    select * from {{ ref('int_subscriptions_split_into_versions') }}

    where mrr > 0

),

subscriptions as (

    select * from {{ ref('int_subscriptions_unioned') }}

),

-- An end that is planned today was not known on the day of the backtest. How
-- many renewals it leaves is told by the calendar.
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
        {{ dbt.datediff(
            'cuts.cut_date',
            "case when cuts.cut_name = 'as_of' then terms.term_end_date"
            ~ ' else terms.foreseen_end_date end',
            'day'
        ) }} as days_to_due,
        case
            when cuts.cut_name <> 'as_of' then null
            when subscriptions.ended_date is null then null
            when subscriptions.ended_date <= terms.term_end_date then 0
            when terms.term_months > 0
                then
                    1 + floor(cast({{ whole_months_between(
                        'terms.term_end_date', last_day
                    ) }} as {{ type_double() }}) / terms.term_months)
            else
                1 + floor({{ dbt.datediff(
                    'terms.term_end_date', last_day, 'day'
                ) }} / terms.term_length_days)
        end as renewals_before_end

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
