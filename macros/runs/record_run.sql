{#
    Keeps in dbt_runs which dbt runs have changed the tables, and whether each
    did all of it: a table tells nothing of the one that failed beside it.

    Not a model: a model is only there when all before it was well. A run that
    is killed leaves a row without an end, one that is refused leaves none.

    Returns SQL, for the hook to run.

    Usage: on-run-start in dbt_project.yml, after check_and_announce_run.
#}
{% macro record_run_start() %}
    {% if not (execute and changes_tables()) %}
        {% do return('') %}
    {% endif %}
    {% set runs = runs_relation() %}
    {% do adapter.create_schema(runs.without_identifier()) %}
    {% set known = {
        'invocation_id': sql_text(invocation_id),
        'command': sql_text(flags.WHICH),
        'started_at': timestamp_literal(run_started_at),
        'note': _run_note(),
    } %}
    {% set columns = [] %}
    {% set values = [] %}
    {% for name, type in _run_columns().items() %}
        {% do columns.append(name ~ ' ' ~ type) %}
        {% do values.append(known.get(name, 'null')) %}
    {% endfor %}
    {% do run_query(
        'create table if not exists ' ~ runs ~ ' (' ~ columns | join(', ')
        ~ ')'
    ) %}
    {% do return(
        'insert into ' ~ runs ~ ' values (' ~ values | join(', ') ~ ')'
    ) %}
{% endmacro %}


{#
    Says of the run that ends how much of the project it has built and tested.
    What failed is told by name and status: a message may show data.

    Arguments
        results  what dbt knows of the nodes of this run

    Returns SQL, for the hook to run.

    Usage: on-run-end in dbt_project.yml.
#}
{% macro record_run_end(results) %}
    {% if not (execute and changes_tables()) %}
        {% do return('') %}
    {% endif %}
    {% set outcome = _run_outcome(results) %}
    {% do return(
        'update ' ~ runs_relation()
        ~ ' set ended_at = ' ~ timestamp_literal(outcome.ended_at)
        ~ ', nodes_done = ' ~ outcome.done
        ~ ', nodes_failed = ' ~ outcome.failed
        ~ ', nodes_missing = ' ~ outcome.missing
        ~ ', first_failure = ' ~ (
            sql_text(outcome.first_failure) if outcome.first_failure
            else 'null'
        )
        ~ " where invocation_id = '" ~ invocation_id ~ "'"
    ) %}
{% endmacro %}


{# The table of the runs, beside util_input_gate, whatever project builds. #}
{% macro runs_relation() %}
    {% set gate = graph.nodes['model.perennial.util_input_gate'] %}
    {% do return(api.Relation.create(
        database=gate.database, schema=gate.schema, identifier='dbt_runs'
    )) %}
{% endmacro %}


{# True in the dbt commands that change tables and run hooks. #}
{% macro changes_tables() %}
    {% do return(flags.WHICH in ('build', 'run', 'seed', 'snapshot')) %}
{% endmacro %}


{% macro _run_columns() %}
    {% do return({
        'invocation_id': dbt.type_string(),
        'command': dbt.type_string(),
        'started_at': dbt.type_timestamp(),
        'ended_at': dbt.type_timestamp(),
        'nodes_done': dbt.type_int(),
        'nodes_failed': dbt.type_int(),
        'nodes_missing': dbt.type_int(),
        'first_failure': dbt.type_string(),
        'note': dbt.type_string(),
    }) %}
{% endmacro %}


{# The flags by which a run reads less than the whole input. #}
{% macro _run_note() %}
    {% set limits = [] %}
    {% for flag in ('empty', 'sample') if invocation_args_dict.get(flag) %}
        {% do limits.append('--' ~ flag) %}
    {% endfor %}
    {% do return(sql_text(limits | join(', ')) if limits else 'null') %}
{% endmacro %}


{#
    Counts the nodes that make the data or test it: models, seeds, snapshots
    and data tests of the graph. Unit tests say nothing about the data. What
    was skipped or not selected is missing. The end is that of the last node:
    no clock is read.
#}
{% macro _run_outcome(results) %}
    {% set run = namespace(done=0, failed=0, first=none, end=run_started_at) %}
    {% set reached = [] %}
    {% for result in results %}
        {% for step in result.timing if step.completed_at %}
            {% set end = modules.pytz.utc.localize(step.completed_at) %}
            {% set run.end = [run.end, end] | max %}
        {% endfor %}
        {% set status = result.status | string %}
        {% set counts = result.node.resource_type | string != 'unit_test' %}
        {% if not counts or status in ('skipped', 'no-op') %}
            {# missing, or no matter #}
        {% elif status in ('success', 'pass', 'warn') %}
            {% do reached.append(result.node.unique_id) %}
        {% else %}
            {% do reached.append(result.node.unique_id) %}
            {% set run.failed = run.failed + 1 %}
            {% set run.first = run.first
                or result.node.unique_id ~ ': ' ~ status %}
        {% endif %}
    {% endfor %}
    {% set missing = [] %}
    {% for node in graph.nodes.values()
        if node.resource_type in ('model', 'seed', 'snapshot', 'test')
        and node.config.materialized != 'ephemeral'
        and node.unique_id not in reached %}
        {% do missing.append(node.unique_id) %}
    {% endfor %}
    {% do return({
        'ended_at': run.end,
        'done': reached | length - run.failed,
        'failed': run.failed,
        'missing': missing | length,
        'first_failure': run.first,
    }) %}
{% endmacro %}
