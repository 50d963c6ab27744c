{# One row per raw row of the invoices input, typed and judged. #}

with

source as {{ read_in_place() }} (

    select * from {{ ref('stg_files__invoices') }}

),

typed_columns as (

    {{ typed_rows('invoices', 'source') }}

),

-- An invoice exists from the day of its payment, or else of its period.
typed as (

    select
        *,
        coalesce(paid_date, period_start_date) as invoiced_date

    from typed_columns

),

repeated as (

    {{ repeated_rows('invoices', 'source') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_dated') }}

),

subscriptions as (

    select
        source_name,
        subscription_id,
        reasons is not null as is_deleted

    from {{ ref('int_subscriptions_checked') }}

    where {{ is_known('reasons') }}

),

final as (

    select
        typed.*,
        {{ exchange_rate() }} as exchange_rate,
        {{ all_reasons([
            [
                'end_before_start',
                'typed.period_end_date < typed.period_start_date'
            ],
            ['deleted_row', 'subscriptions.is_deleted'],
            [
                'unknown_subscription',
                'typed.subscription_id is not null '
                ~ 'and subscriptions.subscription_id is null'
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
            and typed.invoiced_date >= exchange_rates.valid_from
            and (
                typed.invoiced_date < exchange_rates.valid_to
                or exchange_rates.valid_to is null
            )

    left join subscriptions
        on
            typed.source_name = subscriptions.source_name
            and typed.subscription_id = subscriptions.subscription_id

)

select * from final
