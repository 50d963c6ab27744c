{#
    Fails with every value below the minimum or above the maximum. Null passes:
    what is unknown is outside of nothing.

    Rows that the rule does not speak of are left out by `where`, which dbt
    applies to every generic test before it runs.

    Arguments
        min_value  SQL expression or number, itself accepted
        max_value  SQL expression or number, itself accepted; at least one of
                   the two is needed

    Usage
        - accepted_range:
            arguments: {min_value: 0, max_value: 1}
            config: {where: "is_complete_month"}
#}
{% test accepted_range(model, column_name, min_value=none, max_value=none) %}

    {% if min_value is none and max_value is none %}
        {{ exceptions.raise_compiler_error(
            "accepted_range on " ~ column_name ~ " of " ~ model
            ~ " needs min_value, max_value or both"
        ) }}
    {% endif %}

    select {{ column_name }}

    from {{ model }}

    where
        {% if min_value is not none -%}
        {{ column_name }} < {{ min_value }}
        {%- endif %}
        {% if min_value is not none and max_value is not none -%}
        or
        {%- endif %}
        {% if max_value is not none -%}
        {{ column_name }} > {{ max_value }}
        {%- endif %}

{% endtest %}
