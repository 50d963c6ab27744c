{#
    The name under which snapshots keep what they saw of these inputs, so that
    the histories of two inputs never mix: history_name, else the place of the
    inputs.

    Returns text.
#}
{% macro history_name() %}
    {% do return(
        perennial.policy('history_name')
        or perennial.policy('input_path')
        or perennial.policy('input_schema')
        or 'demo'
    ) %}
{% endmacro %}


{#
    A key of the choices that decide what a month's numbers are: what another
    choice tells of a month is another number, and no restatement.

    Returns text, the same for the same choices.
#}
{% macro policy_key() %}
    {% set elsewhere = [
        'input_path', 'input_schema', 'input_adapters', 'input_columns',
        'history_name', 'restatement_reason', 'as_of_date',
        'max_rejected_share', 'max_match_rounds', 'renewal_horizon_days',
        'monthly_overheads', 'clv_calculator_overrides', 'metric_preset',
        'clv_horizon_months', 'annual_discount_rate', 'backtest_share',
        'max_shrink_share', 'restatement_tolerance', 'closed_through',
        'keep_builds',
    ] %}
    {% set choices = [] %}
    {% for name, value in perennial.policy_values().items() | sort
        if name not in elsewhere %}
        {% do choices.append(name ~ '=' ~ value) %}
    {% endfor %}
    {% do return(local_md5(choices | join(';'))) %}
{% endmacro %}
