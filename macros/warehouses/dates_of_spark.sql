{#
    dbt's dateadd on Spark, as one call: dbt's own writes the date nine times
    and forgets what is less than a second. So a term of a term of a date,
    which is a line here, would be pages that Spark takes seconds to read.
#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) %}
    {% do return(
        'timestampadd(' ~ datepart ~ ', cast(' ~ interval ~ ' as int), '
        ~ from_date_or_timestamp ~ ')'
    ) %}
{% endmacro %}


{# dbt's datediff on Spark, likewise: how many midnights, or first days of a
   month, lie between the two. #}
{% macro spark__datediff(first_date, second_date, datepart) %}
    {% if datepart == 'day' %}
        {% do return('datediff(' ~ second_date ~ ', ' ~ first_date ~ ')') %}
    {% elif datepart == 'month' %}
        {% do return(
            '((year(' ~ second_date ~ ') - year(' ~ first_date ~ ')) * 12'
            ~ ' + month(' ~ second_date ~ ') - month(' ~ first_date ~ '))'
        ) %}
    {% endif %}
    {{ exceptions.raise_compiler_error(
        'days and months are what Spark counts here, not ' ~ datepart
    ) }}
{% endmacro %}
