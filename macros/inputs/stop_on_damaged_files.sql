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
            {% do _stop_on_mixed_line_ends(file) %}
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
{% endmacro %}


{# Where lines end in several ways, no one can tell an end from a character of
   a cell. Two counts tell of most files that they have one kind only: as many
   ends in both reads are line feeds, and half as many are both characters, or
   carriage returns only, each of which hides the line after it. #}
{% macro _stop_on_mixed_line_ends(file) %}
    {% set all = _counted_lines([file]) %}
    {% set fed = _counted_lines([file], up_to_return=true) %}
    {% if all.bytes == fed.bytes and all.ends in (fed.ends, 2 * fed.ends)
        or all.bytes != fed.bytes and fed.ends == (all.ends + 1) // 2 %}
        {% do return('') %}
    {% endif %}
    {# A byte order mark is three bytes that are in no line. #}
    {% set unseen = run_query(
        'select size from read_blob(' ~ file_pattern(file) ~ ')'
    ).rows[0][0] | int - all.bytes - all.ends %}
    {% set row = run_query(
        _first_other_end(file, unseen in (0, 3))
    ).rows[0] %}
    {% do _forget_rejects('rejected_lines') %}
    {% do _forget_rejects('rejected_again') %}
    {% if row[0] %}
        {{ exceptions.raise_compiler_error(
            file ~ ", line " ~ row[0] | int ~ ": this line ends in " ~ row[1]
            ~ ", the first one in " ~ row[2] ~ ". Line ends of several kinds "
            ~ "can not be told from text; save the file with one kind"
        ) }}
    {% endif %}
{% endmacro %}


{#
    The first line outside quotes that ends unlike the first one. Read twice:
    once every carriage return and line feed ends a line, once line feeds only.
    A line with as many ends in both reads ends in a line feed, one with twice
    as many in both characters; a line that the second read hides follows a
    carriage return. Blank lines count as ends of the line before.

    Arguments
        file      path of the file
        is_ended  whether its last line has an end
#}
{% macro _first_other_end(file, is_ended) %}
    {% do return("
with

" ~ _lines_with_ends('every', read_lines([file], 'rejected_lines')) ~ ",

" ~ _lines_with_ends('fed', read_lines([file], 'rejected_again', true)) ~ ",

kinds as (

    select
        every.line_number,
        every.is_last and every.ends = 1 and not " ~ is_ended ~ " as is_open,
        case
            when lead(fed.line is distinct from every.line) over (
                order by every.line_number
            ) then 'a carriage return'
            when every.ends = fed.ends then 'a line feed'
            when fed.ends = 1 and every.ends % 2 = 0
                then 'a carriage return and a line feed'
            else 'several ways'
        end as kind,
        sum(len(every.line) - len(replace(every.line, '\"', ''))) over (
            order by every.line_number
        ) % 2 as is_in_quotes

    from every

    left join fed on every.line_number = fed.line_number

),

outside as (

    select *, first_value(kind) over (order by line_number) as first_kind
    from kinds
    where is_in_quotes = 0 and not is_open

)

select
    min(line_number),
    min_by(kind, line_number),
    any_value(first_kind)

from outside

where kind <> first_kind
") %}
{% endmacro %}

{% macro _lines_with_ends(name, lines) %}
    {% do return(name ~ "_end as (

    select row_number() over () as place, line from " ~ lines ~ "

),

" ~ name ~ " as (

    select
        line,
        row_number() over (order by place) as line_number,
        lead(place) over (order by place) is null as is_last,
        coalesce(
            lead(place) over (order by place),
            1 + (select max(place) from " ~ name ~ "_end)
        ) - place as ends

    from " ~ name ~ "_end

    where line is not null

)") %}
{% endmacro %}
