{#
    Who are the best customers, and what do they share?

    One row per attribute and value that one of the best customers has. The
    best are the tenth of all who ever paid with the highest total CLV: margin
    so far and predicted. How to read it:

    - best_share against all_share: 0.30 against 0.10 is a value that is three
      times as common among the best as among all, lift 3. clv_share is what
      the best with it hold of the total CLV of all.
    - The highest lifts come first; values that fewer than 10 of the best have
      are is_few and come last, since a lift over a few is chance.
    - rfm_segment, is_high_value and is_repeat_customer are how they buy,
      which makes value by itself: they say who to look after. Channel,
      platform, country, age and income say where to look for more of them.
    - Margin so far, a part of it, favours customers of long ago. Where early
      years of acquired_year have a high lift, age explains part of the rest.
      What they share did not make them the best: values go together.
#}

{% set attributes = [
    'acquired_year', 'acquisition_channel', 'platform', 'country', 'age_band',
    'gender', 'income_band', 'current_plan_id', 'rfm_segment',
    'is_high_value', 'is_repeat_customer', 'feedback_band',
] %}
{% set least_customers = 10 %}

with

customers as (

    select
        *,
        extract(year from acquired_month) as acquired_year

    from {{ ref('dim_customers') }}

    where first_paid_date is not null

),

segments as (

    select * from {{ ref('fct_customer_segments') }}

),

lifetimes as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

ranked as (

    select
        customers.*,
        segments.rfm_segment,
        segments.is_high_value,
        segments.is_repeat_customer,
        segments.feedback_band,
        lifetimes.total_clv,
        ntile(10) over (
            order by
                lifetimes.total_clv desc,
                customers.customer_key asc
        ) as value_tenth

    from customers

    inner join segments
        on customers.customer_key = segments.customer_key

    inner join lifetimes
        on customers.customer_key = lifetimes.customer_key

),

attributes as (

    {% for attribute in attributes %}
    select
        value_tenth,
        total_clv,
        '{{ attribute }}' as attribute_name,
        coalesce(
            cast({{ attribute }} as {{ dbt.type_string() }}), 'none'
        ) as attribute_value

    from ranked
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

shares as (

    select
        attribute_name,
        attribute_value,
        count(*) as customers,
        count(case when value_tenth = 1 then 1 end) as best_customers,
        {{ divide(
            'sum(case when value_tenth = 1 then total_clv end)',
            'sum(sum(total_clv)) over (partition by attribute_name)'
        ) }} as clv_share,
        {{ divide(
            'count(*)', 'sum(count(*)) over (partition by attribute_name)'
        ) }} as all_share,
        {{ divide(
            'count(case when value_tenth = 1 then 1 end)',
            'sum(count(case when value_tenth = 1 then 1 end))'
            ~ ' over (partition by attribute_name)'
        ) }} as best_share

    from attributes

    group by attribute_name, attribute_value

),

final as (

    select
        *,
        {{ divide('best_share', 'all_share') }} as lift,
        best_customers < {{ least_customers }} as is_few

    from shares

    where best_customers > 0

)

select * from final

order by is_few asc, lift desc, attribute_name asc, attribute_value asc
