{# One row per raw row of the products input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'products') %}

{{ read_input('products') }}
