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
        ~ ') > 0 or position(chr(13) in ' ~ record
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
        ~ '\nfrom read_csv(\n    ' ~ file_pattern(file)
        ~ ',\n    header = false,\n    skip = 1,\n    auto_detect = false,'
        ~ '\n    hive_partitioning = false,'
        ~ '\n    delim = ' ~ sql_text(header.delimiter)
        ~ ",\n    quote = '\"',\n    escape = '\"',\n    strict_mode = true,"
        ~ '\n    columns = {' ~ types | join(', ') ~ '},'
        ~ '\n    max_line_size = ' ~ longest_line() ~ ','
        ~ '\n    store_rejects = true,'
        ~ "\n    rejects_table = 'rejects_of_" ~ table ~ "',"
        ~ "\n    rejects_scan = 'reject_scans_of_" ~ table ~ "'\n)"
    ) %}
{% endmacro %}


{# The delimiter and names of a file's first line. The delimiter is the one
   that yields the most names of the contract. #}
{% macro _read_csv_header(table, file) %}
    {% set facts = line_facts(file) %}
    {% do _stop_on_no_header(table, file, facts.first_line) %}
    {% set known = input_contract()[table].columns.keys() | list
        + mapped_columns(table).values() | list %}
    {% set best = namespace(count=-1, delimiter=',', names=[]) %}
    {% for delimiter in [',', ';', '\t', '|'] %}
        {% set names = [] %}
        {% for name in facts.first_line.split(delimiter) %}
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
    {% for part in facts.first_line.split(best.delimiter)
        if part.count('"') % 2 == 1 %}
        {{ exceptions.raise_compiler_error(
            file ~ ": a name in line 1, the header, holds the delimiter of the "
            ~ "file, in quotes; give the column another name"
        ) }}
    {% endfor %}
    {% do return({
        'delimiter': best.delimiter,
        'names': best.names,
    }) %}
{% endmacro %}


{# A first line that is no line of text can name no columns. #}
{% macro _stop_on_no_header(table, file, line) %}
    {% set cause = namespace(text=none) %}
    {% if not line or line[0] in '\r\n' %}
        {% set cause.text = "the first line is empty; it has to name the "
            ~ "columns of " ~ table %}
    {% elif line[:4] == 'PAR1' %}
        {% set cause.text = "this is a Parquet file; call it " ~ table
            ~ ".parquet" %}
    {% elif line[:2] == 'PK' and line[2:3] < ' ' %}
        {% set cause.text = "this is a workbook or a ZIP archive; save it as "
            ~ "CSV in UTF-8" %}
    {% elif line[0] == '\x1f' %}
        {% set cause.text = "this file is compressed; unpack it" %}
    {% elif line.count('\x00') > 0.3 * line | length %}
        {% set cause.text = "this file is in UTF-16; save it as CSV in "
            ~ "UTF-8" %}
    {% elif '\x00' in line %}
        {% set cause.text = "line 1 holds NUL bytes; export the file again" %}
    {% elif line.count('"') % 2 == 1 %}
        {% set cause.text = "a quote opens in line 1, the header, and is not "
            ~ "closed there" %}
    {% endif %}
    {% if cause.text %}
        {{ exceptions.raise_compiler_error(file ~ ': ' ~ cause.text) }}
    {% endif %}
{% endmacro %}
