{# One row per customer who ever paid for a subscription. #}

with

payers as (

    select distinct customer_key

    from {{ ref('int_terms_numbered') }}

),

subscriptions as (

    select
        *,
        renewals_ahead > 0 as goes_on,
        clv_low - clv_horizon as low_deviation,
        clv_high - clv_horizon as high_deviation

    from {{ ref('int_subscriptions_predicted') }}

    where cut_name = 'as_of'

),

-- What ends brings nothing more, by whichever curve.
summed as (

    select
        customer_key,
        sum(clv_12m) as clv_12m,
        sum(clv_36m) as clv_36m,
        sum(clv_lifetime) as clv_lifetime,
        sum(clv_horizon) as clv_horizon,
        sum({{ signed_square('low_deviation') }}) as low_square,
        sum({{ signed_square('high_deviation') }}) as high_square,
        {% for method in ['sbg', 'sbg_plan', 'constant_churn', 'none'] %}
        max(case
            when goes_on and renewal_method = '{{ method }}' then 1 else 0
        end) as has_{{ method }},
        {% endfor %}
        max(case when goes_on then 0 else 1 end) as has_ending

    from subscriptions

    group by customer_key

),

final as (

    select
        ---------- keys
        payers.customer_key,

        ---------- measures
        {% for horizon in ['12m', '36m', 'lifetime', 'horizon'] %}
        case
            when summed.customer_key is null then 0
            else summed.clv_{{ horizon }}
        end as subscription_clv_{{ horizon }},
        {% endfor %}
        coalesce(summed.low_square, 0) as low_square,
        coalesce(summed.high_square, 0) as high_square,

        ---------- attributes
        {{ joined_words([
            ['sbg', 'summed.has_sbg = 1'],
            ['sbg_plan', 'summed.has_sbg_plan = 1'],
            ['constant_churn', 'summed.has_constant_churn = 1'],
        ], separator='+', otherwise='none') }} as clv_method,
        {{ joined_words([
            [
                'No subscription pays on that day.',
                'summed.customer_key is null'
            ],
            ['By renewals of all plans.', 'summed.has_sbg = 1'],
            ['By renewals of its plan.', 'summed.has_sbg_plan = 1'],
            [
                'Renewals by constant churn: no curve fits its kind of term.',
                'summed.has_constant_churn = 1'
            ],
            [
                'No renewal has come due anywhere to go by.',
                'summed.has_none = 1'
            ],
            [
                'A subscription that ends is not renewed.',
                'summed.has_ending = 1'
            ],
        ], separator=' ', otherwise='none') }} as clv_method_reason

    from payers

    left join summed
        on payers.customer_key = summed.customer_key

)

select * from final
