{#
    An id as it may be shown. Shops that sell to guests use their address as
    the id, also of orders and subscriptions: it becomes `~email:` and its
    hash, and a piece of its own hash where it is written with capitals, since
    another spelling is another id. An id that holds an address among other
    text becomes `~personal:` and its hash. All other ids stay. The tilde sorts
    last, so that of several ids of one customer a readable one is the key.

    The same id is the same hash in every table: joins hold.

    Arguments
        id  SQL text
#}
{% macro unreadable_id(id) %}
    {% set given = perennial.clean_text(id) %}
    {% set lower = perennial.lower_case(given) %}
    {% do return(
        'case when ' ~ perennial._may_hold_email(id) ~ ' then case when '
        ~ perennial.is_email(id)
        ~ " then '~email:' || md5(" ~ lower ~ ') || case when '
        ~ given ~ ' = ' ~ lower ~ " then '' else ':' || "
        ~ 'substring(md5(' ~ given ~ '), 1, 8) end when '
        ~ perennial._holds_email(id) ~ " then '~personal:' || md5(" ~ given
        ~ ') else ' ~ given ~ ' end else ' ~ given ~ ' end'
    ) %}
{% endmacro %}


{#
    A list of ids, separated by semicolons, with each as it may be shown. An id
    may stand behind its source and a colon, which stay; what else stands before
    a colon may be a name, and is a part of the id.

    Arguments
        ids  SQL text
#}
{% macro unreadable_ids(ids) %}
    {% set given = perennial.clean_text(ids) %}
    {% do return(
        'case when ' ~ perennial._may_hold_email(ids) ~ ' then '
        ~ adapter.dispatch('each_listed', 'perennial')(
            given,
            perennial._unreadable_listed_id(perennial.trimmed('listed_id'))
        ) ~ ' else ' ~ given ~ ' end'
    ) %}
{% endmacro %}

{% macro _unreadable_listed_id(id) %}
    {% set lines = [] %}
    {% for source in perennial.policy('input_adapters') %}
        {% do lines.append(
            'when ' ~ id ~ " like '" ~ source ~ ":%' then '" ~ source
            ~ ":' || coalesce(" ~ perennial.unreadable_id(
                'substring(' ~ id ~ ', ' ~ (source | length + 2) ~ ')'
            ) ~ ", '')"
        ) %}
    {% endfor %}
    {% do return(
        'case ' ~ lines | join(' ') ~ ' else coalesce('
        ~ perennial.unreadable_id(id) ~ ", '') end"
    ) %}
{% endmacro %}

{# A list as text, after an expression of listed_id was put on each entry. #}
{% macro default__each_listed(list, expression) %}
    {% do return(
        "(select string_agg(" ~ expression ~ ", ';') from unnest("
        ~ "string_to_array(" ~ list ~ ", ';')) as entries (listed_id))"
    ) %}
{% endmacro %}

{% macro duckdb__each_listed(list, expression) %}
    {% do return(
        "array_to_string([" ~ expression ~ " for listed_id in string_split("
        ~ list ~ ", ';')], ';')"
    ) %}
{% endmacro %}

{% macro spark__each_listed(list, expression) %}
    {% do return(
        'array_join(transform(split(' ~ list ~ ", ';'), listed_id -> "
        ~ expression ~ "), ';')"
    ) %}
{% endmacro %}


{#
    A text as it may be shown: one that holds an e-mail address is
    `~personal`. With a limit, a longer one is `free_text`: what people wrote,
    and not one of a few words.

    Arguments
        text        SQL text
        shown       SQL of what is shown of any other text
        most        optional: the most characters that are no free text
#}
{% macro unreadable_text(text, shown, most=none) %}
    {% do return(
        'case when ' ~ perennial._may_hold_email(text) ~ ' and '
        ~ perennial._holds_email(text) ~ " then '~personal'"
        ~ (' when length(' ~ perennial.trimmed(text) ~ ') > ' ~ most
           ~ " then 'free_text'" if most else '')
        ~ ' else ' ~ shown ~ ' end'
    ) %}
{% endmacro %}


{# Above so many characters, a word of a column for categories is free text. #}
{% macro longest_category() %}
    {% do return(40) %}
{% endmacro %}


{#
    A value of a row that can not be used, as it may be shown to whom looks for
    it: as written, apart from what is personal.

    Arguments
        column  text column
        kind    see typed_value
#}
{% macro shown_value(column, kind) %}
    {% if kind == 'id' %}
        {% do return(perennial.unreadable_id(column)) %}
    {% elif kind == 'ids' %}
        {% do return(perennial.unreadable_ids(column)) %}
    {% endif %}
    {% do return(perennial.unreadable_text(
        column,
        perennial.clean_text(column),
        none if kind == 'text' else perennial.longest_category()
    )) %}
{% endmacro %}


{# True for a text that is an e-mail address. #}
{% macro is_email(text) %}
    {% do return(perennial.matches_pattern(
        perennial.trimmed(text), perennial._email_pattern()
    )) %}
{% endmacro %}

{# False for most texts without an address, and cheap: no expression is
   searched for in them. #}
{% macro _may_hold_email(text) %}
    {% set signs = [] %}
    {% for sign in perennial._at_signs() %}
        {% do signs.append("position('" ~ sign ~ "' in " ~ text ~ ') > 0') %}
    {% endfor %}
    {% do return('(' ~ signs | join(' or ') ~ ')') %}
{% endmacro %}


{# True for a text with an address in it, or with what is one but for a slip:
   see decision 29. #}
{% macro _holds_email(text) %}
    {% set wide, plain = perennial._wide_signs() %}
    {% do return(perennial.contains_pattern(
        "replace(translate(" ~ text ~ ", '" ~ wide ~ "', '" ~ plain
        ~ "'), '%40', '@')",
        perennial._slipped_email_pattern()
    )) %}
{% endmacro %}


{#
    A path, or another text of this run and of no table, as it may be shown.
    Each step of a path is asked by itself, without the end that tells the form
    of a file.

    Arguments
        text  text

    Returns the text with *** for each step that holds an e-mail address, so
    that it is the same text where none does.
#}
{% macro shown_path(text) %}
    {% if perennial._at_signs() | select('in', text) | list == [] %}
        {% do return(text) %}
    {% endif %}
    {% set wide, plain = perennial._wide_signs() %}
    {% set steps = [] %}
    {% for step in text.split('/') %}
        {% set stem = modules.re.sub('[.](csv|parquet)$', '', step) %}
        {% set read = namespace(as=stem | replace('%40', '@')) %}
        {% for sign in wide %}
            {% set read.as = read.as | replace(sign, plain[loop.index0]) %}
        {% endfor %}
        {% do steps.append(
            step if modules.re.search(
                perennial._slipped_email_pattern(), read.as
            ) is none else '***' ~ step[stem | length:]
        ) %}
    {% endfor %}
    {% do return(steps | join('/')) %}
{% endmacro %}


{# An address: one @ with no blank, and a point behind it. #}
{% macro _email_pattern() %}
    {% do return('[^@ ]+@[^@ ]+[.][^@ ]+') %}
{% endmacro %}

{# The same with several @, and blanks about the point; or with blanks about
   the @, where a letter follows the point: "3 @ 1.50" is a price. #}
{% macro _slipped_email_pattern() %}
    {% do return(
        '[^@ ]@+[^@ ]+ ?[.] ?[^@ ]|[^@ ] *@[@ ]*[^@ ]+[.][^ -@]'
    ) %}
{% endmacro %}

{% macro _at_signs() %}
    {% do return(['@', '＠', '﹫', '%40']) %}
{% endmacro %}

{# Signs of other scripts, and blanks that are none in patterns; and what each
   of them means. #}
{% macro _wide_signs() %}
    {% do return([
        '＠﹫。．｡\t\n\r\u00a0\u3000', '@@...     '
    ]) %}
{% endmacro %}
