{# One row per raw row of the orders input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'orders') %}

{{ read_input('orders') }}
