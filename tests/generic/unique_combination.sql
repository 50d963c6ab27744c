{#
    Fails with every combination of values that more than one row carries, and
    with every one that has a null: a key is there in full or it is no key. So
    one test is enough for a primary key.

    Arguments
        columns  list of columns that name a row together

    Usage
        - unique_combination:
            arguments: {columns: [source_name, subscription_id]}
#}
{% test unique_combination(model, columns) %}

    select
        {{ columns | join(', ') }},
        count(*) as row_count

    from {{ model }}

    group by {{ columns | join(', ') }}

    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}

{% endtest %}
