{# One row per cut, model, group, output, item, frequency, position and
   level. #}
{% if clv_fitted_by() == 'dbt' %}
{% set fitted = ref('int_clv_models_estimated') %}
{% else %}
{% set fitted = fitted_models_relation() %}
{% do stop_on_stale_fit() %}
{% endif %}

-- Without what the command notes of the history that it was fitted to.
select
    {{ fitted_models_columns() | join(',\n    ') }}

from {{ fitted }}

where output_name <> 'fitted_on'
