{#
    A text from the inputs as a value of its kind, null when it is not one.
    The one place that says what a valid amount, date or word looks like, and
    the one where e-mail addresses end, wherever they were written: ids and
    texts have none from here on. Only columns that the contract calls personal
    stay as they are.

    Arguments
        column  text column
        kind    id, ids, text, personal, category, currency, timestamp,
                end_timestamp, date, amount, number, count, rate, score,
                boolean, billing_interval or subscription_status

    Returns an SQL expression. Amounts and numbers are decimal(18,6);
    timestamps are UTC without a zone; categories are folded to lower case
    with underscores, so that "Past Due" and "past-due" are one.

    Usage
        {{ typed_value('gross_amount', 'amount') }}
#}
{% macro typed_value(column, kind) %}
    {% if kind == 'personal' %}
        {% do return(clean_text(column)) %}
    {% elif kind == 'id' %}
        {% do return(unreadable_id(column)) %}
    {% elif kind == 'ids' %}
        {% do return(unreadable_ids(column)) %}
    {% elif kind == 'text' %}
        {% do return(unreadable_text(column, clean_text(column))) %}
    {% elif kind == 'category' %}
        {% do return(unreadable_text(
            column, folded_text(column), longest_category()
        )) %}
    {% elif kind == 'currency' %}
        {% do return(unreadable_text(
            column,
            "coalesce(" ~ upper_case(clean_text(column)) ~ ", "
            ~ sql_text(policy('reporting_currency')) ~ ")",
            longest_category()
        )) %}
    {% elif kind == 'billing_interval' %}
        {% do return(_spelled_like(column, billing_interval_spellings())) %}
    {% elif kind == 'subscription_status' %}
        {% do return(_spelled_like(column, subscription_status_spellings())) %}
    {% elif kind == 'boolean' %}
        {% do return(
            'case when ' ~ folded_text(column)
            ~ " in ('true', 't', 'yes', 'y', '1') then true when "
            ~ folded_text(column)
            ~ " in ('false', 'f', 'no', 'n', '0') then false end"
        ) %}
    {% elif kind in ('amount', 'number') %}
        {% do return(_decimal_value(column)) %}
    {% elif kind == 'count' %}
        {% do return(_count_value(column)) %}
    {% elif kind == 'rate' %}
        {% do return(safe_cast_if(
            column, '0*([0-9]{1,12}([.][0-9]+)?|[.][0-9]+)', 'decimal(24,12)'
        )) %}
    {% elif kind == 'score' %}
        {% do return(safe_cast_if(
            column, '(10|[0-9])([.]0*)?', 'decimal(18,6)', 'integer'
        )) %}
    {% elif kind == 'timestamp' %}
        {% do return(timestamp_value(column)) %}
    {% elif kind == 'end_timestamp' %}
        {% do return(end_timestamp_value(column)) %}
    {% elif kind == 'date' %}
        {% do return(_date_value(column)) %}
    {% endif %}
    {{ exceptions.raise_compiler_error("unknown kind of value: " ~ kind) }}
{% endmacro %}


{# Text without blanks around it; empty is null. #}
{% macro clean_text(column) %}
    {% do return("nullif(" ~ trimmed(column) ~ ", '')") %}
{% endmacro %}


{# Lower case, words joined by underscores. #}
{% macro folded_text(column) %}
    {% do return(
        "replace(replace(" ~ lower_case(clean_text(column))
        ~ ", ' ', '_'), '-', '_')"
    ) %}
{% endmacro %}


{# The name under which one of the spellings is listed, else null. #}
{% macro _spelled_like(column, spellings) %}
    {% set folded = folded_text(column) %}
    {% set lines = [] %}
    {% for name, others in spellings.items() %}
        {% do lines.append(
            'when ' ~ folded ~ " in ('" ~ ([name] + others) | join("', '")
            ~ "') then '" ~ name ~ "'"
        ) %}
    {% endfor %}
    {% do return('case ' ~ lines | join(' ') ~ ' end') %}
{% endmacro %}


{# Twelve digits before the point are what decimal(18,6) holds. #}
{% macro _decimal_value(column) %}
    {% do return(safe_cast_if(
        column, '[+-]?([0-9]{1,12}([.][0-9]+)?|[.][0-9]+)', 'decimal(18,6)'
    )) %}
{% endmacro %}


{# A day is the same day in every zone; only an instant falls on one or the
   other. #}
{% macro _date_value(column) %}
    {% do return(
        'case when ' ~ matches_pattern(trimmed(column), day_pattern())
        ~ ' then ' ~ try_cast(trimmed(column), 'date')
        ~ ' else ' ~ reporting_date(timestamp_value(column)) ~ ' end'
    ) %}
{% endmacro %}


{# A whole number from 1 to 1000: how many intervals one billing covers. #}
{% macro _count_value(column) %}
    {% do return(safe_cast_if(
        column, '0*([1-9][0-9]{0,2}|1000)([.]0*)?', 'decimal(18,6)', 'integer'
    )) %}
{% endmacro %}
