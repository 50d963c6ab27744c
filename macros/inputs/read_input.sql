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
    table, expressions, file_name, line_number, line_count='1'
) %}
    {% set text = dbt.type_string() %}
    {% set lines = [
        "cast('files' as " ~ text ~ ') as source_name',
        'cast(' ~ file_name ~ ' as ' ~ text ~ ') as file_name',
        'cast(' ~ line_number ~ ' as ' ~ dbt.type_bigint()
            ~ ') as line_number',
        'cast(' ~ line_count ~ ' as ' ~ dbt.type_bigint() ~ ') as line_count',
        'cast(null as ' ~ text ~ ') as unreadable_because',
    ] %}
    {% for column in input_contract()[table].columns %}
        {% do lines.append(
            'cast(' ~ expressions.get(column, 'null') ~ ' as ' ~ text ~ ') as '
            ~ column
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
#}
{% macro _match_columns(table, columns, names, place) %}
    {% set contract = input_contract()[table] %}
    {% set mapped = mapped_columns(table) %}
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
   row has a name of its own. #}
{% macro _read_relation(table, relation) %}
    {% set columns = {} %}
    {% set names = [] %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do columns.update({
            column.name | lower: typed_as_text(column.quoted, column.dtype)
        }) %}
        {% do names.append(column.name) %}
    {% endfor %}
    {% set matched = _match_columns(table, columns, names, relation | string) %}
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


{# A typed column as text in the form that unified reads. Floats would print
   as 1e-05, and whole ones as 7.0, which is not the id 7; all else prints as
   ISO or plain digits. #}
{% macro typed_as_text(column, data_type) %}
    {% do return(
        adapter.dispatch('typed_as_text', 'perennial')(column, data_type)
    ) %}
{% endmacro %}

{% macro default__typed_as_text(column, data_type) %}
    {% do return(column) %}
{% endmacro %}

{% macro duckdb__typed_as_text(column, data_type) %}
    {% if data_type | upper in ('FLOAT', 'DOUBLE') %}
        {% do return(
            'case when ' ~ column ~ ' = trunc(' ~ column ~ ') and abs('
            ~ column ~ ') < 1e18 then cast(cast(' ~ column
            ~ ' as hugeint) as varchar) else coalesce(regexp_replace(cast('
            ~ 'try_cast(' ~ column ~ " as decimal(38, 12)) as varchar), "
            ~ "'[.]?0+$', ''), cast(" ~ column ~ ' as varchar)) end'
        ) %}
    {% endif %}
    {% do return(column) %}
{% endmacro %}
