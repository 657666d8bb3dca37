{#-
The traits of behaviour of `int_customer_behaviours`, in the order of their columns. `dagster_project/estimates/micro_segments.py`
names the same and says which of them make the micro-segments.
-#}
{% macro behaviour_traits() -%}
    {{ return([
        'purchases_12m', 'amount_per_purchase', 'remote_purchase_share', 'contacts_12m', 'synchronous_contact_share',
        'contact_after_purchase_share', 'help_page_views_12m', 'redemptions_12m', 'sessions_12m', 'recency_days',
        'return_share', 'discount_share', 'categories_12m', 'remote_contact_share', 'tenure_days',
    ]) }}
{%- endmacro %}

{#- Days after a purchase in which a contact is taken to be about it. -#}
{% macro after_purchase_days() -%} 30 {%- endmacro %}

{#- The smallest number of customers behind an aggregate that a person reads. -#}
{% macro smallest_aggregate() -%} 20 {%- endmacro %}
