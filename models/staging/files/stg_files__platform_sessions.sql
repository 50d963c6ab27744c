{# One row per raw row of the platform_sessions input, as text. #}

{# Draws the lineage only: which file or table it is, is found at run time. #}
{% do source('files', 'platform_sessions') %}

{{ read_input('platform_sessions') }}
