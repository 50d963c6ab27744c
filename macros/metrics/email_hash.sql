{#
    The hash of an e-mail address, trimmed and in lower case, null for what is
    none. Equal addresses are told from it, and nobody reads them.

    Arguments
        email  SQL text
#}
{% macro email_hash(email) -%}
    case
        when {{ perennial.is_email(email) }}
            then md5({{ perennial.lower_case(perennial.trimmed(email)) }})
    end
{%- endmacro %}


{# The hash within an id that was an address, null for other ids. #}
{% macro email_hash_of_id(customer_id) -%}
    case
        when {{ customer_id }} like '~email:%'
            then substring({{ customer_id }}, 8, 32)
    end
{%- endmacro %}
