{#
    The input contract: what each table holds, in one place.

    Staging reads these columns, unified types them by kind and rejects what
    does not fit, the input gate and the reconciliation go by table. A column
    that is named here exists everywhere downstream, null when not brought.

    Returns a dict: table name -> dict of
        key       columns that identify a row
        required  columns without which a row means nothing
        personal  columns that are never shown in rejected rows or marts
        dated_by  the column that must not lie after the as-of date
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
                'external_customer_ids': 'text',
                'loaded_at': 'timestamp',
            },
        },
        'orders': {
            'key': ['order_id'],
            'required': [
                'order_id', 'customer_id', 'ordered_at', 'gross_amount',
            ],
            'dated_by': 'ordered_at',
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
            },
        },
        'subscriptions': {
            'key': ['subscription_id'],
            'required': [
                'subscription_id', 'customer_id', 'started_at', 'unit_amount',
                'billing_interval',
            ],
            'dated_by': 'started_at',
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
                'ended_at': 'timestamp',
                'cancel_requested_at': 'timestamp',
                'cancel_reason': 'category',
                'is_involuntary': 'boolean',
                'loaded_at': 'timestamp',
            },
        },
        'subscription_changes': {
            'key': ['subscription_id', 'changed_at'],
            'required': ['subscription_id', 'changed_at'],
            'dated_by': 'changed_at',
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
            },
        },
    }) %}
{% endmacro %}
