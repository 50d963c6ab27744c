{# One row per build: the day at whose end everything is seen. #}

{{ config(post_hook=[
    "{{ announce_as_of_date() }}",
    "{{ settle_refresh() }}",
]) }}

{# No input may be used before the gate has passed. #}
-- depends_on: {{ ref('util_input_gate') }}
with

{% if policy('as_of_date') %}

final as (

    select cast('{{ policy("as_of_date") }}' as date) as as_of_date

)

{% else %}

latest_dates as (

    {% for table, contract in input_contract().items() %}
    {% for column in [contract.clock, 'loaded_at'] if column %}
    select max({{ date_name(column) }}) as latest_date
    from {{ ref('int_' ~ table ~ '_checked') }}
    where reasons is null

    union all

    {% endfor %}
    {% endfor %}
    select cast(null as date) as latest_date

),

-- A date mistyped into the future must not move the clock past the run.
final as (

    select
        least(
            coalesce(max(latest_date), {{ run_date() }}),
            {{ run_date() }}
        ) as as_of_date

    from latest_dates

)

{% endif %}

select * from final
