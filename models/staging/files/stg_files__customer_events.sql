{# One row per raw row of the customer_events input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'customer_events') %}

{{ read_input('customer_events') }}
