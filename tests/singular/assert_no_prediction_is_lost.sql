{#
    Joins that find nothing would read as "nothing is expected". Whoever is more
    likely than one in ten to buy again has a range, and a subscription with
    renewals ahead and a curve has a value at each horizon.
    Returns those that have none.
#}

with

chances as (

    select * from {{ ref('int_clv_purchase_chances_averaged') }}

),

ranges as (

    select * from {{ ref('int_clv_ranges_interpolated') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_due') }}

),

predictions as (

    select * from {{ ref('int_subscriptions_predicted') }}

),

curves as (

    select
        cut_name,
        plan_id,
        term_name,
        max(renewal_number) as last_number

    from {{ ref('int_renewal_curves') }}

    group by cut_name, plan_id, term_name

)

select
    'as_of' as cut_name,
    'customers with ' || cast(chances.frequency as {{ dbt.type_string() }})
    || ' repeat purchases have no range' as failure

from chances

left join ranges
    on
        chances.frequency = ranges.frequency
        and chances.recency_days = ranges.recency_days
        and chances.age_days = ranges.age_days

where
    chances.purchase_probability > 0.1
    and ranges.high_orders is null

union all

select
    subscriptions.cut_name,
    subscriptions.subscription_id || ' has no value, or a short curve'
        as failure

from subscriptions

left join predictions
    on
        subscriptions.cut_name = predictions.cut_name
        and subscriptions.subscription_id = predictions.subscription_id

left join curves
    on
        subscriptions.cut_name = curves.cut_name
        and subscriptions.curve_plan_id = curves.plan_id
        and subscriptions.term_name = curves.term_name

where
    subscriptions.renewal_method <> 'none'
    and subscriptions.renewals_ahead > 0
    and (
        predictions.clv_lifetime is null
        or curves.last_number is null
        or curves.last_number
        < subscriptions.renewals_made + subscriptions.renewals_ahead
    )
