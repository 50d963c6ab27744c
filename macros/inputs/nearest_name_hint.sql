{#
    " (did you mean orders?)" for a name that is close to a known one, else
    nothing. Closeness is the share of letter pairs in common (Dice), enough
    for a typing mistake and computable where no library can be imported.

    Arguments
        name   what was written
        names  the known names

    Usage
        "no variable " ~ name ~ nearest_name_hint(name, policies().keys())
#}
{% macro nearest_name_hint(name, names) %}
    {% set pairs = _letter_pairs(name | lower) %}
    {% set best = namespace(name=none, score=0.5) %}
    {% for candidate in names %}
        {% set others = _letter_pairs(candidate) %}
        {% set shared = pairs | select('in', others) | list | length %}
        {% set score = 2.0 * shared / (pairs | length + others | length) %}
        {% if score > best.score %}
            {% set best.name, best.score = candidate, score %}
        {% endif %}
    {% endfor %}
    {% do return(
        ' (did you mean ' ~ best.name ~ '?)' if best.name else ''
    ) %}
{% endmacro %}


{# The distinct pairs of neighbouring letters, ends marked. #}
{% macro _letter_pairs(name) %}
    {% set text = '^' ~ name ~ '$' %}
    {% set pairs = [] %}
    {% for position in range(text | length - 1) %}
        {% do pairs.append(text[position:position + 2]) %}
    {% endfor %}
    {% do return(pairs | unique | list) %}
{% endmacro %}
