{# One row per term that has begun, with the MRR before and after its end. #}

{{ config(**by_touched_customers()) }}

with

terms as (

    select
        *,
        case
            when term_end_date <= {{ as_of_date() }}
                then cast(
                        {{ dbt.dateadd('day', -1, 'term_end_date') }} as date
                    )
            else {{ as_of_date() }}
        end as last_known_day

    from {{ touched_rows(ref('int_subscriptions_split_into_terms')) }}

),

versions as (

    select * from {{ touched_rows(
        ref('int_subscriptions_split_into_versions')
    ) }}

    where mrr > 0

),

-- What it paid on the term's last day, and on the day after.
final as (

    select
        ---------- keys
        terms.source_name,
        terms.subscription_id,
        terms.customer_key,
        terms.term_number,

        ---------- attributes
        terms.billing_interval,
        terms.billing_interval_count,
        terms.is_cut_short,

        ---------- dates
        terms.term_start_date,
        terms.term_end_date,

        ---------- measures
        due_versions.mrr as mrr_due,
        coalesce(next_versions.mrr, 0) as next_mrr

    from terms

    inner join versions as due_versions
        on
            terms.source_name = due_versions.source_name
            and terms.subscription_id = due_versions.subscription_id
            and terms.last_known_day >= due_versions.valid_from
            and (
                terms.last_known_day < due_versions.valid_to
                or due_versions.valid_to is null
            )

    left join versions as next_versions
        on
            terms.source_name = next_versions.source_name
            and terms.subscription_id = next_versions.subscription_id
            and terms.term_end_date >= next_versions.valid_from
            and (
                terms.term_end_date < next_versions.valid_to
                or next_versions.valid_to is null
            )

)

select * from final
