{# On what the models are fitted, per cut and in one text: another text means
   that the fit is not of this history. #}
{% macro clv_fingerprints() %}
    select
        cuts.cut_name,
        'cut ' || cast(cuts.cut_date as {{ dbt.type_string() }})
        || ', ' || cast(cuts.horizon_days as {{ dbt.type_string() }})
        || ' days ahead, ' || cast(
            coalesce(orders.customers, 0) as {{ dbt.type_string() }}
        )
        || ' customers with ' || cast(
            coalesce(orders.purchases, 0) as {{ dbt.type_string() }}
        )
        || ' repeat purchases, ' || cast(
            coalesce(renewals.due, 0) as {{ dbt.type_string() }}
        )
        || ' terms due, ' || cast(
            coalesce(renewals.lost, 0) as {{ dbt.type_string() }}
        )
        || ' lost' as fingerprint
    from {{ ref('int_clv_cuts') }} as cuts
    left join (
        select
            cut_name,
            sum(customer_count) as customers,
            sum(customer_count * frequency) as purchases
        from {{ ref('int_clv_cells') }}
        group by cut_name
    ) as orders
        on cuts.cut_name = orders.cut_name
    left join (
        select
            cut_name,
            sum(due) as due,
            sum(lost) as lost
        from {{ ref('int_renewals_aggregated_to_tenures') }}
        group by cut_name
    ) as renewals
        on cuts.cut_name = renewals.cut_name
{% endmacro %}


{#
    Stops the build when `perennial fit` has not run on these very histories:
    a stale fit would give numbers that look right.

    Usage: in int_clv_models_fitted, where the command fits.
#}
{% macro stop_on_stale_fit() %}
    {% set current = perennial.clv_fingerprints() %}
    {% if not execute or flags.WHICH not in ('build', 'run') %}
        {% do return('') %}
    {% endif %}
    {% set table = perennial.fitted_models_relation() %}
    {% set remedy = "run perennial fit with the same target and variables, "
        ~ "then dbt build again" %}
    {% if load_relation(table) is none %}
        {{ exceptions.raise_compiler_error(
            "the models of predicted value are not fitted: there is no table "
            ~ table.schema ~ "." ~ table.identifier ~ "; " ~ remedy
        ) }}
    {% endif %}
    {% set changed = run_query(
        "select current.cut_name, current.fingerprint, fitted.note from ("
        ~ current ~ ") as current left join " ~ table ~ " as fitted"
        ~ " on fitted.output_name = 'fitted_on'"
        ~ " and current.cut_name = fitted.cut_name"
        ~ " where fitted.note is null or fitted.note <> current.fingerprint"
        ~ " order by current.cut_name"
    ).rows %}
    {% if changed | length > 0 %}
        {{ exceptions.raise_compiler_error(
            "the models of predicted value are fitted to another history: "
            ~ (changed[0][2] or 'nothing') ~ ", and this build has "
            ~ changed[0][1] ~ "; " ~ remedy
        ) }}
    {% endif %}
    {% do return('') %}
{% endmacro %}
