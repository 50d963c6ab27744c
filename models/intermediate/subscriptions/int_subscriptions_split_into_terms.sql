{# One row per billing term of a subscription that has begun. #}

with

stretches as (

    select
        *,
        coalesce(stretch_end_date, spell_end_date) as stop_date

    from {{ ref('int_paying_spells_split_by_invoices') }}

    where anchor_date <= {{ as_of_date() }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

numbers as (

    select * from {{ ref('util_numbers') }}

),

-- The last day on which a term may begin; an invoiced stretch is one term.
bounded_stretches as (

    select
        stretches.*,
        billing_intervals.term_days,
        billing_intervals.term_months,
        case
            when stretches.billed_to_date is not null
                then stretches.anchor_date
            when stretches.stop_date <= {{ as_of_date() }}
                then cast(
                        {{ dbt.dateadd('day', -1, 'stretches.stop_date') }}
                        as date
                    )
            else {{ as_of_date() }}
        end as last_day

    from stretches

    inner join billing_intervals
        on stretches.billing_interval = billing_intervals.billing_interval
),

boundaries as (

    select
        bounded_stretches.*,
        {{ term_boundary('anchor_date', 'numbers.number') }}
            as term_start_date,
        coalesce(
            bounded_stretches.billed_to_date,
            {{ term_boundary('anchor_date', 'numbers.number + 1') }}
        ) as boundary_date

    from bounded_stretches

    {{ join_numbers(term_count_bound('anchor_date', 'last_day')) }}

),

final as (

    select
        ---------- keys
        source_name,
        subscription_id,
        customer_key,

        ---------- attributes
        billing_interval,
        billing_interval_count,

        ---------- dates
        term_start_date,
        case
            when stop_date < boundary_date then stop_date
            else boundary_date
        end as term_end_date,

        ---------- derived
        coalesce(
            stretch_end_date is null and spell_end_date < boundary_date, false
        ) as is_cut_short,
        row_number() over (
            partition by source_name, subscription_id
            order by term_start_date
        ) as term_number

    from boundaries

    where term_start_date <= last_day

)

select * from final
