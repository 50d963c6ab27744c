{# One row per raw row of the subscription_changes input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'subscription_changes') %}

{{ read_input('subscription_changes') }}
