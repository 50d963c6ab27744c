{# One row per customer, plan and month in which the plan had or moved MRR. #}

{{ config(materialized='view') }}

{% set in_net_churn = ['expansion', 'contraction', 'churn'] %}
{% if policy('net_churn_includes_reactivation') %}
{% do in_net_churn.append('reactivation') %}
{% endif %}
{% set counts_arrivals = policy('churn_rate_basis') == 'start_plus_new' %}

with

movements as (

    select
        *,
        lead(changed_month) over (
            partition by customer_key, slice_value order by changed_month
        ) as next_changed_month

    from {{ ref('int_mrr_slices_split_into_movements') }}

    where slice_name = 'plan'

),

customer_months as (

    select
        *,
        starting_mrr = 0 and has_mrr_in_month as has_arrived

    from {{ ref('fct_customer_mrr') }}

),

-- Spelled out only when asked: it is a view (ADR 0001).
spread as (

    select
        movements.customer_key,
        movements.slice_value as plan_id,
        customer_months.revenue_month,
        customer_months.movement_type,
        customer_months.revenue_month = movements.changed_month as is_changed,
        customer_months.has_arrived
        and customer_months.revenue_month = movements.changed_month
            as has_arrived,
        customer_months.has_arrived
        and customer_months.revenue_month = movements.changed_month
        and customer_months.ending_mrr = 0 as has_come_and_gone,
        case
            when customer_months.revenue_month = movements.changed_month
                then movements.starting_mrr
            else movements.ending_mrr
        end as starting_mrr,
        case
            when customer_months.revenue_month = movements.changed_month
                then movements.moved_mrr
            else 0
        end as moved_mrr,
        case
            when customer_months.revenue_month = movements.changed_month
                then movements.transfer_mrr
            else 0
        end as transfer_mrr,
        movements.ending_mrr

    from movements

    inner join customer_months
        on
            movements.customer_key = customer_months.customer_key
            and movements.changed_month <= customer_months.revenue_month
            and (
                movements.next_changed_month > customer_months.revenue_month
                or movements.next_changed_month is null
            )

),

final as (

    select
        ---------- keys
        customer_key,
        plan_id,
        revenue_month,

        ---------- attributes
        movement_type,

        ---------- measures
        cast(starting_mrr as decimal(18, 6)) as starting_mrr,
        cast(moved_mrr as decimal(18, 6)) as moved_mrr,
        cast(transfer_mrr as decimal(18, 6)) as transfer_mrr,
        cast(ending_mrr as decimal(18, 6)) as ending_mrr,
        cast(
            case
                when movement_type in ('{{ in_net_churn | join("', '") }}')
                    then -moved_mrr
                else 0
            end as decimal(18, 6)
        ) as net_churned_mrr,

        ---------- derived
        has_arrived,
        has_come_and_gone,
        {% if counts_arrivals -%}
        starting_mrr > 0 or has_arrived as is_at_risk,
        (starting_mrr > 0 and movement_type = 'churn')
        or has_come_and_gone as is_lost
        {%- else -%}
        starting_mrr > 0 as is_at_risk,
        starting_mrr > 0 and movement_type = 'churn' as is_lost
        {%- endif %}

    from spread

    where
        starting_mrr > 0
        or ending_mrr > 0
        or is_changed

)

select * from final
