{#- The relational families, in the order of the design. Here once, so that every model writes them alike. -#}
{% macro relational_families() -%}
    {{ return(['soliciting', 'time_pressed', 'autonomous', 'trusting']) }}
{%- endmacro %}

{#- Interactions of 24 months below which nothing is said of a customer. -#}
{% macro minimum_interactions() -%} 3 {%- endmacro %}

{#- Contacts to be expected of any customer who was known so long and bought so often, by the parameters of a version. -#}
{% macro expected_contacts(counts, parameters) -%}
    greatest(
        0.000001,
        {{ parameters }}.contacts_per_month * {{ counts }}.seen_days_24m / 30.4375
        + {{ parameters }}.contacts_per_store_purchase * {{ counts }}.store_purchases_24m
        + {{ parameters }}.contacts_per_remote_purchase * {{ counts }}.remote_purchases_24m
    )
{%- endmacro %}
