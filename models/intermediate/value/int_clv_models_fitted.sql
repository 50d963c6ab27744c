{# One row per cut, model, group, output, item, frequency, position and
   level. #}
{% if clv_fitted_by() == 'dbt' -%}

select * from {{ ref('int_clv_models_estimated') }}

{%- else -%}

{{ stop_on_stale_fit() }}
select * from {{ fitted_models_relation() }}

where output_name <> 'fitted_on'

{%- endif %}
