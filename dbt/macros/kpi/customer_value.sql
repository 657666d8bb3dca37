{#- Days in which a lead can be converted: the longest window of re-purchase. -#}
{% macro lead_days() -%} 90 {%- endmacro %}
