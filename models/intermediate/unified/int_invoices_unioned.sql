{# One row per invoice of a subscription that can be used. #}

with

checked as (

    select * from {{ ref('int_invoices_checked') }}

),

final as (

    select
        ---------- keys
        source_name,
        invoice_id,
        subscription_id,

        ---------- attributes
        status as invoice_status,
        currency,

        ---------- measures
        {{ in_reporting_currency('amount_due') }} as amount_due,
        {{ in_reporting_currency('amount_paid') }} as amount_paid,
        {{ in_reporting_currency('tax_amount') }} as tax_amount,
        {{ in_reporting_currency('amount_refunded') }} as amount_refunded,
        amount_as_written,

        ---------- dates
        period_start_date,
        period_end_date,
        paid_date,
        loaded_at

    from checked

    where
        reasons is null
        and invoiced_date <= {{ as_of_date() }}

)

select * from final
