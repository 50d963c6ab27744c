{#
    The raw rows of an input with every column typed, and the reasons that
    each value by itself gives to reject the row. Rules between columns or
    rows are added by the checked model of the table.

    Arguments
        table     a table of the input contract
        relation  staging relation or CTE with its columns as text

    Returns SQL with source_name, file_name, line_number, the contract's
    columns (a timestamp x_at also gives x_date in the reporting zone),
    amount_as_written, currency_as_written, and value_reasons: '' or
    'reason; reason; '.

    Usage
        {{ typed_rows('orders', 'source') }}
#}
{% macro typed_rows(table, relation) %}
    {% set contract = input_contract()[table] %}
    {% set lines = [
        relation ~ '.source_name',
        relation ~ '.file_name',
        relation ~ '.line_number',
    ] %}
    {% for column, kind in contract.columns.items() %}
        {% set raw = relation ~ '.' ~ column %}
        {% set is_personal = column in contract.get('personal', []) %}
        {% do lines.append(typed_value(
            raw, 'personal' if is_personal and kind == 'text' else kind
        ) ~ ' as ' ~ column) %}
        {% if kind in ('timestamp', 'end_timestamp') %}
            {% do lines.append(
                reporting_date(typed_value(raw, kind)) ~ ' as '
                ~ date_name(column)
            ) %}
        {% endif %}
    {% endfor %}
    {% do lines.append(_amount_as_written(contract, relation)) %}
    {% do lines.append(_currency_as_written(contract, relation)) %}
    {% do lines.append(
        _value_reasons(contract, relation) ~ ' as value_reasons'
    ) %}
    {% do return(
        'select\n    ' ~ lines | join(',\n    ') ~ '\nfrom ' ~ relation
        ~ worked_out_once()
    ) %}
{% endmacro %}


{# ordered_at -> ordered_date, period_start -> period_start_date; a date
   keeps its name. #}
{% macro date_name(column) %}
    {% do return(modules.re.sub('(_at|_date)$', '', column) ~ '_date') %}
{% endmacro %}


{# A row that was deleted has to say which one it is, and nothing else; one of
   an earlier export nothing at all. #}
{% macro _value_reasons(contract, relation) %}
    {% set key = contract.required | select('in', contract.key) | list %}
    {% do return(
        'case when ' ~ is_of_earlier_export(relation)
        ~ " then 'earlier_export; ' when "
        ~ typed_value(relation ~ '.deleted_at', contract.columns.deleted_at)
        ~ ' is null then '
        ~ reasons_where(
            _presence_rules(contract, relation, contract.required)
            + arrival_rules(relation)
            + _value_rules(contract, relation)
        )
        ~ ' else '
        ~ reasons_where(_presence_rules(contract, relation, key))
        ~ " || 'deleted_row; ' end"
    ) %}
{% endmacro %}


{# What has to be there for a row to mean anything. #}
{% macro _presence_rules(contract, relation, columns) %}
    {% set rules = [[
        'unreadable_line', relation ~ '.unreadable_because is not null'
    ]] %}
    {% set is_readable = relation ~ '.unreadable_because is null and ' %}
    {% for column in columns %}
        {% set is_id = contract.columns[column] == 'id' %}
        {% do rules.append([
            ('missing_id:' if is_id else 'missing_value:') ~ column,
            is_readable ~ clean_text(relation ~ '.' ~ column) ~ ' is null',
        ]) %}
    {% endfor %}
    {% do return(rules) %}
{% endmacro %}


{# Rules that need one value only, in the order in which they are told. #}
{% macro _value_rules(contract, relation) %}
    {% set rules = [] %}
    {% set invalid = {
        'timestamp': 'invalid_date', 'end_timestamp': 'invalid_date',
        'date': 'invalid_date',
        'amount': 'invalid_amount',
        'number': 'invalid_number', 'count': 'invalid_number',
        'rate': 'invalid_number', 'score': 'invalid_number',
        'boolean': 'invalid_boolean',
    } %}
    {% for reason in invalid.values() | unique %}
        {% for column, kind in contract.columns.items()
            if invalid.get(kind) == reason %}
            {% set raw = relation ~ '.' ~ column %}
            {% do rules.append([
                reason ~ ':' ~ column,
                clean_text(raw) ~ ' is not null and '
                ~ typed_value(raw, kind) ~ ' is null',
            ]) %}
        {% endfor %}
    {% endfor %}
    {% for column, kind in contract.columns.items()
        if kind in ('amount', 'number') %}
        {% do rules.append([
            'negative_amount:' ~ column,
            typed_value(relation ~ '.' ~ column, kind) ~ ' < 0',
        ]) %}
    {% endfor %}
    {% set unknown = {
        'subscription_status': 'unknown_status',
        'billing_interval': 'unknown_billing_interval',
    } %}
    {% for kind, reason in unknown.items() %}
        {% for column in contract.columns
            if contract.columns[column] == kind %}
            {% set raw = relation ~ '.' ~ column %}
            {% do rules.append([
                reason,
                clean_text(raw) ~ ' is not null and '
                ~ typed_value(raw, kind) ~ ' is null',
            ]) %}
        {% endfor %}
    {% endfor %}
    {% do return(rules) %}
{% endmacro %}


{#
    All reasons against a row as one text, null when it can be used. Expects
    the CTEs typed and repeated. A row that was deleted, or is of an earlier
    export, is asked nothing more.

    Arguments
        rules  list of [reason, SQL predicate]: the table's own rules

    Usage
        {{ all_reasons([['end_before_start', 'ended_date < started_date']]) }}
#}
{% macro all_reasons(rules) %}
    {% set own_reasons = (
        "case when typed.deleted_at is null"
        ~ (" and typed.value_reasons <> 'earlier_export; '"
           if policy('full_snapshot') else '')
        ~ " then " ~ reasons_where(rules) ~ " else '' end"
    ) if rules else "''" %}
    {% set reasons = 'typed.value_reasons || ' ~ own_reasons
        ~ " || coalesce(repeated.repeat_reason, '')" %}
    {% do return(
        'nullif(left(' ~ reasons ~ ', length(' ~ reasons ~ ") - 2), '')"
    ) %}
{% endmacro %}


{#
    'reason; reason; ' of the rules that hold, '' when none does.

    Arguments
        rules  list of [reason, SQL predicate]
#}
{% macro reasons_where(rules) %}
    {% set parts = [] %}
    {% for reason, predicate in rules %}
        {% do parts.append(
            'case when ' ~ predicate ~ " then '" ~ reason ~ "; ' else '' end"
        ) %}
    {% endfor %}
    {% do return(parts | join('\n    || ')) %}
{% endmacro %}


{# What the reconciliation adds up: the amount as the file has it. #}
{% macro _amount_as_written(contract, relation) %}
    {% if not contract.amount %}
        {% do return('cast(0 as decimal(18,6)) as amount_as_written') %}
    {% endif %}
    {% do return(
        'cast(coalesce('
        ~ typed_value(relation ~ '.' ~ contract.amount, 'amount')
        ~ ', 0) as decimal(18,6)) as amount_as_written'
    ) %}
{% endmacro %}

{% macro _currency_as_written(contract, relation) %}
    {% if 'currency' not in contract.columns %}
        {% do return("'' as currency_as_written") %}
    {% endif %}
    {% do return(
        typed_value(relation ~ '.currency', 'currency')
        ~ ' as currency_as_written'
    ) %}
{% endmacro %}
