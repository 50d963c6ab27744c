{#
    The physical lines of CSV files as a relation with one column, line, null
    for each blank one. No quotes, and a delimiter that text does not hold.
    Nothing in a file is an error here: what is not UTF-8, or longer than
    longest_line(), is no row but an entry of the reject table. Every carriage
    return and every line feed ends a line, so a line that ends in both is
    followed by a blank one.

    Arguments
        files       paths of the files
        rejects     name of the reject table that the read fills
        up_to_return  true: what follows a carriage return is left out, up to
                      the line feed, so that only line feeds end a line
#}
{% macro read_lines(files, rejects, up_to_return=false) %}
    {% do return(
        'read_csv(' ~ file_patterns(files)
        ~ ', header = false, auto_detect = false, hive_partitioning = false, '
        ~ 'delim = chr(31) || chr(30) || chr(29), '
        ~ "quote = '', escape = '', strict_mode = false, new_line = '\\n', "
        ~ ('comment = chr(13), ' if up_to_return else '')
        ~ 'max_line_size = ' ~ longest_line()
        ~ ", columns = {'line': 'varchar'}, store_rejects = true, "
        ~ "rejects_table = '" ~ rejects ~ "', rejects_scan = '" ~ rejects
        ~ "_scans')"
    ) %}
{% endmacro %}


{# The longest line that is read, in bytes; a longer one is rejected. #}
{% macro longest_line() %}
    {% do return(100000000) %}
{% endmacro %}


{#
    What a CSV file is made of, found by reading its lines once.

    Arguments
        file  path of the file

    Returns a dict with
        lines       lines that are not blank, header and rejects included
        ends        carriage returns and line feeds
        bytes       length of the lines without their ends
        first_line  text, none in an empty file, '' where it is blank; bytes
                    that are not UTF-8 are question marks
#}
{% macro line_facts(file) %}
    {% set counted = _counted_lines([file]) %}
    {% set first = run_query(
        'select line from ' ~ read_lines([file], 'rejected_lines')
        ~ ' limit 1'
    ).columns[0].values() %}
    {% do _forget_rejects('rejected_lines') %}
    {% do counted.update({
        'first_line': counted.first_reject if counted.first_reject is not none
            else (first[0] or '') if first | length > 0 else none
    }) %}
    {% do return(counted) %}
{% endmacro %}


{# The facts that one scan of the files gives. #}
{% macro _counted_lines(files, up_to_return=false) %}
    {% set row = run_query(
        'select count(line), count(*), coalesce(sum(strlen(line)), 0) from '
        ~ read_lines(files, 'rejected_lines', up_to_return)
    ).rows[0] %}
    {% set rejected = run_query(
        'select count(*), max(case when line = 1 then csv_line end) from ('
        ~ 'select scan_id, file_id, line, any_value(csv_line) as csv_line '
        ~ 'from rejected_lines group by scan_id, file_id, line) as rejects'
    ).rows[0] %}
    {% do _forget_rejects('rejected_lines') %}
    {% do return({
        'lines': row[0] | int + rejected[0] | int,
        'ends': row[1] | int,
        'bytes': row[2] | int,
        'first_reject': rejected[1],
    }) %}
{% endmacro %}


{% macro _forget_rejects(rejects) %}
    {% do run_query('drop table if exists ' ~ rejects) %}
    {% do run_query('drop table if exists ' ~ rejects ~ '_scans') %}
{% endmacro %}
