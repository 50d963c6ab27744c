{# One row per billing term of a subscription that has begun. #}

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

    from {{ ref('int_subscriptions_split_into_terms') }}

),

versions as (

    select * from {{ ref('int_subscriptions_split_into_versions') }}

    where mrr > 0

),

-- What it paid on the term's last day, and on the day after.
with_mrr as (

    select
        terms.*,
        terms.term_end_date > {{ as_of_date() }} as is_open,
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

),

-- A term that is cut short while MRR goes on was ended by a change of the
-- billing interval: its successor took its place, it never came due.
judged as (

    select
        *,
        case
            when is_open then 'open'
            when next_mrr > 0 and is_cut_short then 'replaced'
            when next_mrr > 0 then 'renewed'
            else 'lost'
        end as renewal_status

    from with_mrr

),

final as (

    select
        ---------- keys
        subscription_id,
        cast(term_number as integer) as term_number,
        customer_key,

        ---------- attributes
        billing_interval,
        billing_interval_count,
        renewal_status,

        ---------- measures
        mrr_due,
        cast(
            case
                when renewal_status in ('renewed', 'lost')
                    then least(next_mrr, mrr_due)
            end as decimal(18, 6)
        ) as mrr_renewed,

        ---------- dates
        term_start_date,
        term_end_date

    from judged

)

select * from final
