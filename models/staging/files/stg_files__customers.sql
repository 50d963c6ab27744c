{# One row per raw row of the customers input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'customers') %}

{{ read_input('customers') }}
