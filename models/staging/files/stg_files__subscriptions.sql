{# One row per raw row of the subscriptions input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'subscriptions') %}

{{ read_input('subscriptions') }}
