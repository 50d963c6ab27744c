{#
    Every variable of the project with the values it accepts. Defaults stand in
    dbt_project.yml, meanings in docs/metrics.md; a test keeps the three equal.

    Returns a dict: variable -> dict of
        kind     choice, choices, number, whole, date, text, zone,
                 boolean or mapping
        allowed  the values of a choice
        pattern  regular expression a text has to match in full
        minimum, maximum  bounds of a number
        optional true when it may be left empty
        preset   true when an empty one is what metric_preset says
#}
{% macro policies() %}
    {% do return({
        'input_path': {'kind': 'text', 'optional': true},
        'input_schema': {
            'kind': 'text', 'pattern': '[A-Za-z_][A-Za-z0-9_.]*',
            'optional': true,
        },
        'history_name': {'kind': 'text', 'optional': true},
        'restatement_reason': {'kind': 'text', 'optional': true},
        'input_columns': {'kind': 'mapping'},
        'order_grain': {'kind': 'choice', 'allowed': ['order', 'line']},
        'full_snapshot': {'kind': 'boolean'},
        'input_adapters': {'kind': 'choices', 'allowed': ['files']},
        'as_of_date': {'kind': 'date', 'optional': true},
        'reporting_timezone': {'kind': 'zone'},
        'source_timezone': {'kind': 'zone', 'optional': true},
        'inclusive_end_dates': {'kind': 'boolean'},
        'fx_rate_policy': {
            'kind': 'choice', 'preset': true,
            'allowed': ['subscription_start', 'version_start'],
        },
        'reporting_currency': {'kind': 'text', 'pattern': '[A-Z]{3}'},
        'metric_preset': {
            'kind': 'choice',
            'allowed': [
                'default', 'stripe', 'chartmogul', 'profitwell', 'recurly',
            ],
        },
        'mrr_statuses': {
            'kind': 'choices', 'preset': true,
            'allowed': ['active', 'past_due', 'unpaid', 'paused'],
        },
        'mrr_discounts': {
            'kind': 'choice', 'preset': true,
            'allowed': ['recurring', 'all', 'none'],
        },
        'churn_recognition': {
            'kind': 'choice', 'preset': true,
            'allowed': ['ended_at', 'cancel_requested_at'],
        },
        'reactivation_after': {
            'kind': 'choice', 'preset': true,
            'allowed': ['any_gap', 'full_month'],
        },
        'reactivation_grace_days': {'kind': 'whole', 'minimum': 0},
        'churn_rate_basis': {
            'kind': 'choice', 'preset': true,
            'allowed': ['start', 'start_plus_new'],
        },
        'net_churn_includes_reactivation': {
            'kind': 'boolean', 'preset': true,
        },
        'renewal_grace_days': {'kind': 'whole', 'minimum': 0},
        'renewal_match': {
            'kind': 'choice', 'allowed': ['subscription', 'customer'],
        },
        'renewal_horizon_days': {'kind': 'whole', 'minimum': 1},
        'match_customers_by_email': {'kind': 'boolean'},
        'max_match_rounds': {'kind': 'whole', 'minimum': 1, 'maximum': 40},
        'count_refunded_orders': {'kind': 'boolean'},
        'high_value_full_price_share': {
            'kind': 'number', 'minimum': 0, 'maximum': 1,
        },
        'high_value_period_months': {'kind': 'whole', 'minimum': 1},
        'max_rejected_share': {'kind': 'number', 'minimum': 0, 'maximum': 1},
        'revenue_includes_shipping': {'kind': 'boolean'},
        'default_gross_margin': {'kind': 'number', 'minimum': 0, 'maximum': 1},
        'subscription_gross_margin': {
            'kind': 'number', 'minimum': 0, 'maximum': 1, 'optional': true,
        },
        'lapsed_after_days': {'kind': 'whole', 'minimum': 1},
        'clv_period_months': {'kind': 'whole', 'minimum': 1, 'maximum': 12},
        'max_lifetime_months': {'kind': 'whole', 'minimum': 1},
        'churn_window_months': {'kind': 'whole', 'minimum': 1},
        'clv_horizon_months': {'kind': 'whole', 'minimum': 1, 'maximum': 600},
        'annual_discount_rate': {
            'kind': 'number', 'minimum': 0, 'maximum': 10,
        },
        'backtest_share': {'kind': 'number', 'minimum': 0, 'maximum': 0.9},
        'clv_fitted_by': {
            'kind': 'choice', 'allowed': ['dbt', 'command'], 'optional': true,
        },
        'monthly_overheads': {
            'kind': 'number', 'minimum': 0, 'optional': true,
        },
        'clv_calculator_overrides': {'kind': 'mapping'},
        'max_shrink_share': {'kind': 'number', 'minimum': 0, 'maximum': 1},
        'restatement_tolerance': {'kind': 'number', 'minimum': 0},
        'closed_through': {'kind': 'date', 'optional': true},
        'keep_builds': {'kind': 'whole', 'minimum': 0, 'maximum': 1000},
    }) %}
{% endmacro %}
