{#
    SQL text by which DuckDB reads one file and no other: it takes each path
    for a pattern, in which a[1].csv means a1.csv.

    Arguments
        path  path of the file

    Usage
        'read_blob(' ~ file_pattern(file) ~ ')'
#}
{% macro file_pattern(path) %}
    {% do return(sql_text(escaped_pattern(path))) %}
{% endmacro %}


{# A list of them. #}
{% macro file_patterns(paths) %}
    {% set patterns = [] %}
    {% for path in paths %}
        {% do patterns.append(escaped_pattern(path)) %}
    {% endfor %}
    {% do return(sql_list(patterns)) %}
{% endmacro %}


{# The path as a pattern that only it matches. #}
{% macro escaped_pattern(path) %}
    {% do return(modules.re.sub('([*?[])', '[\\1]', path)) %}
{% endmacro %}
