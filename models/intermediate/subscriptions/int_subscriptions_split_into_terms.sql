{# One row per billing term of a subscription that has begun. #}

with

spells as (

    select * from {{ ref('int_paying_spells_found') }}

    where anchor_date <= {{ as_of_date() }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

numbers as (

    select * from {{ ref('util_numbers') }}

),

bounded_spells as (

    select
        spells.*,
        billing_intervals.term_days,
        billing_intervals.term_months,
        case
            when spells.spell_end_date <= {{ as_of_date() }}
                then cast(
                        {{ dbt.dateadd('day', -1, 'spells.spell_end_date') }}
                        as date
                    )
            else {{ as_of_date() }}
        end as last_day

    from spells

    inner join billing_intervals
        on spells.billing_interval = billing_intervals.billing_interval
),

boundaries as (

    select
        bounded_spells.*,
        {{ term_boundary('anchor_date', 'numbers.number') }}
            as term_start_date,
        {{ term_boundary('anchor_date', 'numbers.number + 1') }}
            as boundary_date

    from bounded_spells

    inner join numbers
        on
            numbers.number
            <= {{ term_count_bound('anchor_date', 'last_day') }}

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
            when spell_end_date < boundary_date then spell_end_date
            else boundary_date
        end as term_end_date,

        ---------- derived
        coalesce(spell_end_date < boundary_date, false) as is_cut_short,
        row_number() over (
            partition by source_name, subscription_id
            order by term_start_date
        ) as term_number

    from boundaries

    where term_start_date <= last_day

)

select * from final
