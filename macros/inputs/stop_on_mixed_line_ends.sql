{#
    Refuses a CSV file whose lines end in several ways: no one can tell an end
    from a character of a cell, and a reader that guesses loses rows. What
    stands in quotes is no end of a line.

    Two counts tell of nearly every file that it has one kind of ends: as many
    in a read that passes over what follows a carriage return (line feeds
    only), or half as many and the same text (both characters, in turn). Any
    other file is looked at as one text. That takes memory, so a file of more
    than a billion bytes is left to the reader, which stops on mixed ends.

    Arguments
        file  path of the file

    Usage: stop_on_damaged_files.
#}
{% macro stop_on_mixed_line_ends(file) %}
    {% set all = _counted_lines([file]) %}
    {% set fed = _counted_lines([file], up_to_return=true) %}
    {% if all.bytes == fed.bytes and all.ends in (fed.ends, 2 * fed.ends) %}
        {% do return('') %}
    {% endif %}
    {% set bytes = run_query(
        'select size from read_blob(' ~ file_pattern(file) ~ ')'
    ).rows[0][0] | int %}
    {% if bytes > 1000000000 %}
        {% do return('') %}
    {% endif %}
    {% set first = run_query(_ends_of_first_line(file)).rows[0][0] %}
    {% set kind = _kind_of_ends(first) %}
    {% if kind == 'several ways' %}
        {{ exceptions.raise_compiler_error(
            file ~ ", line 1: this line ends in "
            ~ ('two carriage returns and a line feed'
               if first == '\\x0D\\x0D\\x0A' else kind)
            ~ "; save the file with a line feed at the end of each line"
        ) }}
    {% elif kind %}
        {% set other = run_query(_first_other_end(file, {
            'a line feed': '\\\\x0A',
            'a carriage return': '\\\\x0D',
            'a carriage return and a line feed': '\\\\x0D\\\\x0A',
        }[kind])).rows[0] %}
        {% if other[0] %}
            {{ exceptions.raise_compiler_error(
                file ~ ", line " ~ other[1] | int ~ ": this line ends in "
                ~ _kind_of_ends(other[0]) ~ ", the first one in " ~ kind
                ~ ". Line ends of several kinds can not be told from text; "
                ~ "save the file with one kind"
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}


{# What the ends that follow each other are; blank lines have some too. #}
{% macro _kind_of_ends(ends) %}
    {% for end, kind in (
        ('\\x0D\\x0A', 'a carriage return and a line feed'),
        ('\\x0A', 'a line feed'),
        ('\\x0D', 'a carriage return'),
    ) if ends and not ends | replace(end, '') %}
        {% do return(kind) %}
    {% endfor %}
    {% do return('several ways' if ends else none) %}
{% endmacro %}


{# A pattern of what is no end of a line: a character of the bytes as text, in
   which quotes, ends and all beyond ASCII are written like \x22, or a whole
   quoted piece. #}
{% macro _no_end_of_line() %}
    {% set character = '[^\\\\]|\\\\x(?:[13-9A-F].|0[^AD]|2[^2])' %}
    {% set end = '\\\\x0[AD]' %}
    {% set quote = '\\\\x22' %}
    {% do return(
        character ~ '|' ~ quote ~ '(?:' ~ character ~ '|' ~ end ~ ')*' ~ quote
    ) %}
{% endmacro %}


{% macro _ends_of_first_line(file) %}
    {% do return("
select regexp_extract(
    regexp_extract(
        cast(content as varchar),
        '^(?:" ~ _no_end_of_line() ~ ")*(?:\\\\x0[AD])+'
    ),
    '(?:\\\\x0[AD])+$'
)

from read_blob(" ~ file_pattern(file) ~ ")") %}
{% endmacro %}


{# The ends of the first line, outside quotes, that are not all of the kind of
   the first, and its number; no ends where there is no such line. #}
{% macro _first_other_end(file, kind) %}
    {% do return("
with

bytes as (

    select cast(content as varchar) as text
    from read_blob(" ~ file_pattern(file) ~ ")

),

good as (

    select
        text,
        regexp_extract(
            text, '^(?:" ~ _no_end_of_line() ~ "|" ~ kind ~ ")*'
        ) as start

    from bytes

),

parts as (

    select
        start,
        regexp_extract(
            substring(text, length(start) + 1, 400), '^(?:\\\\x0[AD])+'
        ) as ends

    from good

)

select
    case when ends <> ''
        then regexp_extract(right(start, 400), '(?:\\\\x0[AD])*$') || ends
    end,
    case when ends <> ''
        then len(list_filter(
            string_split(replace(start, '\\x0D', '\\x0A'), '\\x0A'),
            lambda line: line <> ''
        ))
    end

from parts") %}
{% endmacro %}
