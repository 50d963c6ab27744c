{#
    Who are the best customers, and what do they share?

    One row per attribute and value that one of the best customers has. The
    best are the tenth of all who ever paid that brought the most margin so
    far. How to read it:

    - best_share against all_share: 0.30 against 0.10 is a value that is three
      times as common among the best as among all, lift 3.
    - Look for a high lift with enough best_customers; a lift of 5 over two
      customers is chance.
    - Margin so far favours customers of long ago. Compare acquired_year first:
      where its early years have a high lift, age explains part of the rest.
#}

{% set attributes = [
    'acquired_year', 'acquisition_channel', 'platform', 'country', 'age_band',
    'gender', 'income_band', 'current_plan_id',
] %}

with

customers as (

    select
        *,
        extract(year from acquired_month) as acquired_year

    from {{ ref('dim_customers') }}

    where first_paid_date is not null

),

lifetime_values as (

    select * from {{ ref('fct_customer_lifetime_value') }}

),

ranked as (

    select
        customers.*,
        ntile(10) over (
            order by
                lifetime_values.historical_margin desc,
                customers.customer_key asc
        ) as margin_tenth

    from customers

    inner join lifetime_values
        on customers.customer_key = lifetime_values.customer_key

),

attributes as (

    {% for attribute in attributes %}
    select
        customer_key,
        margin_tenth,
        '{{ attribute }}' as attribute_name,
        coalesce(
            cast({{ attribute }} as {{ dbt.type_string() }}), 'none'
        ) as attribute_value

    from ranked
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

counted as (

    select
        attribute_name,
        attribute_value,
        count(*) as customers,
        count(case when margin_tenth = 1 then 1 end) as best_customers

    from attributes

    group by attribute_name, attribute_value

),

shares as (

    select
        *,
        {{ divide(
            'customers',
            'sum(customers) over (partition by attribute_name)'
        ) }} as all_share,
        {{ divide(
            'best_customers',
            'sum(best_customers) over (partition by attribute_name)'
        ) }} as best_share

    from counted

),

final as (

    select
        attribute_name,
        attribute_value,
        customers,
        best_customers,
        all_share,
        best_share,
        {{ divide('best_share', 'all_share') }} as lift

    from shares

    where best_customers > 0

)

select * from final

order by attribute_name asc, lift desc, attribute_value asc
