{#
    Where each table of the input contract is found in this run.

    A folder (`input_path`), a schema (`input_schema`), or the bundled demo
    when neither is set. Everything that could make a run read less than the
    user believes is an error here: no orders and no subscriptions, a file
    that matches no table, two forms of one table. So is an e-mail address in
    the name of a file, which goes with each of its rows.

    Returns a dict with
        origin  the folder or schema in words
        folder  the folder, none for a schema
        is_demo true for the bundled demo
        tables  dict: table -> {form, files, relation}, form being csv,
                parquet, relation or absent

    Usage
        {% set input = locate_inputs().tables['orders'] %}
#}
{% macro locate_inputs() %}
    {% set path = policy('input_path') %}
    {% set schema = policy('input_schema') %}
    {% if path and schema %}
        {{ exceptions.raise_compiler_error(
            "input_path and input_schema are both set; inputs come from one "
            ~ "place: leave out one of them"
        ) }}
    {% endif %}
    {% if schema %}
        {% set tables = _locate_relations(schema) %}
        {% set origin = 'schema ' ~ schema %}
        {% set folder = none %}
    {% else %}
        {% set folder = (path or _demo_path()) | string %}
        {% set tables = _locate_files(folder) %}
        {% set origin = 'folder ' ~ folder %}
    {% endif %}
    {% if tables.orders.form == 'absent'
        and tables.subscriptions.form == 'absent' %}
        {{ exceptions.raise_compiler_error(
            "no orders and no subscriptions: looked in " ~ origin ~ " for "
            ~ ("the tables orders and subscriptions" if schema else
               "orders.csv, orders.parquet, a folder orders/, and the same "
               ~ "for subscriptions; at least one of the two must be there")
        ) }}
    {% endif %}
    {% do return({
        'origin': origin,
        'folder': folder,
        'is_demo': not path and not schema,
        'tables': tables,
    }) %}
{% endmacro %}


{# The demo's folder: in this project, or where dbt installed the package. #}
{% macro _demo_path() %}
    {% if project_name == 'perennial' %}
        {% do return('data/demo') %}
    {% endif %}
    {% do return('dbt_packages/perennial/data/demo') %}
{% endmacro %}


{# Sorts the files of a folder to tables; only file engines have one. #}
{% macro _locate_files(folder) %}
    {% set root = modules.re.sub('/+$', '', folder) ~ '/' %}
    {% set found = {} %}
    {% set strangers = [] %}
    {% for file in list_files(root) %}
        {% set parts = file[root | length:].split('/') %}
        {% set stem = parts[0] if parts | length == 2
            else modules.re.sub('[.][^.]*$', '', parts[0]) %}
        {% set form = file.split('.')[-1] %}
        {% if parts[-1].startswith('.') %}
            {# hidden files are not data #}
        {% elif shown_path(file[root | length:]) != file[root | length:] %}
            {{ exceptions.raise_compiler_error(
                root ~ shown_path(file[root | length:]) ~ ": *** stands for a "
                ~ "name with an e-mail address in it; names of files are "
                ~ "published, so rename it"
            ) }}
        {% elif parts | length > 2 or form not in ('csv', 'parquet')
            or stem not in input_contract() %}
            {% do strangers.append(file[root | length:]) %}
        {% else %}
            {% do found.setdefault(stem, {}).setdefault(
                form ~ (' folder' if parts | length == 2 else ' file'), []
            ).append(file) %}
        {% endif %}
    {% endfor %}
    {% if strangers %}
        {{ exceptions.raise_compiler_error(
            "no table of the input contract for " ~ strangers | join(', ')
            ~ " in " ~ folder ~ nearest_name_hint(
                modules.re.split('[./]', strangers[0])[0],
                input_contract().keys()
            ) ~ "; the tables are " ~ input_contract().keys() | join(', ')
            ~ ", each as <table>.csv, <table>.parquet or a folder <table>/ "
            ~ "of such files"
        ) }}
    {% endif %}
    {% set tables = {} %}
    {% for table in input_contract() %}
        {% set forms = found.get(table, {}) %}
        {% if forms | length > 1 %}
            {{ exceptions.raise_compiler_error(
                "table " ~ table ~ " is there in " ~ forms | length
                ~ " forms (" ~ forms.keys() | sort | join(', ') ~ ") in "
                ~ folder ~ "; keep one"
            ) }}
        {% endif %}
        {% for form, files in forms.items() %}
            {% do tables.update({table: {
                'form': form.split(' ')[0], 'files': files | sort,
            }}) %}
        {% else %}
            {% do tables.update({table: {'form': 'absent', 'files': []}}) %}
        {% endfor %}
    {% endfor %}
    {% do return(tables) %}
{% endmacro %}


{# Looks each table up in `schema` or `database.schema`. While a load into
   Spark replaces them, or after it was killed then, a table says so. #}
{% macro _locate_relations(schema) %}
    {% set parts = schema.split('.') %}
    {% set tables = {} %}
    {% set place = {
        'database': parts[-2] if parts | length > 1 else target.database,
        'schema': parts[-1],
    } %}
    {% if adapter.get_relation(
        identifier='perennial_load_in_progress', **place
    ) %}
        {{ exceptions.raise_compiler_error(
            "a perennial load into schema " ~ schema ~ " has not ended, so its "
            ~ "tables may be of two loads; wait until it is done, or load again"
        ) }}
    {% endif %}
    {% for table in input_contract() %}
        {% set relation = adapter.get_relation(identifier=table, **place) %}
        {% do tables.update({table: {
            'form': 'relation' if relation else 'absent',
            'files': [],
            'relation': relation,
        }}) %}
    {% endfor %}
    {% do return(tables) %}
{% endmacro %}


{# All files below a folder (path with a slash at its end), sorted. #}
{% macro list_files(root) %}
    {% do return(adapter.dispatch('list_files', 'perennial')(root)) %}
{% endmacro %}

{% macro default__list_files(root) %}
    {{ exceptions.raise_compiler_error(
        "files are read by DuckDB only; on " ~ target.type
        ~ " set input_schema to a schema that holds the input tables"
    ) }}
{% endmacro %}

{% macro duckdb__list_files(root) %}
    {# A folder may be called data[1]: no pattern is meant. ** passes over
       linked files and folders, * does not. #}
    {% set folder = escaped_pattern(root) %}
    {% do return(
        run_query(
            "select file from glob(" ~ sql_text(folder ~ '**') ~ ")"
            ~ " union select file from glob(" ~ sql_text(folder ~ '*') ~ ")"
            ~ " union select file from glob(" ~ sql_text(folder ~ '*/*') ~ ")"
            ~ " order by file"
        ).columns[0].values()
    ) %}
{% endmacro %}
