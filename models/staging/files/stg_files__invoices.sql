{# One row per raw row of the invoices input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'invoices') %}

{{ read_input('invoices') }}
