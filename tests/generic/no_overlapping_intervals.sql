{#
    Fails with every interval that runs into the next one of its kind, and with
    every one that covers no day: empty, reversed, or without a start.

    Intervals are half-open, so one may begin on the day another ends. An end
    of null is open, and nothing may follow it. The next interval is enough to
    look at: one that ends before the next begins ends before all later ones.

    Arguments
        partition_by  list of columns that name what the intervals belong to
        from_column   first day
        to_column     first day after, null while open

    Usage
        - no_overlapping_intervals:
            arguments:
              partition_by: [source_name, subscription_id]
              from_column: valid_from
              to_column: valid_to
#}
{% test no_overlapping_intervals(model, partition_by, from_column, to_column) %}

    with

    neighbours as (

        select
            {{ partition_by | join(', ') }},
            {{ from_column }} as interval_from,
            {{ to_column }} as interval_to,
            lead({{ from_column }}) over (
                partition by {{ partition_by | join(', ') }}
                order by {{ from_column }} asc nulls last
            ) as next_interval_from

        from {{ model }}

    )

    select *

    from neighbours

    where
        interval_from is null
        or interval_to <= interval_from
        or interval_to > next_interval_from
        or (interval_to is null and next_interval_from is not null)

{% endtest %}
