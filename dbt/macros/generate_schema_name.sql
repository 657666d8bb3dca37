{#- A model's schema is its layer (staging, intermediate, marts, seeds), not "<target>_<layer>": there is one warehouse. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
