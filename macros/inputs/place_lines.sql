{#
    Finishes a staging table that was read from CSV: adds the lines that could
    not be split, with their place and cause and nothing of their text, and
    turns row numbers into line numbers of the file.

    DuckDB keeps such lines in temporary tables of the connection that read
    the file, so this has to be a post-hook of the same model. A quote that is
    never closed swallows the lines after it: each of them is a row here, so
    that physical lines are all accounted for.

    Arguments
        table  a table of the input contract

    Usage: post-hook of the staging models.
#}
{% macro place_lines(table) %}
    {% if execute and locate_inputs().tables[table].form == 'csv' %}
        {% do return(adapter.dispatch('place_lines', 'perennial')(table)) %}
    {% endif %}
    {% do return('') %}
{% endmacro %}

{# Only DuckDB reads files; see list_files. #}
{% macro default__place_lines(table) %}{% endmacro %}

{% macro duckdb__place_lines(table) %}
create or replace temporary table places_of_{{ table }} as
with

-- A line with two faults is listed twice.
unreadable_records as (

    select
        scans.file_path as file_name,
        rejects.line as record_number,
        string_agg(distinct case rejects.error_type
            when 'UNQUOTED VALUE'
                then 'a quote is not closed, or followed by text'
            when 'TOO MANY COLUMNS' then 'more values than columns'
            when 'MISSING COLUMNS' then 'fewer values than columns'
            when 'INVALID ENCODING' then 'not in UTF-8'
            when 'LINE SIZE OVER MAXIMUM' then 'too long a line'
            else 'not to be split'
        end, ', ') as cause,
        -- Of a longer text only this much is kept.
        case when max(length(rejects.csv_line)) >= 10000 then 'at least ' else
        '' end as at_least,
        any_value(trim(rejects.csv_line, chr(13) || chr(10))) as raw_text

    from rejects_of_{{ table }} as rejects

    inner join reject_scans_of_{{ table }} as scans
        on
            rejects.scan_id = scans.scan_id
            and rejects.file_id = scans.file_id

    group by scans.file_path, rejects.line

),

-- The record number counts the header, the rows that were read and the
-- rejects: what is left are the rows read before this one.
unreadable_lines as (

    select
        file_name,
        record_number - 1
        - row_number() over (partition by file_name order by record_number)
            as rows_before,
        record_number,
        cause || ', ' || at_least || length(raw_text) || ' characters, md5 '
        || md5(raw_text) as unreadable_because,
        unnest(range(greatest(
            len(list_filter(
                regexp_split_to_array(raw_text, '\r\n|\r|\n'),
                lambda line: line <> ''
            )),
            1
        ))) as line_offset

    from unreadable_records

),

files_to_place as (

    select file_name from {{ this }}
    where line_count > 1

    union

    select file_name from unreadable_lines

),

records as (

    select
        staged.file_name,
        staged.line_number - 1 as rows_before,
        0 as record_number,
        0 as line_offset,
        staged.line_count,
        staged.line_number,
        staged.unreadable_because

    from {{ this }} as staged

    inner join files_to_place
        on staged.file_name = files_to_place.file_name

    union all

    select
        file_name,
        rows_before,
        record_number,
        line_offset,
        1 as line_count,
        null as line_number,
        unreadable_because

    from unreadable_lines

)

select
    file_name,
    line_number as row_number,
    unreadable_because,
    line_offset,
    2 - line_count + sum(line_count) over (
        partition by file_name
        order by rows_before, record_number, line_offset
        rows unbounded preceding
    ) as line_number

from records;

update {{ this }} as staged
set line_number = places.line_number
from places_of_{{ table }} as places
where
    staged.file_name = places.file_name
    and staged.line_number = places.row_number;

insert into {{ this }} (
    source_name, file_name, line_number, line_count, unreadable_because
)
select
    'files',
    file_name,
    line_number,
    1,
    unreadable_because || case
        when line_offset > 0
            then ', together with line ' || (line_number - line_offset)
        else ''
    end

from places_of_{{ table }}

where unreadable_because is not null
{% endmacro %}
