{#
    Adds the CSV lines that could not be split to the staging table that was
    just built, with their place and cause, and nothing of their text.

    DuckDB keeps them in temporary tables of the connection that read the
    file, so this has to be a post-hook of the same model. A quote that is
    never closed swallows the lines after it: each of them is a row here, so
    that physical lines are all accounted for.

    Arguments
        table  a table of the input contract

    Usage: post_hook of the staging models.
#}
{% macro keep_unreadable_lines(table) %}
    {% if execute and locate_inputs().tables[table].form == 'csv' %}
        {% do return(
            adapter.dispatch('keep_unreadable_lines', 'perennial')(table)
        ) %}
    {% endif %}
    {% do return('') %}
{% endmacro %}

{% macro duckdb__keep_unreadable_lines(table) %}
create or replace temporary table unreadable_{{ table }} as
with

-- A line with two faults is listed twice.
rejects as (

    select
        scans.file_path as file_name,
        rejects.line as record_number,
        string_agg(
            distinct lower(cast(rejects.error_type as varchar)), ', '
        ) as cause,
        any_value(trim(rejects.csv_line, chr(13) || chr(10))) as raw_text

    from rejects_of_{{ table }} as rejects

    inner join reject_scans_of_{{ table }} as scans
        on
            rejects.scan_id = scans.scan_id
            and rejects.file_id = scans.file_id

    group by scans.file_path, rejects.line

),

measured as (

    select
        file_name,
        record_number,
        cause || ', ' || length(raw_text) || ' characters, md5 '
        || md5(raw_text) as unreadable_because,
        greatest(
            len(list_filter(
                regexp_split_to_array(raw_text, '\r\n|\r|\n'),
                lambda line: line <> ''
            )),
            1
        ) as line_count

    from rejects

)

-- The record number counts the header, the rows that were read and the
-- rejects: what is left are the rows read before this one.
select
    file_name,
    unreadable_because,
    line_count,
    record_number - 1
    - row_number() over (partition by file_name order by record_number)
        as rows_before,
    sum(line_count) over (
        partition by file_name order by record_number
    ) - line_count as unreadable_lines_before

from measured;

create or replace temporary table readable_{{ table }} as
select
    file_name,
    line_number,
    row_number() over (partition by file_name order by line_number)
        as row_number

from {{ this }}

where file_name in (select file_name from unreadable_{{ table }});

insert into {{ this }} (
    source_name, file_name, line_number, line_count, unreadable_because
)
select
    'files',
    unreadable.file_name,
    coalesce(next_row.line_number, last_row.line_number + 1, 2)
    + unreadable.unreadable_lines_before + line_offset,
    1,
    unreadable.unreadable_because

from unreadable_{{ table }} as unreadable

left join readable_{{ table }} as next_row
    on
        unreadable.file_name = next_row.file_name
        and unreadable.rows_before + 1 = next_row.row_number

left join (
    select file_name, max(line_number) as line_number
    from readable_{{ table }}
    group by file_name
) as last_row
    on unreadable.file_name = last_row.file_name

cross join lateral unnest(range(unreadable.line_count))
    as offsets (line_offset);

-- The rows that were read move down by the unreadable lines above them.
update {{ this }} as staged
set line_number = staged.line_number + moved.line_count
from (
    select
        readable.file_name,
        readable.line_number,
        shifts.line_count

    from readable_{{ table }} as readable

    asof inner join (
        select
            file_name,
            rows_before,
            max(unreadable_lines_before + line_count) as line_count

        from unreadable_{{ table }}

        group by file_name, rows_before
    ) as shifts
        on
            readable.file_name = shifts.file_name
            and readable.row_number > shifts.rows_before
) as moved
where
    staged.unreadable_because is null
    and staged.file_name = moved.file_name
    and staged.line_number = moved.line_number
{% endmacro %}
