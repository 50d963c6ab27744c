{#
    One CSV file as a select of the contract's columns, all text.

    DuckDB's sniffing lost and swapped rows silently (design decision 3), so
    nothing is detected: the header is read here, the dialect is fixed, every
    column is text, and lines that do not split go to a reject table that
    place_lines saves.

    Arguments
        table  a table of the input contract
        file   path of the file
#}
{% macro read_csv_file(table, file) %}
    {% set header = _read_csv_header(table, file) %}
    {% set columns = {} %}
    {% set types = [] %}
    {% set text = [] %}
    {% for name in header.names %}
        {% do columns.update({name | lower: 'c' ~ loop.index}) %}
        {% do types.append("'c" ~ loop.index ~ "': 'varchar'") %}
        {% do text.append('c' ~ loop.index) %}
    {% endfor %}
    {# A quoted field may hold line breaks; blank lines are no rows, not even
       in there. place_lines turns row numbers into line numbers. #}
    {% set record = "concat_ws('', " ~ text | join(', ') ~ ')' %}
    {% set line_count = 'case when position(chr(10) in ' ~ record
        ~ ') > 0 then 1 + len(regexp_extract_all(' ~ record
        ~ ", '[\\r\\n]+')) else 1 end" %}
    {% do return(
        _input_select(
            table,
            _match_columns(table, columns, header.names, file),
            sql_text(file),
            '1 + row_number() over ()',
            line_count
        )
        ~ '\nfrom read_csv(\n    ' ~ sql_text(file)
        ~ ',\n    header = false,\n    skip = 1,\n    auto_detect = false,'
        ~ '\n    delim = ' ~ sql_text(header.delimiter)
        ~ ",\n    quote = '\"',\n    escape = '\"',\n    strict_mode = true,"
        ~ '\n    columns = {' ~ types | join(', ') ~ '},'
        ~ '\n    store_rejects = true,'
        ~ "\n    rejects_table = 'rejects_of_" ~ table ~ "',"
        ~ "\n    rejects_scan = 'reject_scans_of_" ~ table ~ "'\n)"
    ) %}
{% endmacro %}


{# The delimiter and names of a file's first line. The delimiter is the one
   that yields the most names of the contract. #}
{% macro _read_csv_header(table, file) %}
    {% set first_line = _first_line(table, file) %}
    {% set known = input_contract()[table].columns.keys() | list
        + mapped_columns(table).values() | list %}
    {% set best = namespace(count=-1, delimiter=',', names=[]) %}
    {% for delimiter in [',', ';', '\t', '|'] %}
        {% set names = [] %}
        {% for name in first_line.split(delimiter) %}
            {% do names.append(
                modules.re.sub('^[\\s"\ufeff]+|[\\s"]+$', '', name)
            ) %}
        {% endfor %}
        {% set count = names | map('lower') | select('in', known) | list
            | length %}
        {% if count > best.count %}
            {% set best.count, best.delimiter, best.names =
                count, delimiter, names %}
        {% endif %}
    {% endfor %}
    {% do return({'delimiter': best.delimiter, 'names': best.names}) %}
{% endmacro %}


{# The first line as text; an error where there is none, or none in UTF-8. #}
{% macro _first_line(table, file) %}
    {% set lines = run_query(
        'select line from ' ~ read_lines([file]) ~ ' limit 1'
    ).columns[0].values() %}
    {% if not lines or not lines[0] %}
        {{ exceptions.raise_compiler_error(
            file ~ ": the first line is empty; it has to name the columns of "
            ~ table
        ) }}
    {% endif %}
    {% if lines[0][:2] in ('\xff\xfe', '\xfe\xff') %}
        {{ exceptions.raise_compiler_error(
            file ~ " is in UTF-16; save it as CSV in UTF-8"
        ) }}
    {% endif %}
    {% do return(lines[0].encode('latin-1').decode('utf-8', 'replace')) %}
{% endmacro %}


{# The physical lines of files as a relation with one column, line; blank
   lines are null. No quotes and a delimiter that text can not hold; bytes for
   characters, so that a line is a line in any encoding. #}
{% macro read_lines(files) %}
    {% do return(
        'read_csv(' ~ sql_list(files)
        ~ ", header = false, auto_detect = false, delim = chr(31), "
        ~ "quote = '', escape = '', encoding = 'latin-1', "
        ~ "columns = {'line': 'varchar'})"
    ) %}
{% endmacro %}
