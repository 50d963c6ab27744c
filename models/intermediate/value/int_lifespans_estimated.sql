{# One row per segment, with how long its buyers keep buying. #}

with

periods as (

    select * from {{ ref('int_orders_aggregated_to_periods') }}

),

-- Of those who bought in a period that has a next one: who bought in it too.
pairs as (

    select
        max(periods.period_months) as period_months,
        {{ divide('count(next_periods.customer_key)', 'count(*)') }}
            as retention_rate

    from periods

    left join periods as next_periods
        on
            periods.customer_key = next_periods.customer_key
            and periods.period_number + 1 = next_periods.period_number

    where periods.period_number + 1 < periods.period_count

),

final as (

    select
        'all' as segment_name,
        retention_rate,
        case
            when
                period_months
                >= (1 - retention_rate) * {{ policy('max_lifetime_months') }}
                then {{ policy('max_lifetime_months') }}
            else {{ divide('period_months', '1 - retention_rate') }}
        end as lifespan_months

    from pairs

)

select * from final
