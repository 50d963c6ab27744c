{#
    The checked value of a project variable.

    Models read variables through this macro only, so that a value that means
    nothing stops the run with the allowed ones, and so that no text reaches
    SQL that its pattern does not describe.

    Arguments
        name  a variable listed in policies()

    Returns the value; what the preset says for a disputed one that is empty;
    none for an optional one.

    Usage
        {{ policy('lapsed_after_days') }}
#}
{% macro policy(name) %}
    {% set rule = perennial.policies()[name] %}
    {% do perennial._refuse_template(name) %}
    {% set value = var(name) %}
    {% do perennial._refuse_address(name, value) %}
    {% if value is none or value | string | trim == '' %}
        {% if rule.preset %}
            {% do return(
                perennial.presets()[perennial.policy('metric_preset')][name]
            ) %}
        {% elif not rule.optional %}
            {{ exceptions.raise_compiler_error(
                "variable " ~ name ~ " is empty; it takes "
                ~ perennial._accepted_values(rule)
            ) }}
        {% endif %}
        {% do return(none) %}
    {% endif %}
    {% if not perennial._is_accepted(value, rule) %}
        {{ exceptions.raise_compiler_error(
            "variable " ~ name ~ ": " ~ value ~ " is not accepted; it takes "
            ~ perennial._accepted_values(rule)
        ) }}
    {% endif %}
    {% if rule.kind == 'choices' %}
        {% do return([value] if value is string else value | list) %}
    {% endif %}
    {% do return(value) %}
{% endmacro %}


{# dbt runs what looks like a template in a variable of the command line. #}
{% macro _refuse_template(name) %}
    {% set given = (invocation_args_dict.get('vars') or {}).get(name) %}
    {% if given is string
        and modules.re.search('[{][{%#]', given) is not none %}
        {{ exceptions.raise_compiler_error(
            "variable " ~ name ~ ": " ~ given ~ " is not accepted; it takes "
            ~ "no text with a brace before another one, % or #"
        ) }}
    {% endif %}
{% endmacro %}


{# What a variable says stands in build_info, and in messages. #}
{% macro _refuse_address(name, value) %}
    {% set text = '' if value is none or value is number
        else value | string %}
    {% set shown = perennial.shown_path(text) %}
    {% if shown != text %}
        {{ exceptions.raise_compiler_error(
            "variable " ~ name ~ ": " ~ shown ~ " is not accepted; it takes "
            ~ "no text with an e-mail address in it (***), since variables "
            ~ "are published" ~ (
                "; name the folder by a relative path, or by a link to it"
                if name == 'input_path' else ''
            )
        ) }}
    {% endif %}
{% endmacro %}


{# True when the value fits the rule's kind and bounds. #}
{% macro _is_accepted(value, rule) %}
    {% if rule.kind == 'choice' %}
        {% do return(value in rule.allowed) %}
    {% elif rule.kind == 'choices' %}
        {% set values = value if value is sequence and value is not string
            else [value] %}
        {% do return(
            values | length > 0 and value is not mapping
            and values | reject('in', rule.allowed) | list == []
        ) %}
    {% elif rule.kind == 'boolean' %}
        {% do return(value is boolean) %}
    {% elif rule.kind == 'mapping' %}
        {% do return(value is mapping) %}
    {% elif rule.kind == 'zone' %}
        {% do return(
            value is string and value in modules.pytz.all_timezones_set
        ) %}
    {% elif rule.kind in ('number', 'whole') %}
        {% do return(
            perennial.is_finite(value)
            and (rule.kind == 'number' or value is integer)
            and value >= rule.get('minimum', value)
            and value <= rule.get('maximum', value)
        ) %}
    {% elif rule.kind == 'date' %}
        {% do return(perennial._is_calendar_day(value | string)) %}
    {% endif %}
    {% set pattern = rule.get('pattern', '.+') %}
    {% do return(
        modules.re.fullmatch(pattern, value | string) is not none
    ) %}
{% endmacro %}


{# True for a number that SQL can write: YAML knows .inf and .nan too. #}
{% macro is_finite(value) %}
    {% do return(
        value is number and value is not boolean and value - value == 0
    ) %}
{% endmacro %}


{# True for a day like 2024-02-29 that the calendar has. #}
{% macro _is_calendar_day(text) %}
    {% if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', text) %}
        {% do return(false) %}
    {% endif %}
    {% set year, month, day = text[:4] | int, text[5:7] | int, text[8:] | int %}
    {% set is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) %}
    {% set lengths = [
        31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    ] %}
    {% do return(
        year > 0 and 1 <= month and month <= 12
        and 1 <= day and day <= lengths[month - 1]
    ) %}
{% endmacro %}


{# The accepted values in words, for messages. #}
{% macro _accepted_values(rule) %}
    {% if rule.allowed %}
        {% do return(
            ('one of ' if rule.kind == 'choice' else 'a list of ')
            ~ rule.allowed | join(', ')
        ) %}
    {% elif rule.kind == 'boolean' %}
        {% do return('true or false') %}
    {% elif rule.kind == 'mapping' %}
        {% do return('a mapping like {name: value}') %}
    {% elif rule.kind == 'zone' %}
        {% do return('a time zone like UTC or Europe/Berlin') %}
    {% elif rule.kind == 'date' %}
        {% do return('a date like 2025-12-31') %}
    {% elif rule.kind == 'text' %}
        {% do return('text that matches ' ~ rule.get('pattern', '.+')) %}
    {% endif %}
    {% set words = 'a whole number' if rule.kind == 'whole' else 'a number' %}
    {% if 'minimum' in rule %}
        {% set words = words ~ ' from ' ~ rule.minimum %}
    {% endif %}
    {% if 'maximum' in rule %}
        {% set words = words ~ ' to ' ~ rule.maximum %}
    {% endif %}
    {% do return(words) %}
{% endmacro %}


{# All variables with the values of this run, as text. #}
{% macro policy_values() %}
    {% set values = {} %}
    {% for name in perennial.policies() %}
        {% do values.update({name: perennial.policy(name) | string}) %}
    {% endfor %}
    {% do return(values) %}
{% endmacro %}
