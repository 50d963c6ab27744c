{#
    The names that the brought columns of a table have, where they are not
    those of the contract.

    Arguments
        table  a table of the input contract

    Returns a dict: contract column -> brought name in lower case, from the
    variable input_columns. A table or column that the contract does not know
    is an error.
#}
{% macro mapped_columns(table) %}
    {% set mapping = policy('input_columns') or {} %}
    {% set contract = input_contract() %}
    {% for mapped_table, columns in mapping.items() %}
        {% if mapped_table not in contract %}
            {{ exceptions.raise_compiler_error(
                "input_columns: there is no table " ~ mapped_table
                ~ nearest_name_hint(mapped_table, contract.keys())
            ) }}
        {% elif columns is not mapping %}
            {{ exceptions.raise_compiler_error(
                "input_columns: " ~ mapped_table ~ " takes a mapping like "
                ~ "{order_id: id}, not " ~ columns
            ) }}
        {% endif %}
        {% for column in columns
            if column not in contract[mapped_table].columns %}
            {{ exceptions.raise_compiler_error(
                "input_columns: table " ~ mapped_table ~ " has no column "
                ~ column ~ nearest_name_hint(
                    column, contract[mapped_table].columns.keys()
                ) ~ "; it has "
                ~ contract[mapped_table].columns.keys() | join(', ')
            ) }}
        {% endfor %}
    {% endfor %}
    {% set names = {} %}
    {% for column, name in mapping.get(table, {}).items() %}
        {% do names.update({column: name | string | lower}) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}
