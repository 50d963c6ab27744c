{#
    Settles whether a run may be a daily one: whether what the last run left is
    whole, made by the same project with the same variables, and of this month.
    Else everything is computed anew, and the run says why.

    One row of dbt_last_build is what a run may build on: it is marked as not
    whole before anything is changed and as whole when all is done, so that a
    run that fails or is killed is followed by a full one.
#}

{# Before anything is built. Returns SQL, for the hook to run.

   Usage: on-run-start in dbt_project.yml, after check_and_announce_run. #}
{% macro settle_refresh_start() %}
    {% if not (execute and changes_tables() and target.type == 'duckdb') %}
        {% do return('') %}
    {% endif %}
    {% do run_query(
        'create table if not exists ' ~ _last_build_relation()
        ~ ' (invocation_id text)'
    ) %}
    {% set last = _last_build() %}
    {% set made_by = _made_by() %}
    {% set reason = _reason_to_refresh(last, made_by) %}
    {% set as_of_date = "'" ~ last.as_of_date ~ "'"
        if last and last.as_of_date else 'null' %}
    {% do return(
        'create or replace table ' ~ _last_build_relation() ~ ' as select '
        ~ sql_text(invocation_id) ~ ' as invocation_id, '
        ~ sql_text(made_by) ~ ' as made_by, '
        ~ 'cast(' ~ as_of_date ~ ' as date) as as_of_date, '
        ~ 'false as is_whole, '
        ~ 'cast(' ~ (sql_text(reason) if reason else 'null')
        ~ ' as text) as refreshed_because'
    ) %}
{% endmacro %}


{#
    Once the as-of date is known: a month that begins adds a row for nearly
    every customer, and one that lies before the last build's takes some away.

    Usage: post-hook of util_as_of_date.
#}
{% macro settle_refresh() %}
    {% if not (execute and target.type == 'duckdb') %}
        {% do return('') %}
    {% endif %}
    {% set last = _last_build() %}
    {% set as_of_date = run_query(
        'select as_of_date from ' ~ this
    ).rows[0][0] %}
    {% set reason = last.refreshed_because or (
        'the as-of date was ' ~ last.as_of_date
        if as_of_date < last.as_of_date
        else 'a month has begun'
        if (as_of_date.year, as_of_date.month)
        != (last.as_of_date.year, last.as_of_date.month)
    ) %}
    {% if not reason %}
        {# The rows of touched customers lie everywhere, and to move the others
           together costs half of what to write the tables again does. They are
           written again in a full run, the first of a month at the latest. #}
        {% do run_query('set max_vacuum_tasks = 0') %}
    {% endif %}
    {{ log(
        'Everything is computed anew: ' ~ reason if reason
        else 'Only customers of whom something is new are computed anew',
        info=true
    ) }}
    {% do return(
        'update ' ~ _last_build_relation() ~ " set as_of_date = date '"
        ~ as_of_date ~ "', refreshed_because = "
        ~ (sql_text(reason) if reason else 'null')
    ) %}
{% endmacro %}


{# When all is done. Returns SQL, for the hook to run.

   Arguments
       results  what dbt knows of the nodes of this run

   Usage: on-run-end in dbt_project.yml. #}
{% macro settle_refresh_end(results) %}
    {% if not (execute and changes_tables() and target.type == 'duckdb') %}
        {% do return('') %}
    {% endif %}
    {% set done = [] %}
    {% for result in results if result.status | string == 'success' %}
        {% do done.append(result.node.unique_id) %}
    {% endfor %}
    {% set is_whole = _data_nodes() | reject('in', done) | list == []
        and not (flags.EMPTY or flags.SAMPLE) %}
    {% do return(
        'update ' ~ _last_build_relation() ~ ' set is_whole = ' ~ is_whole
        ~ " where invocation_id = '" ~ invocation_id ~ "'"
    ) %}
{% endmacro %}


{# dbt's own question of every incremental model, with our answer: a full
   refresh that is asked for, or that the run was found to need. #}
{% macro should_full_refresh() %}
    {% set asked = config.get('full_refresh') %}
    {% if asked is none %}
        {% set asked = flags.FULL_REFRESH %}
    {% endif %}
    {% if asked or config.get('unique_key') != 'customer_key' %}
        {% do return(asked) %}
    {% endif %}
    {% if not (execute and changes_tables()) %}
        {% do return(true) %}
    {% endif %}
    {% set settled = _last_build() %}
    {% do return(
        settled.invocation_id != invocation_id
        or settled.refreshed_because is not none
    ) %}
{% endmacro %}


{# Why this run can not build on the last one; none when it can. #}
{% macro _reason_to_refresh(last, made_by) %}
    {% if flags.FULL_REFRESH %}
        {% do return('--full-refresh') %}
    {% elif last is none %}
        {% do return('nothing was built yet') %}
    {% elif _data_nodes() | reject('in', selected_resources) | list
        or flags.EMPTY or flags.SAMPLE %}
        {% do return('a part of the project is built') %}
    {% elif not last.is_whole or last.invocation_id != _run_before() %}
        {% do return('the last run did not build everything') %}
    {% elif not _is_tracking_kept() %}
        {% do return('int_customers_tracked is gone') %}
    {% elif last.made_by != made_by %}
        {% do return('the project or its variables have changed') %}
    {% endif %}
    {% do return(none) %}
{% endmacro %}


{# The last run that changed tables: another version of the project may have,
   and know nothing of dbt_last_build. #}
{% macro _run_before() %}
    {% do return(run_query(
        'select max_by(invocation_id, started_at) from ' ~ runs_relation()
        ~ " where invocation_id <> '" ~ invocation_id ~ "'"
    ).rows[0][0]) %}
{% endmacro %}


{# False when it would be made anew, and forget who has gone. #}
{% macro _is_tracking_kept() %}
    {% set node = graph.nodes['model.perennial.int_customers_tracked'] %}
    {% do return(
        node.config.materialized == 'incremental'
        and not node.config.full_refresh
        and load_relation(api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias
        )) is not none
    ) %}
{% endmacro %}


{# All that makes data: models, seeds and snapshots. #}
{% macro _data_nodes() %}
    {% set names = [] %}
    {% for node in graph.nodes.values()
        if node.resource_type in ('model', 'seed', 'snapshot')
        and node.package_name == 'perennial' %}
        {% do names.append(node.unique_id) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#
    By what a build was made: variables, models, seeds and their columns,
    macros, dbt and DuckDB. dbt knows no text of a macro, so the files are read;
    where they can not be found, or were written after dbt had begun to read
    them, the run is made by something that no other is.
#}
{% macro _made_by() %}
    {% set parts = [dbt_version, run_query('select version()').rows[0][0]] %}
    {% for name, value in policy_values().items() if name != 'as_of_date' %}
        {% do parts.append(name ~ '=' ~ value) %}
    {% endfor %}
    {% for name in _data_nodes() | sort %}
        {% set node = graph.nodes[name] %}
        {% do parts.append(name ~ '=' ~ node.checksum.checksum) %}
        {% for column in node.columns.values() %}
            {% do parts.append(column.name ~ ' ' ~ (column.data_type or '')) %}
        {% endfor %}
    {% endfor %}
    {% set files = _macro_files() %}
    {% if 'settle_refresh.sql' in files | join(' ') %}
        {% set read = run_query(
            "select string_agg(md5(content), ' ' order by filename), "
            ~ 'max(epoch(last_modified)) from read_text('
            ~ file_patterns(files) ~ ')'
        ).rows[0] %}
        {% do parts.append(read[0]) %}
        {% if read[1] > run_started_at.timestamp() %}
            {% do parts.append(invocation_id) %}
        {% endif %}
    {% else %}
        {% do parts.append(invocation_id) %}
    {% endif %}
    {% do return('md5 ' ~ local_md5(parts | join('\n'))) %}
{% endmacro %}


{# The macros of the project that is run, and of its packages. #}
{% macro _macro_files() %}
    {% set files = [] %}
    {% for folder in ('', 'dbt_packages/*/') %}
        {% for row in run_query('select file from glob(' ~ sql_text(
            escaped_pattern(invocation_args_dict.project_dir | string) ~ '/'
            ~ folder ~ 'macros/**/*.sql'
        ) ~ ') order by file') %}
            {% do files.append(row['file']) %}
        {% endfor %}
    {% endfor %}
    {% do return(files) %}
{% endmacro %}


{# The row of dbt_last_build; none before the first run. #}
{% macro _last_build() %}
    {% do return(
        run_query('select * from ' ~ _last_build_relation()).rows | first
        or none
    ) %}
{% endmacro %}


{# Beside util_input_gate and dbt_runs, whatever project builds. #}
{% macro _last_build_relation() %}
    {% do return(runs_relation().incorporate(
        path={'identifier': 'dbt_last_build'}
    )) %}
{% endmacro %}
