{#
    Refuses files that the engine could not read, in words of ours: an engine's
    own message may quote the data, and comes after tables were made.

    A folder that is named as a file, a folder without files, a Parquet file
    that is none or is cut off, a CSV file whose lines end in several ways.
    What is found by reading values (a missing column, a bad cell) is told
    later.

    Arguments
        inputs  the answer of locate_inputs

    Usage: check_and_announce_run, before anything is read.
#}
{% macro stop_on_damaged_files(inputs) %}
    {% set files = [] %}
    {% for input in inputs.tables.values() %}
        {% do files.extend(input.files) %}
    {% endfor %}
    {% if files %}
        {% do adapter.dispatch('stop_on_damaged_files', 'perennial')(
            inputs, files
        ) %}
    {% endif %}
{% endmacro %}

{# Only DuckDB reads files; see list_files. #}
{% macro default__stop_on_damaged_files(inputs, files) %}{% endmacro %}

{% macro duckdb__stop_on_damaged_files(inputs, files) %}
    {% do _stop_on_folders(inputs, files) %}
    {% for file in files %}
        {% if file.endswith('.parquet') %}
            {% do _stop_on_broken_parquet(file) %}
        {% else %}
            {% do stop_on_mixed_line_ends(file) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{# glob lists no folders; but <folder>/../<file> is there only if it is one.
   Not where the path itself looks like a pattern: then it always is. #}
{% macro _stop_on_folders(inputs, files) %}
    {% set root = modules.re.sub('/+$', '', inputs.folder) ~ '/' %}
    {% set beside = namespace(path=none) %}
    {% for file in files if escaped_pattern(file) == file %}
        {% set beside.path = '/../' ~ file[root | length:] %}
    {% endfor %}
    {% if not beside.path %}
        {% do return('') %}
    {% endif %}
    {% set names = [] %}
    {% for table, input in inputs.tables.items() %}
        {% do names.extend([table ~ '.csv', table ~ '.parquet']) %}
        {% if input.form == 'absent' %}
            {% do names.append(table) %}
        {% endif %}
    {% endfor %}
    {% set selects = [] %}
    {% for name in names %}
        {% do selects.append(
            'select ' ~ sql_text(name) ~ ' as name from glob('
            ~ sql_text(root ~ name ~ beside.path) ~ ')'
        ) %}
    {% endfor %}
    {% for name in run_query(selects | join(' union all ')).columns[0] %}
        {{ exceptions.raise_compiler_error(
            root ~ name ~ (
                " is a folder, and has the name of a file; a folder of part "
                ~ "files is called " ~ name.split('.')[0]
                if '.' in name else " is a folder without a file in it"
            )
        ) }}
    {% endfor %}
{% endmacro %}


{# A Parquet file starts and ends with PAR1; before the last one stands the
   length of its table of contents. Content is not asked of very large files:
   it takes as much memory as the file. #}
{% macro _stop_on_broken_parquet(file) %}
    {% set blob = 'read_blob(' ~ file_pattern(file) ~ ')' %}
    {% set bytes = run_query('select size from ' ~ blob).rows[0][0] | int %}
    {% if bytes == 0 %}
        {{ exceptions.raise_compiler_error(
            file ~ ": the file is empty, not even a Parquet file without rows"
        ) }}
    {% elif bytes > 1000000000 %}
        {% do _read_all_of_parquet(file) %}
        {% do return('') %}
    {% endif %}
    {% set row = run_query(
        "select content[1:4] = 'PAR1'::blob, content[-4:] = 'PAR1'::blob, "
        ~ "concat('0x', hex(content[-5:-5]), hex(content[-6:-6]), "
        ~ "hex(content[-7:-7]), hex(content[-8:-8]))::bigint from " ~ blob
    ).rows[0] if bytes >= 12 else [false, false, 0] %}
    {% if not row[0] %}
        {{ exceptions.raise_compiler_error(
            file ~ ": this is no Parquet file, whatever its name says"
        ) }}
    {% elif not row[1] %}
        {{ exceptions.raise_compiler_error(
            file ~ ": the end of this Parquet file is missing, as after a "
            ~ "broken transfer; fetch it again"
        ) }}
    {% elif row[2] | int + 12 > bytes %}
        {{ exceptions.raise_compiler_error(
            file ~ ": the table of contents of this Parquet file is damaged; "
            ~ "fetch it again"
        ) }}
    {% endif %}
    {% do _read_all_of_parquet(file) %}
{% endmacro %}


{# Values that can not be read end in words of the engine, partly without a
   name, and a macro can not catch them: the line before says what was read. #}
{% macro _read_all_of_parquet(file) %}
    {{ log(
        "  reads all of " ~ file ~ "; an error right after this line means "
        ~ "that the file is damaged",
        info=true
    ) }}
    {% do run_query(
        'select bit_xor(hash(read_row)) from read_parquet('
        ~ file_pattern(file) ~ ', hive_partitioning = false) as read_row'
    ) %}
{% endmacro %}
