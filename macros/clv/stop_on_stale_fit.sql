{# On what the models are fitted, per cut and in one text: another text means
   that the fit is not of this history. Whole numbers only: their sums do not
   depend on the order of the rows. #}
{% macro clv_fingerprints() %}
    {% set text = dbt.type_string() %}
    select
        cuts.cut_name,
        'cut ' || cast(cuts.cut_date as {{ text }})
        || ', ' || cast(cuts.horizon_days as {{ text }})
        || ' days ahead, at most ' || cast(cuts.lifetime_days as {{ text }})
        || '; ' || cast(coalesce(orders.customers, 0) as {{ text }})
        || ' customers with ' || cast(
            coalesce(orders.purchases, 0) as {{ text }}
        )
        || ' repeat purchases (' || cast(
            coalesce(orders.checksum, 0) as {{ text }}
        )
        || ') of ' || cast(coalesce(spends.cents, 0) as {{ text }})
        || ' cents; ' || cast(coalesce(renewals.due, 0) as {{ text }})
        || ' terms due, ' || cast(coalesce(renewals.lost, 0) as {{ text }})
        || ' lost (' || cast(coalesce(renewals.checksum, 0) as {{ text }})
        || ')' as fingerprint
    from {{ ref('int_clv_cuts') }} as cuts
    left join (
        select
            cut_name,
            sum(customer_count) as customers,
            sum(customer_count * frequency) as purchases,
            sum(
                cast(customer_count as bigint)
                * (recency_days + (frequency + 1) * age_days)
            ) as checksum
        from {{ ref('int_clv_cells') }}
        group by cut_name
    ) as orders
        on cuts.cut_name = orders.cut_name
    left join (
        select
            cut_name,
            sum(
                customer_count * purchase_count
                * cast(round(100 * mean_value) as bigint)
            ) as cents
        from {{ ref('int_clv_value_cells') }}
        group by cut_name
    ) as spends
        on cuts.cut_name = spends.cut_name
    left join (
        select
            cut_name,
            sum(case when plan_id = 'all' then due else 0 end) as due,
            sum(case when plan_id = 'all' then lost else 0 end) as lost,
            sum(
                cast(renewal_number as bigint) * (due + 2 * lost)
                + 3 * starts
            ) as checksum
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
