{#
    The margin of revenue whose cost is unknown. A margin of 1 leaves out the
    product, which is wider than a machine's number.

    Arguments
        revenue  SQL decimal(18,6)

    Usage
        {{ estimated_margin('revenues.net_revenue') }}
#}
{% macro estimated_margin(revenue) %}
    {% set rate = perennial.policy('default_gross_margin') %}
    {% if rate | float == 1 %}
        {% do return(revenue) %}
    {% endif %}
    {% do return('cast(' ~ revenue ~ ' as decimal(28, 6)) * ' ~ rate) %}
{% endmacro %}
