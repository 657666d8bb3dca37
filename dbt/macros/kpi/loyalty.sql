{#- Days before and after joining that are compared: the longest window of re-purchase. -#}
{% macro loyalty_window_days() -%} 90 {%- endmacro %}
