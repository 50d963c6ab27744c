{#
    Names the reason why a customer's MRR differs between two moments.

    The zero cases come first. A ladder that starts with "after > before"
    swallows reactivation (0 -> 10 also rises), and one that starts with
    "after < before" swallows churn (10 -> 0 also falls).

    Arguments
        mrr_before       SQL expression, never null
        mrr_after        SQL expression, never null
        has_paid_before  SQL predicate: MRR was above 0 at an earlier moment

    Returns one of inactive, reactivation, new, churn, expansion, contraction,
    retained; see the doc block movement_type.
#}
{% macro classify_mrr_movement(mrr_before, mrr_after, has_paid_before) -%}
    case
        when {{ mrr_before }} = 0 and {{ mrr_after }} = 0
            then 'inactive'
        when {{ mrr_before }} = 0 and {{ has_paid_before }}
            then 'reactivation'
        when {{ mrr_before }} = 0
            then 'new'
        when {{ mrr_after }} = 0
            then 'churn'
        when {{ mrr_after }} > {{ mrr_before }}
            then 'expansion'
        when {{ mrr_after }} < {{ mrr_before }}
            then 'contraction'
        else 'retained'
    end
{%- endmacro %}
