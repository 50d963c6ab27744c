{#
    Says of each `sound_rows` test that failed which rules were broken, and by
    how many rows: its name tells the table only. Rules are told and no value,
    since a value may be anyone's address.

    Arguments
        results  what dbt knows of the nodes of this run

    Returns no SQL.

    Usage: on-run-end in dbt_project.yml.
#}
{% macro tell_broken_rules(results) %}
    {% for result in results
        if result.status | string in ('fail', 'warn')
        and result.node.test_metadata
        and result.node.test_metadata.name == 'sound_rows' %}
        {% set rules = run_query(
            'select broken_rules, count(*) as row_count from ('
            ~ result.node.compiled_code
            ~ ') broken group by broken_rules order by broken_rules'
        ) %}
        {% for rule in rules %}
            {% do log(
                result.node.name ~ ', ' ~ rule['row_count']
                ~ (' row: ' if rule['row_count'] == 1 else ' rows: ')
                ~ rule['broken_rules'] | trim('; '),
                info=true
            ) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
