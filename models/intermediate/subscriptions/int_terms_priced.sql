{# One row per term that has begun, with its full price. #}

with

terms as (

    select * from {{ ref('int_subscriptions_split_into_terms') }}

),

neighbours as (

    select
        *,
        lag(one_off_discount_as_written) over (
            partition by source_name, subscription_id order by valid_from
        ) as previous_discount

    from {{ ref('int_subscriptions_split_into_versions') }}

),

versions as (

    select
        *,
        case
            when one_off_discount_as_written = previous_discount then 0
            else 1
        end as starts_discount

    from neighbours

),

discount_runs as (

    select
        *,
        sum(starts_discount) over (
            partition by source_name, subscription_id order by valid_from
            rows between unbounded preceding and current row
        ) as discount_run

    from versions

),

-- The price is that of the term's first day: a change within a term shows
-- from the next one on.
priced as (

    select
        terms.*,
        discount_runs.billed_amount,
        discount_runs.one_off_discount,
        row_number() over (
            partition by
                terms.source_name,
                terms.subscription_id,
                discount_runs.discount_run
            order by terms.term_start_date
        ) as term_number_of_discount

    from terms

    inner join discount_runs
        on
            terms.source_name = discount_runs.source_name
            and terms.subscription_id = discount_runs.subscription_id
            and terms.term_start_date >= discount_runs.valid_from
            and (
                terms.term_start_date < discount_runs.valid_to
                or discount_runs.valid_to is null
            )

),

-- A discount that does not recur is granted once, on its first term.
final as (

    select
        source_name,
        subscription_id,
        customer_key,
        term_number,
        term_start_date,
        cast(
            case
                when term_number_of_discount = 1
                    then greatest(billed_amount - one_off_discount, 0)
                else billed_amount
            end as decimal(18, 6)
        ) as term_price

    from priced

)

select * from final
