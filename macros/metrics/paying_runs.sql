{#
    The paying intervals of each subscription, with the day from which it paid
    without a break and at one billing interval. That day anchors the terms: a
    pause or a change of interval starts anew, a change of price does not.

    Arguments
        relation  CTE with source_name, subscription_id, billing_interval,
                  billing_interval_count, mrr, valid_from, valid_to

    Returns SQL with the relation's columns and run_from, for mrr > 0.
#}
{% macro paying_runs(relation) -%}
select
    numbered.*,
    min(numbered.valid_from) over (
        partition by
            numbered.source_name, numbered.subscription_id, numbered.run_number
    ) as run_from
from (
    select
        marked.*,
        sum(marked.starts_run) over (
            partition by marked.source_name, marked.subscription_id
            order by marked.valid_from
            rows between unbounded preceding and current row
        ) as run_number
    from (
        select
            *,
            case
                when
                    valid_from = lag(valid_to) over (
                        partition by source_name, subscription_id
                        order by valid_from
                    )
                    and billing_interval = lag(billing_interval) over (
                        partition by source_name, subscription_id
                        order by valid_from
                    )
                    and billing_interval_count
                    = lag(billing_interval_count) over (
                        partition by source_name, subscription_id
                        order by valid_from
                    )
                    then 0
                else 1
            end as starts_run
        from {{ relation }}
        where mrr > 0
    ) as marked
) as numbered
{%- endmacro %}
