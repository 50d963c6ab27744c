{# One row per raw row of the customer_feedback input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'customer_feedback') %}

{{ read_input('customer_feedback') }}
