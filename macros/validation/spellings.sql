{# Billing interval -> other spellings that mean it; also the allowed set. #}
{% macro billing_interval_spellings() %}
    {% do return({
        'day': ['days', 'daily'],
        'week': ['weeks', 'weekly'],
        'month': ['months', 'monthly'],
        'quarter': ['quarters', 'quarterly'],
        'year': ['years', 'yearly', 'annual', 'annually'],
    }) %}
{% endmacro %}


{# Subscription status -> other spellings that mean it. #}
{% macro subscription_status_spellings() %}
    {% do return({
        'active': [],
        'past_due': ['pastdue'],
        'trialing': ['trial', 'in_trial'],
        'paused': [],
        'incomplete': [],
        'incomplete_expired': [],
        'unpaid': [],
        'cancelled': ['canceled'],
        'expired': ['ended'],
    }) %}
{% endmacro %}
