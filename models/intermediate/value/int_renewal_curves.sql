{# One row per cut, plan, kind of term and number of renewals made. #}

with

fitted as (

    select * from {{ ref('int_clv_models_fitted') }}

    where model_name = 'renewals'

),

models as (

    select
        fitted.cut_name,
        fitted.plan_id,
        fitted.term_name,
        fitted.position as renewal_number,
        fitted.value as model_rate,
        fitted.argument as predictive_rate,
        statuses.item_name as fit_status

    from fitted

    inner join fitted as statuses
        on
            fitted.cut_name = statuses.cut_name
            and fitted.plan_id = statuses.plan_id
            and fitted.term_name = statuses.term_name
            and statuses.output_name = 'status'

    where fitted.output_name = 'survival'

),

observed as (

    select * from {{ ref('int_renewals_observed') }}

),

last_seen as (

    select
        cut_name,
        plan_id,
        term_name,
        max(renewal_number) as renewal_number,
        min(survival_rate) as survival_rate

    from observed

    group by cut_name, plan_id, term_name

),

-- Where the observed curve ends, how much of the model's it has.
joints as (

    select
        last_seen.*,
        {{ divide('last_seen.survival_rate', 'models.model_rate') }} as factor,
        {{ divide('last_seen.survival_rate', 'models.predictive_rate') }}
            as predictive_factor

    from last_seen

    inner join models
        on
            last_seen.cut_name = models.cut_name
            and last_seen.plan_id = models.plan_id
            and last_seen.term_name = models.term_name
            and last_seen.renewal_number = models.renewal_number

),

final as (

    select
        ---------- keys
        models.cut_name,
        models.plan_id,
        models.term_name,
        models.renewal_number,

        ---------- curve
        models.fit_status,
        models.model_rate,
        coalesce(
            observed.survival_rate,
            models.model_rate * joints.factor,
            models.model_rate
        ) as survival_rate,
        coalesce(
            observed.survival_rate,
            models.predictive_rate * joints.predictive_factor,
            models.predictive_rate
        ) as predictive_survival_rate,
        observed.renewal_number is not null as is_observed

    from models

    left join observed
        on
            models.cut_name = observed.cut_name
            and models.plan_id = observed.plan_id
            and models.term_name = observed.term_name
            and models.renewal_number = observed.renewal_number

    left join joints
        on
            models.cut_name = joints.cut_name
            and models.plan_id = joints.plan_id
            and models.term_name = joints.term_name
            and models.renewal_number > joints.renewal_number

)

select * from final
