{#
    What PostgreSQL's planner needs to be told before a model. It guesses one
    row where conditions stand side by side, and then joins a million rows by
    looking through the other million for each: without nested loops it hashes,
    and loops only where nothing else can be done. Compiling an expression
    takes longer than most models. For the model's transaction alone.

    Usage: pre-hook of all models in dbt_project.yml.
#}
{% macro plan_by_hashing() %}
    {% do return(adapter.dispatch('plan_by_hashing', 'perennial')()) %}
{% endmacro %}

{% macro default__plan_by_hashing() %}{% endmacro %}

{% macro postgres__plan_by_hashing() %}
    {% do return('set local enable_nestloop = off; set local jit = off') %}
{% endmacro %}


{#
    The end of a subquery whose expressions are to be worked out once for each
    row. PostgreSQL would move them to where they are used, and read a date
    again for each pair of rows that a join by range tries.

    Usage
        select {{ expensive }} as value from rows {{ worked_out_once() }}
#}
{% macro worked_out_once() %}
    {% do return(adapter.dispatch('worked_out_once', 'perennial')()) %}
{% endmacro %}

{% macro default__worked_out_once() %}{% endmacro %}

{% macro postgres__worked_out_once() %}
    {% do return('\noffset 0') %}
{% endmacro %}


{#
    Tells PostgreSQL what is in the table that was just made: its planner knows
    nothing of one that it has not looked at.

    Usage: post-hook of all models in dbt_project.yml.
#}
{% macro gather_statistics() %}
    {% do return(adapter.dispatch('gather_statistics', 'perennial')()) %}
{% endmacro %}

{% macro default__gather_statistics() %}{% endmacro %}

{% macro postgres__gather_statistics() %}
    {% if model.config.materialized != 'view' %}
        {% do return('analyze ' ~ this) %}
    {% endif %}
{% endmacro %}
