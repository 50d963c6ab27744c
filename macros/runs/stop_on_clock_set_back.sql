{#
    Refuses a run that would begin before one that is known: history and the
    record of runs go by time, and what is told now would count as told before.

    The history is asked for the last builds that changed it, the work file for
    its last run.

    Usage: in check_and_announce_run, before anything is written.
#}
{% macro stop_on_clock_set_back() %}
    {% for name in ('snap_builds', 'snap_closed_months') %}
        {% set node = graph.nodes['snapshot.perennial.' ~ name] %}
        {% set last_build = _last_time(
            load_relation(api.Relation.create(
                database=node.database, schema=node.schema,
                identifier=node.alias
            )),
            'told_at'
        ) %}
        {% if last_build %}
            {{ exceptions.raise_compiler_error(
                _clock_words('the history has a build', last_build)
                ~ ", or bring back an older copy of the history file "
                ~ _history_file(node.database)
            ) }}
        {% endif %}
    {% endfor %}
    {% set runs = load_relation(runs_relation()) %}
    {% set last_run = _last_time(runs, 'started_at') %}
    {% if last_run %}
        {{ exceptions.raise_compiler_error(
            _clock_words('the work file has a run', last_run)
            ~ "; if it was ahead before, remove the work file "
            ~ (target.path or target.database)
            ~ ", which the next build makes anew"
        ) }}
    {% endif %}
{% endmacro %}


{# The latest time of a table's column when it is later than this run, else
   none; none for a table that is not there. #}
{% macro _last_time(relation, column) %}
    {% if relation is none %}
        {% do return(none) %}
    {% endif %}
    {% do return(run_query(
        'select max(' ~ column ~ ') from ' ~ relation ~ ' where ' ~ column
        ~ ' > ' ~ timestamp_literal(run_started_at)
    ).columns[0][0]) %}
{% endmacro %}


{% macro _clock_words(what, time) %}
    {% do return(
        "the clock of this machine was set back: " ~ what ~ " that began at "
        ~ time.strftime('%Y-%m-%d %H:%M:%S') ~ " UTC, and now is "
        ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ " UTC; set the clock"
    ) %}
{% endmacro %}


{# The attached file; the database's name where there is none. #}
{% macro _history_file(database) %}
    {% for attached in target.attach or [] if attached.alias == database %}
        {% do return(attached.path) %}
    {% endfor %}
    {% do return(database) %}
{% endmacro %}
