{# One row per cut and customer who had bought by then, with what was bought. #}

with

purchases as (

    select
        *,
        not is_first_purchase as is_repeat,
        spend > 0 as is_paid

    from {{ ref('int_orders_aggregated_to_purchases') }}

),

cuts as (

    select * from {{ ref('int_clv_cuts') }}

    where skip_reason is null

),

summarised as (

    select
        cuts.cut_name,
        cuts.cut_date,
        purchases.customer_key,
        min(purchases.purchase_date) as first_purchase_date,
        max(purchases.purchase_date) as last_purchase_date,
        count(*) - 1 as frequency,
        count(
            case when purchases.is_repeat and purchases.is_paid then 1 end
        ) as paid_frequency,
        sum(
            case
                when purchases.is_repeat and purchases.is_paid
                    then purchases.spend
            end
        ) as repeat_revenue,
        max(
            case
                when purchases.is_first_purchase and purchases.is_paid
                    then purchases.spend
            end
        ) as first_value,
        count(case when not purchases.is_paid then 1 end)
            as unpaid_purchase_count,
        sum(case when purchases.is_paid then purchases.spend end)
            as paid_revenue,
        sum(case when purchases.is_paid then purchases.margin end)
            as paid_margin

    from purchases

    inner join cuts
        on purchases.purchase_date <= cuts.cut_date

    group by cuts.cut_name, cuts.cut_date, purchases.customer_key

),

final as (

    select
        ---------- keys
        cut_name,
        customer_key,

        ---------- dates
        first_purchase_date,

        ---------- measures
        cast(frequency as integer) as frequency,
        {{ dbt.datediff('first_purchase_date', 'last_purchase_date', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_purchase_date', 'cut_date', 'day') }}
            as age_days,
        cast(paid_frequency as integer) as paid_frequency,
        {{ divide('repeat_revenue', 'paid_frequency') }} as mean_value,
        cast(first_value as {{ type_double() }}) as first_value,
        cast(unpaid_purchase_count as integer) as unpaid_purchase_count,
        cast(coalesce(paid_revenue, 0) as decimal(18, 6)) as paid_revenue,
        cast(coalesce(paid_margin, 0) as decimal(18, 6)) as paid_margin

    from summarised

)

select * from final
