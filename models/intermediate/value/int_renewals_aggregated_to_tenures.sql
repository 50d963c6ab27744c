{# One row per cut, plan, kind of term and number of a renewal. #}

with

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where skip_reason is null

),

terms as (

    select * from {{ ref('int_terms_numbered') }}

),

-- A term that another interval replaced, or that runs, never came due: it is
-- seen until then, and no longer.
counted as (

    select
        cuts.cut_name,
        terms.plan_id,
        terms.term_name,
        terms.term_length_days,
        terms.renewal_number,
        count(case
            when
                terms.term_end_date <= cuts.cut_date
                and terms.renewal_status in ('renewed', 'late', 'lost')
                then 1
        end) as due,
        count(case
            when
                terms.term_end_date <= cuts.cut_date
                and terms.renewal_status = 'lost'
                then 1
        end) as lost,
        count(case when terms.renewal_number = 1 then 1 end) as starts

    from terms

    inner join cuts
        on terms.term_start_date <= cuts.cut_date

    group by
        cuts.cut_name,
        terms.plan_id,
        terms.term_name,
        terms.term_length_days,
        terms.renewal_number

),

grouped as (

    select * from counted

    union all

    select
        cut_name,
        'all' as plan_id,
        term_name,
        term_length_days,
        renewal_number,
        due,
        lost,
        starts

    from counted

),

summed as (

    select
        cut_name,
        plan_id,
        term_name,
        term_length_days,
        renewal_number,
        sum(due) as due,
        sum(lost) as lost,
        sum(sum(starts)) over (
            partition by cut_name, plan_id, term_name
        ) as starts

    from grouped

    group by
        cut_name, plan_id, term_name, term_length_days, renewal_number

),

final as (

    select
        ---------- keys
        cut_name,
        plan_id,
        term_name,
        cast(renewal_number as integer) as renewal_number,

        ---------- measures
        cast(due as integer) as due,
        cast(lost as integer) as lost,
        cast(starts as integer) as starts,
        term_length_days

    from summed

    where due > 0 or renewal_number = 1

)

select * from final
