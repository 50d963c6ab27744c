{#
    First step of every run: refuses a run that would not do what was meant,
    and says what is read. Runs before build and run only, so that docs and
    listings work without any input; the clock is asked before every command
    that changes tables.

    Usage: on-run-start in dbt_project.yml.
#}
{% macro check_and_announce_run() %}
    {% if execute and changes_tables() %}
        {% do stop_on_clock_set_back() %}
    {% endif %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do _check_variable_names() %}
        {% for name in policies() %}
            {% do policy(name) %}
        {% endfor %}
        {% do _check_one_grace() %}
        {% do mapped_columns('orders') %}
        {% set inputs = locate_inputs() %}
        {{ log(
            "Inputs: " ~ inputs.origin
            ~ (" (the bundled demo; set input_path for your own files)"
               if inputs.is_demo else ""),
            info=true
        ) }}
        {% for table, input in inputs.tables.items() %}
            {# Refuses a header that lacks a column, before any table. #}
            {% do read_input(table) %}
            {{ log(
                "  " ~ table ~ " " * (24 - table | length)
                ~ _input_in_words(input),
                info=true
            ) }}
        {% endfor %}
    {% endif %}
{% endmacro %}


{# dbt says nothing to a variable that no one reads: a misspelt input_path
   would silently build the demo. #}
{% macro _check_variable_names() %}
    {% for name, value in invocation_args_dict.get('vars', {}).items() %}
        {% if name not in policies() and project_name == 'perennial' %}
            {{ exceptions.raise_compiler_error(
                "there is no variable " ~ name
                ~ nearest_name_hint(name, policies().keys())
                ~ "; the variables are " ~ policies().keys() | join(', ')
            ) }}
        {% elif name in ('input_path', 'input_schema') and not value %}
            {{ exceptions.raise_compiler_error(
                "variable " ~ name ~ " is given and empty; leave it out to "
                ~ "build the demo"
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}


{# Two rules for one gap would need a third that says which of them wins. #}
{% macro _check_one_grace() %}
    {% if policy('reactivation_after') == 'full_month'
        and policy('reactivation_grace_days') > 0 %}
        {{ exceptions.raise_compiler_error(
            "reactivation_grace_days: " ~ policy('reactivation_grace_days')
            ~ " and reactivation_after: full_month exclude each other; set "
            ~ "one of them"
        ) }}
    {% endif %}
{% endmacro %}


{# "orders.csv, 6919 rows" #}
{% macro _input_in_words(input) %}
    {% if input.form == 'absent' %}
        {% do return('absent') %}
    {% endif %}
    {% set place = input.relation if input.form == 'relation'
        else input.files[0] if input.files | length == 1
        else input.files | length ~ ' files like ' ~ input.files[0] %}
    {% set row_count = run_query(count_input_rows(input)).columns[0][0] %}
    {% do return(place ~ ', ' ~ row_count | int ~ ' rows') %}
{% endmacro %}
