{#
    What is not used because its source says so: a later row or export took its
    place, or it was deleted. Nothing is wrong with such a row.

    Arguments
        reasons  column with all reasons against a row, null for none
#}

{# True for a row that can not be used although its source thinks it can. #}
{% macro is_bad(reasons) %}
    {% set expected = [
        'superseded_row', 'deleted_row', 'deleted_row; superseded_row',
        'earlier_export',
    ] %}
    {% do return(
        reasons ~ " not in ('" ~ expected | join("', '") ~ "')"
    ) %}
{% endmacro %}

{# True for a row that is used or deleted: what belongs to it is not lost. #}
{% macro is_known(reasons) %}
    {% do return("coalesce(" ~ reasons ~ ", 'deleted_row') = 'deleted_row'") %}
{% endmacro %}
