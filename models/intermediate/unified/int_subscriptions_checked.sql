{# One row per raw row of the subscriptions input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__subscriptions') }}

),

typed_columns as (

    {{ typed_rows('subscriptions', 'source') }}

),

-- The first day that is paid for: its exchange rate is the subscription's.
typed as (

    select
        *,
        case
            when trial_ends_date > started_date then trial_ends_date
            else started_date
        end as first_paying_date

    from typed_columns

),

repeated as (

    {{ repeated_rows('subscriptions', 'source') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_dated') }}

),

final as (

    select
        typed.*,
        {{ exchange_rate() }} as exchange_rate,
        {{ all_reasons([
            ['end_before_start', 'typed.ended_date < typed.started_date'],
            [
                'ended_without_date',
                "typed.status in ('cancelled', 'expired') "
                ~ "and typed.ended_at is null "
                ~ "and typed.value_reasons not like '%invalid_date:ended_at%'"
            ],
            missing_exchange_rate_rule(),
        ]) }} as reasons

    from typed

    left join repeated
        on
            typed.file_name = repeated.file_name
            and typed.line_number = repeated.line_number

    left join exchange_rates
        on
            typed.currency = exchange_rates.currency
            and typed.first_paying_date >= exchange_rates.valid_from
            and (
                typed.first_paying_date < exchange_rates.valid_to
                or exchange_rates.valid_to is null
            )

)

select * from final
