{# One row per customer, plan and month in which the plan had or moved MRR. #}

{{ config(materialized='view') }}

{% set counts_arrivals = policy('churn_rate_basis') == 'start_plus_new' %}
{# What they are in a month in which the plan did not change. #}
{% set unmoved_measures = {
    'starting_mrr': 'movements.ending_mrr', 'moved_mrr': 0, 'transfer_mrr': 0,
} %}

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
        {% for measure, unmoved in unmoved_measures.items() %}
        case
            when customer_months.revenue_month = movements.changed_month
                then movements.{{ measure }}
            else {{ unmoved }}
        end as {{ measure }},
        {% endfor %}
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
                when movement_type = 'new' then 0
                {% if not policy('net_churn_includes_reactivation') -%}
                when movement_type = 'reactivation' then 0
                {% endif -%}
                else -moved_mrr
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

    where is_changed or starting_mrr > 0 or ending_mrr > 0

)

select * from final
