{#
    The input contract: what each table holds, in one place.

    Staging reads these columns, unified types them by kind and rejects what
    does not fit, the input gate and the reconciliation go by table. A column
    that is named here exists everywhere downstream, null when not brought.

    Returns a dict: table name -> dict of
        key       columns that identify a row
        required  columns without which a row means nothing
        personal  columns that are never shown in rejected rows or marts
        dated_by  the date that must not lie after the as-of date: a column,
                  or the name of one that the checked model finds
        clock     the column that may be the latest thing known of; ends,
                  periods, trials and rates are plans and move no clock
        amount    the column whose sum the reconciliation proves
        columns   dict: column -> kind, see typed_value

    Usage
        {% set columns = input_contract()['orders'].columns %}
#}
{% macro input_contract() %}
    {% do return({
        'customers': {
            'key': ['customer_id'],
            'required': ['customer_id'],
            'personal': ['email', 'birth_date', 'interests'],
            'columns': {
                'customer_id': 'id',
                'created_at': 'timestamp',
                'email': 'text',
                'acquisition_channel': 'text',
                'platform': 'text',
                'country': 'text',
                'gender': 'text',
                'birth_date': 'date',
                'income_band': 'text',
                'interests': 'text',
                'external_customer_ids': 'ids',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'orders': {
            'key': ['order_id'],
            'required': [
                'order_id', 'customer_id', 'ordered_at', 'gross_amount',
            ],
            'dated_by': 'ordered_at',
            'clock': 'ordered_at',
            'amount': 'gross_amount',
            'columns': {
                'order_id': 'id',
                'customer_id': 'id',
                'subscription_id': 'id',
                'ordered_at': 'timestamp',
                'gross_amount': 'amount',
                'currency': 'currency',
                'status': 'category',
                'discount_amount': 'amount',
                'refunded_amount': 'amount',
                'refunded_at': 'timestamp',
                'tax_amount': 'amount',
                'shipping_amount': 'amount',
                'cost_amount': 'amount',
                'platform': 'text',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'subscriptions': {
            'key': ['subscription_id'],
            'required': [
                'subscription_id', 'customer_id', 'started_at', 'unit_amount',
                'billing_interval',
            ],
            'dated_by': 'started_at',
            'clock': 'started_at',
            'amount': 'unit_amount',
            'columns': {
                'subscription_id': 'id',
                'customer_id': 'id',
                'plan_id': 'id',
                'started_at': 'timestamp',
                'unit_amount': 'amount',
                'billing_interval': 'billing_interval',
                'billing_interval_count': 'count',
                'quantity': 'number',
                'currency': 'currency',
                'discount_amount': 'amount',
                'discount_is_recurring': 'boolean',
                'status': 'subscription_status',
                'trial_ends_at': 'timestamp',
                'ended_at': 'end_timestamp',
                'cancel_requested_at': 'timestamp',
                'cancel_reason': 'category',
                'is_involuntary': 'boolean',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'subscription_changes': {
            'key': ['subscription_id', 'changed_at'],
            'required': ['subscription_id', 'changed_at'],
            'dated_by': 'changed_at',
            'clock': 'changed_at',
            'amount': 'unit_amount',
            'columns': {
                'subscription_id': 'id',
                'changed_at': 'timestamp',
                'plan_id': 'id',
                'unit_amount': 'amount',
                'quantity': 'number',
                'discount_amount': 'amount',
                'discount_is_recurring': 'boolean',
                'billing_interval': 'billing_interval',
                'billing_interval_count': 'count',
                'status': 'subscription_status',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'order_items': {
            'key': ['order_item_id'],
            'required': [
                'order_item_id', 'order_id', 'product_id', 'quantity',
                'unit_price',
            ],
            'dated_by': 'ordered_at',
            'amount': 'unit_price',
            'columns': {
                'order_item_id': 'id',
                'order_id': 'id',
                'product_id': 'id',
                'quantity': 'number',
                'unit_price': 'amount',
                'list_price': 'amount',
                'unit_cost': 'amount',
                'discount_amount': 'amount',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'products': {
            'key': ['product_id'],
            'required': ['product_id'],
            'columns': {
                'product_id': 'id',
                'product_name': 'text',
                'category': 'text',
                'list_price': 'amount',
                'unit_cost': 'amount',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'invoices': {
            'key': ['invoice_id'],
            'required': [
                'invoice_id', 'subscription_id', 'period_start', 'period_end',
                'amount_due',
            ],
            'dated_by': 'invoiced_at',
            'clock': 'paid_at',
            'amount': 'amount_due',
            'columns': {
                'invoice_id': 'id',
                'subscription_id': 'id',
                'period_start': 'timestamp',
                'period_end': 'end_timestamp',
                'amount_due': 'amount',
                'amount_paid': 'amount',
                'tax_amount': 'amount',
                'amount_refunded': 'amount',
                'currency': 'currency',
                'paid_at': 'timestamp',
                'status': 'category',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'marketing_spend': {
            'key': [],
            'required': ['spend_date', 'channel', 'amount'],
            'dated_by': 'spend_date',
            'clock': 'spend_date',
            'amount': 'amount',
            'columns': {
                'spend_date': 'date',
                'channel': 'text',
                'amount': 'amount',
                'currency': 'currency',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'platform_sessions': {
            'key': ['session_date', 'platform'],
            'required': ['session_date', 'platform', 'sessions'],
            'dated_by': 'session_date',
            'clock': 'session_date',
            'columns': {
                'session_date': 'date',
                'platform': 'text',
                'sessions': 'number',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'exchange_rates': {
            'key': ['rate_date', 'currency'],
            'required': ['rate_date', 'currency', 'rate'],
            'dated_by': 'rate_date',
            'columns': {
                'rate_date': 'date',
                'currency': 'currency',
                'rate': 'rate',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'customer_events': {
            'key': ['event_id'],
            'required': [
                'event_id', 'customer_id', 'occurred_at', 'event_type',
            ],
            'dated_by': 'occurred_at',
            'columns': {
                'event_id': 'id',
                'customer_id': 'id',
                'occurred_at': 'timestamp',
                'event_type': 'category',
                'channel': 'text',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
        'customer_feedback': {
            'key': ['feedback_id'],
            'required': ['feedback_id', 'customer_id', 'submitted_at', 'score'],
            'dated_by': 'submitted_at',
            'clock': 'submitted_at',
            'columns': {
                'feedback_id': 'id',
                'customer_id': 'id',
                'submitted_at': 'timestamp',
                'score': 'score',
                'loaded_at': 'timestamp',
                'deleted_at': 'timestamp',
            },
        },
    }) %}
{% endmacro %}
