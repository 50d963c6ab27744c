{# One row per raw row of the order_items input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'order_items') %}

{{ read_input('order_items') }}
