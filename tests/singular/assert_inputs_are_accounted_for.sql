{#
    Raw is accepted plus rejected plus after as-of, in rows and amounts, and
    every rejected row is shown.
    Returns the tables and currencies where a row or an amount is missing.
#}

with

reconciliation as (

    select * from {{ ref('rpt_input_reconciliation') }}

),

shown as (

    select
        source_name,
        table_name,
        currency_as_written,
        count(*) as rejected_rows,
        sum(amount_as_written) as rejected_amount

    from {{ ref('fct_rejected_rows') }}

    group by source_name, table_name, currency_as_written

)

select
    reconciliation.raw_rows,
    reconciliation.accepted_rows,
    reconciliation.rejected_rows,
    reconciliation.after_as_of_rows,
    reconciliation.raw_amount,
    reconciliation.accepted_amount,
    reconciliation.rejected_amount,
    reconciliation.after_as_of_amount,
    shown.rejected_rows as shown_rows,
    shown.rejected_amount as shown_amount,
    coalesce(reconciliation.table_name, shown.table_name) as table_name,
    coalesce(reconciliation.currency, shown.currency_as_written) as currency

from reconciliation

full outer join shown
    on
        reconciliation.source_name = shown.source_name
        and reconciliation.table_name = shown.table_name
        and reconciliation.currency = shown.currency_as_written

where
    reconciliation.table_name is null
    or reconciliation.raw_rows
    <> reconciliation.accepted_rows
    + reconciliation.rejected_rows
    + reconciliation.after_as_of_rows
    or abs(
        reconciliation.raw_amount
        - reconciliation.accepted_amount
        - reconciliation.rejected_amount
        - reconciliation.after_as_of_amount
    ) > least(0.000001 * reconciliation.raw_rows, 0.01)
    or reconciliation.rejected_rows <> coalesce(shown.rejected_rows, 0)
    or abs(
        reconciliation.rejected_amount - coalesce(shown.rejected_amount, 0)
    ) > least(0.000001 * reconciliation.raw_rows, 0.01)
