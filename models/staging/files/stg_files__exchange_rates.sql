{# One row per raw row of the exchange_rates input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'exchange_rates') %}

{{ read_input('exchange_rates') }}
