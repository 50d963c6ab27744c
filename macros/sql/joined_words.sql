{#
    The words whose predicate holds, joined in the order given.

    Arguments
        words      list of [word, SQL predicate]; a null predicate is false
        separator  text between two words
        otherwise  text when none holds

    Usage
        {{ joined_words([['a', 'x > 0'], ['b', 'y > 0']], '+', 'none') }}
#}
{% macro joined_words(words, separator, otherwise) -%}
    {%- set parts = [] -%}
    {%- for word, predicate in words -%}
        {%- do parts.append(
            "case when " ~ predicate ~ " then '" ~ separator ~ word
            ~ "' else '' end"
        ) -%}
    {%- endfor -%}
    coalesce(
        nullif(substring(
            {{ parts | join(' || ') }}, {{ separator | length + 1 }}
        ), ''),
        '{{ otherwise }}'
    )
{%- endmacro %}
