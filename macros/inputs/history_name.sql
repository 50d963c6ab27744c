{#
    The name under which snapshots keep what they saw of these inputs, so that
    the histories of two inputs never mix: history_name, else the place of the
    inputs. The name of the bundled demo is its own: what is published of it
    makes way for any other input.

    Returns text.
#}
{% macro history_name() %}
    {% set place = perennial.policy('input_path')
        or perennial.policy('input_schema') %}
    {% set name = perennial.policy('history_name') or place or 'demo' %}
    {% if place and name == 'demo' %}
        {{ exceptions.raise_compiler_error(
            "the history of " ~ place ~ " cannot be called demo, which is the "
            ~ "name of the bundled demo; set history_name to another one"
        ) }}
    {% endif %}
    {% do return(name) %}
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
