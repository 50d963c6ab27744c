{# One row per raw row of the subscriptions input, typed and judged. #}

with

source as (

    select * from {{ ref('stg_files__subscriptions') }}

),

typed as (

    {{ typed_rows('subscriptions', 'source') }}

),

repeated as (

    {{ repeated_rows('subscriptions', 'source') }}

),

final as (

    select
        typed.*,
        {{ all_reasons([
            ['end_before_start', 'typed.ended_date < typed.started_date'],
            [
                'ended_without_date',
                "typed.status in ('cancelled', 'expired') "
                ~ "and typed.ended_at is null "
                ~ "and typed.value_reasons not like '%invalid_date:ended_at%'"
            ],
            [
                'missing_exchange_rate',
                "typed.currency <> '" ~ policy('reporting_currency') ~ "'"
            ],
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

)

select * from final
