{# One row per customer, slice value and month in which its MRR changed. #}

{{ config(**by_touched_customers()) }}

{% set slices = {
    'plan': "coalesce(plan_id, 'unknown')",
    'billing_interval': 'billing_interval',
    'channel': 'acquisition_channel',
    'country': 'country',
    'source': 'source_name',
} %}

with

intervals as (

    select * from {{ touched_rows(ref('int_mrr_recognised')) }}

),

customers as (

    select
        customer_key,
        acquisition_channel,
        country

    from {{ ref('dim_customers') }}

),

deltas as (

    select
        *,
        valid_from as changed_date,
        mrr as mrr_change

    from intervals

    union all

    select
        *,
        valid_to as changed_date,
        -mrr as mrr_change

    from intervals

),

described as (

    select
        deltas.*,
        customers.acquisition_channel,
        customers.country,
        cast({{ dbt.date_trunc('month', 'deltas.changed_date') }} as date)
            as changed_month

    from deltas

    inner join customers
        on deltas.customer_key = customers.customer_key

    where deltas.changed_date <= {{ as_of_date() }}

),

sliced as (

    {% for slice_name, slice_value in slices.items() %}
    select
        customer_key,
        changed_month,
        mrr_change,
        '{{ slice_name }}' as slice_name,
        {{ slice_value }} as slice_value

    from described

    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A month whose changes cancel out stays: it has begun with it.
netted as (

    select
        customer_key,
        slice_name,
        slice_value,
        changed_month,
        cast(sum(mrr_change) as decimal(18, 6)) as mrr_change

    from sliced

    group by customer_key, slice_name, slice_value, changed_month

),

final as (

    select
        *,
        cast(sum(mrr_change) over (
            partition by customer_key, slice_name, slice_value
            order by changed_month
            rows between unbounded preceding and current row
        ) as decimal(18, 6)) as ending_mrr

    from netted

)

select * from final
