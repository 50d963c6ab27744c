{# Who fits the models of predicted value: `dbt` where the engine runs Python
   models, else `command`, which is `perennial fit`. The same rule enables
   int_clv_models_estimated in its yml, where macros cannot be called. #}
{% macro clv_fitted_by() %}
    {% do return(
        perennial.policy('clv_fitted_by')
        or ('dbt' if target.type == 'duckdb' else 'command')
    ) %}
{% endmacro %}
