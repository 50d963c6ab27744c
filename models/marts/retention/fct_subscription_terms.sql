{# One row per billing term of a subscription that has begun. #}

{{ config(**by_touched_customers()) }}

with

terms as (

    select
        *,
        cast({{ dbt.dateadd(
            'day', policy('renewal_grace_days'), 'term_end_date'
        ) }} as date) as grace_end_date

    from {{ touched_rows(ref('int_terms_measured')) }}

),

renewals as (

    select * from {{ ref('int_term_renewals_found') }}

),

with_renewals as (

    select
        terms.*,
        renewals.renewed_date,
        coalesce(renewals.renewed_mrr, terms.next_mrr) as renewed_mrr

    from terms

    left join renewals
        on
            terms.source_name = renewals.source_name
            and terms.subscription_id = renewals.subscription_id
            and terms.term_number = renewals.term_number

),

-- A term that is cut short while MRR goes on was ended by a change of the
-- billing interval: its successor took its place, it never came due.
judged as (

    select
        *,
        case
            when term_end_date > {{ as_of_date() }} then 'open'
            when next_mrr > 0 and is_cut_short then 'replaced'
            when next_mrr > 0 then 'renewed'
            when renewed_mrr = 0 and renewed_date is not null then 'lost'
            when renewed_date = term_end_date then 'renewed'
            when renewed_date is not null then 'late'
            when grace_end_date > {{ as_of_date() }} then 'open'
            else 'lost'
        end as renewal_status

    from with_renewals

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
                when renewal_status in ('renewed', 'late', 'lost')
                    then least(renewed_mrr, mrr_due)
            end as decimal(18, 6)
        ) as mrr_renewed,

        ---------- dates
        term_start_date,
        term_end_date

    from judged

)

select * from final
