{#
    Net revenue expected of a repeat purchase that is paid for: the customer's
    own mean weighed against that of all, as the fitted model says. Under
    Gamma-Gamma p (v + x m) / (p x + q - 1) (Fader and Hardie 2013, equation 5).
    Null where no model was fitted.

    Arguments
        parameters  CTE of int_clv_parameters_spread
        customers   CTE with paid_frequency (x) and repeat_spend (x m)
#}
{% macro paid_order_value(parameters, customers) -%}
    case {{ parameters }}.order_value_status
        when 'gamma_gamma'
            then
                {{ parameters }}.p
                * ({{ parameters }}.v + {{ customers }}.repeat_spend)
                / (
                    {{ parameters }}.p * {{ customers }}.paid_frequency
                    + {{ parameters }}.q - 1
                )
        when 'shrunk_mean'
            then
                (
                    {{ parameters }}.prior_purchases
                    * {{ parameters }}.population_mean
                    + {{ customers }}.repeat_spend
                )
                / (
                    {{ parameters }}.prior_purchases
                    + {{ customers }}.paid_frequency
                )
    end
{%- endmacro %}
