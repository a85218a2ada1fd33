{#- The instant that decides what is active or expired. -#}
{% macro as_of() %}
    {%- set instant = var('talon_one_as_of', none) -%}
    {{- return("CAST('" ~ instant ~ "' AS " ~ talon_one.instant_type() ~ ")" if instant else 'CURRENT_TIMESTAMP') -}}
{% endmacro %}

{#- A condition that leaves out what was created after that instant. -#}
{% macro created_by_then(created) %}
    {{- return(created ~ ' <= ' ~ talon_one.as_of() if var('talon_one_as_of', none) else created ~ ' IS NOT NULL') -}}
{% endmacro %}
