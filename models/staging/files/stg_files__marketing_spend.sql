{# One row per raw row of the marketing_spend input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'marketing_spend') %}

{{ read_input('marketing_spend') }}
