{# One row per raw row of the subscription_changes input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__subscription_changes') }}

),

typed as (

    {{ typed_rows('subscription_changes', 'source') }}

),

repeated as (

    {{ repeated_rows('subscription_changes', 'source') }}

),

subscriptions as (

    select
        source_name,
        subscription_id,
        case when reasons is null then started_date end as started_date,
        case when reasons is null then ended_date end as ended_date,
        reasons is not null as is_deleted

    from {{ ref('int_subscriptions_checked') }}

    where {{ is_known('reasons') }}

),

final as (

    select
        typed.*,
        {{ all_reasons([
            ['deleted_row', 'subscriptions.is_deleted'],
            [
                'unknown_subscription',
                'typed.subscription_id is not null '
                ~ 'and subscriptions.subscription_id is null'
            ],
            [
                'outside_subscription',
                'typed.changed_date < subscriptions.started_date '
                ~ 'or typed.changed_date > subscriptions.ended_date'
            ],
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

    left join subscriptions
        on
            typed.source_name = subscriptions.source_name
            and typed.subscription_id = subscriptions.subscription_id

)

select * from final
