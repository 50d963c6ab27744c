{# One row per customer, slice value and month, with what moved its MRR. #}

{{ config(**by_touched_customers()) }}

with

slices as (

    select * from {{ touched_rows(ref('int_mrr_slices_netted')) }}

),

customer_months as (

    select
        customer_key,
        revenue_month,
        movement_type

    from {{ touched_rows(ref('fct_customer_mrr')) }}

),

-- The slices of one name together are the customer.
with_customer as (

    select
        *,
        sum(mrr_change) over (
            partition by customer_key, slice_name, changed_month
        ) as customer_change,
        sum(case when mrr_change > 0 then mrr_change else 0 end) over (
            partition by customer_key, slice_name, changed_month
        ) as gained_mrr,
        sum(case when mrr_change < 0 then mrr_change else 0 end) over (
            partition by customer_key, slice_name, changed_month
        ) as lost_mrr

    from slices

),

-- Where all slices went one way, nothing went between them. Else those that
-- went the customer's way share its movement by what each gained or lost.
shared as (

    select
        *,
        case
            when customer_change in (gained_mrr, lost_mrr)
                then mrr_change
            when customer_change > 0 and mrr_change > 0
                then {{ money(
                    'mrr_change * ' ~ divide('customer_change', 'gained_mrr')
                ) }}
            when customer_change < 0 and mrr_change < 0
                then {{ money(
                    'mrr_change * ' ~ divide('customer_change', 'lost_mrr')
                ) }}
            else cast(0 as decimal(18, 6))
        end as moved_mrr

    from with_customer

),

final as (

    select
        ---------- keys
        shared.customer_key,
        shared.slice_name,
        shared.slice_value,
        shared.changed_month,

        ---------- attributes
        customer_months.movement_type,

        ---------- measures
        cast(shared.ending_mrr - shared.mrr_change as decimal(18, 6))
            as starting_mrr,
        shared.moved_mrr,
        cast(shared.mrr_change - shared.moved_mrr as decimal(18, 6))
            as transfer_mrr,
        shared.ending_mrr

    from shared

    -- A month before the century of util_months has no customer months, but
    -- what it brought is still there.
    left join customer_months
        on
            shared.customer_key = customer_months.customer_key
            and shared.changed_month = customer_months.revenue_month

)

select * from final
