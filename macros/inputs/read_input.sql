{#
    The raw rows of one table as a select: provenance, then every column of
    the contract as text, null where it was not brought. The body of a staging
    model.

    Columns are matched by header name, never by position, and nothing is
    converted: what can be used is decided in unified (design decision 3).

    Arguments
        table  a table of the input contract

    Returns SQL with source_name, file_name, line_number, line_count,
    unreadable_because and the contract's columns. A CSV line that could not
    be split has only its place and cause; place_lines adds those after the
    read.

    Usage
        {{ read_input('orders') }}
#}
{% macro read_input(table) %}
    {% if not execute %}
        {% do return('select 1 as placeholder') %}
    {% endif %}
    {% set input = locate_inputs().tables[table] %}
    {% set selects = [] %}
    {% if input.form == 'relation' %}
        {% do selects.append(_read_relation(table, input.relation)) %}
    {% elif input.form == 'absent' %}
        {% do selects.append(
            _input_select(table, {}, "''", '0') ~ '\nwhere 1 = 0'
        ) %}
    {% endif %}
    {% for file in input.files %}
        {% if input.form == 'csv' %}
            {% do selects.append(read_csv_file(table, file)) %}
        {% else %}
            {% do selects.append(read_parquet_file(table, file)) %}
        {% endif %}
    {% endfor %}
    {% do return(selects | join('\n\nunion all\n\n')) %}
{% endmacro %}


{#
    One raw row's select list. Kept in one place so that every form of input
    has the same columns in the same order.

    Arguments
        table        a table of the input contract
        expressions  dict: contract column -> SQL that gives it as text
        file_name    SQL
        line_number  SQL
        line_count   SQL, the physical lines that the row takes
#}
{% macro _input_select(
    table,
    expressions,
    file_name,
    line_number,
    line_count='1',
    unreadable_because='null'
) %}
    {% set lines = [
        binary_text("'files'") ~ ' as source_name',
        binary_text(file_name) ~ ' as file_name',
        'cast(' ~ line_number ~ ' as ' ~ dbt.type_bigint()
            ~ ') as line_number',
        'cast(' ~ line_count ~ ' as ' ~ dbt.type_bigint() ~ ') as line_count',
        binary_text(unreadable_because) ~ ' as unreadable_because',
    ] %}
    {% for column in input_contract()[table].columns %}
        {% do lines.append(
            binary_text(expressions.get(column, 'null')) ~ ' as ' ~ column
        ) %}
    {% endfor %}
    {% do return('select\n    ' ~ lines | join(',\n    ')) %}
{% endmacro %}


{#
    Contract column -> SQL of the brought column: the one that input_columns
    names, else the one of the same name, any case. A required column that was
    not brought, or a name brought twice, is an error: no row could be used, or
    one of two would be guessed.

    Arguments
        table    a table of the input contract
        columns  dict: brought name in lower case -> SQL; see also `names`
        names    the brought names as written
        place    the file or relation, for messages
        mapped   optional: what stands for mapped_columns
#}
{% macro _match_columns(table, columns, names, place, mapped=none) %}
    {% set contract = input_contract()[table] %}
    {% set mapped = mapped_columns(table) if mapped is none else mapped %}
    {% set folded = names | map('lower') | list %}
    {% set matched = {} %}
    {% set missing = [] %}
    {% for column in contract.columns %}
        {% set name = mapped.get(column, column) %}
        {% if folded | select('equalto', name) | list | length > 1 %}
            {{ exceptions.raise_compiler_error(
                place ~ ": column " ~ name ~ " is there twice"
            ) }}
        {% elif name in columns %}
            {% do matched.update({column: columns[name]}) %}
        {% elif column in contract.required or column in mapped %}
            {% do missing.append(
                name ~ (' (for ' ~ column ~ ')' if column in mapped else '')
            ) %}
        {% endif %}
    {% endfor %}
    {% if missing %}
        {{ exceptions.raise_compiler_error(
            place ~ ": table " ~ table ~ " needs the column"
            ~ ("s " if missing | length > 1 else " ") ~ missing | join(', ')
            ~ "; " ~ _brought_names(
                names,
                contract.columns.keys() | list + mapped.values() | list
            ) ~ ". Other names can be mapped with input_columns"
        ) }}
    {% endif %}
    {% do return(matched) %}
{% endmacro %}


{# What a header names, as far as it is a header: a first line that is data
   must not be shown. Names that are, or are like, known ones are shown, and
   only where none looks like a value; the others are counted. #}
{% macro _brought_names(names, known) %}
    {% set found = namespace(has_value=false) %}
    {% set shown = [] %}
    {% for name in names %}
        {% if name | lower in known or nearest_name_hint(name, known) %}
            {% do shown.append(name) %}
        {% endif %}
        {% if not modules.re.match('^([^\\W\\d][^@]{0,59})?$', name)
            or modules.re.search('[0-9]{4}|^[A-Za-z]{0,3}[-_ ]?[0-9]+$', name)
        %}
            {% set found.has_value = true %}
        {% endif %}
    {% endfor %}
    {% if not names %}
        {% do return('the file has no columns at all') %}
    {% elif shown and not found.has_value %}
        {% set more = names | length - shown | length %}
        {% do return(
            'the file has ' ~ shown | join(', ')
            ~ (' and ' ~ more ~ ' more' if more else '')
        ) %}
    {% endif %}
    {% do return(
        'line 1 has to name the columns, and its ' ~ names | length
        ~ ' value' ~ ('s do' if names | length > 1 else ' does')
        ~ ' not look like names'
    ) %}
{% endmacro %}


{# Tables have no line numbers; a running number stands in, so that every raw
   row has a name of its own. A table that perennial load has filled brings the
   places of its rows in the file, and the lines that could not be split. #}
{% macro _read_relation(table, relation) %}
    {% set columns = {} %}
    {% set names = [] %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do columns.update({
            column.name | lower: typed_as_text(column.quoted, column.dtype)
        }) %}
        {% do names.append(column.name) %}
    {% endfor %}
    {# A loaded table has the names of the contract: they were mapped then. #}
    {% set matched = _match_columns(
        table, columns, names, relation | string,
        {} if is_loaded(names) else none
    ) %}
    {% if is_loaded(names) %}
        {% do return(
            _input_select(
                table, matched, 'file_name', 'line_number', 'line_count',
                'unreadable_because'
            ) ~ '\nfrom ' ~ relation
        ) %}
    {% endif %}
    {% do return(
        _input_select(
            table,
            matched,
            sql_text(relation | string),
            'row_number() over (order by '
                ~ matched[input_contract()[table].required[0]] ~ ')'
        ) ~ '\nfrom ' ~ relation
    ) %}
{% endmacro %}


{# Whether a table with these columns was filled by perennial load. #}
{% macro is_loaded(names) %}
    {% for column in
        ('file_name', 'line_number', 'line_count', 'unreadable_because')
        if column not in names %}
        {% do return(false) %}
    {% endfor %}
    {% do return(true) %}
{% endmacro %}
