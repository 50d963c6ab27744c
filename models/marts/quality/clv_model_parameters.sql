{# One row per model of lifetime value, group and parameter. #}

with

fitted as (

    select * from {{ ref('int_clv_models_fitted') }}

    where cut_name = 'as_of'

),

-- A model that was tried and does not hold goes by the name of the first.
statuses as (

    select
        *,
        case
            when item_name not in ('none', 'too_few') then item_name
            when model_name = 'orders' then 'bg_nbd'
            when model_name = 'order_value' then 'gamma_gamma'
            else 'sbg'
        end as public_name

    from fitted

    where output_name = 'status'

),

parameters as (

    select * from fitted

    where output_name = 'parameter'

),

final as (

    select
        ---------- keys
        statuses.public_name as model_name,
        ---------- measures
        cast(statuses.value as integer) as customers,
        parameters.value as parameter_value,
        parameters.standard_error,
        statuses.argument as log_likelihood,

        ---------- attributes
        statuses.item_name as fit_status,
        statuses.note as fit_reason,

        ---------- group
        case
            when statuses.model_name <> 'renewals' then 'all'
            else statuses.plan_id || ', ' || statuses.term_name
        end as group_name,
        coalesce(parameters.item_name, 'none') as parameter_name

    from statuses

    left join parameters
        on
            statuses.model_name = parameters.model_name
            and (
                statuses.model_name <> 'renewals'
                or (
                    statuses.plan_id = parameters.plan_id
                    and statuses.term_name = parameters.term_name
                )
            )

)

select * from final
