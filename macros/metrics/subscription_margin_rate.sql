{# Margin per unit of subscription revenue: its own where one is set, even 0,
   else that of everything without a cost. #}
{% macro subscription_margin_rate() %}
    {% set own = perennial.policy('subscription_gross_margin') %}
    {% do return(
        perennial.policy('default_gross_margin') if own is none else own
    ) %}
{% endmacro %}
