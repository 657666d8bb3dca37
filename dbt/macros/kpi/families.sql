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

{#-
Logarithm, without what is common to all families, of how likely a family makes what was seen of a customer: its share of the
customers, the channels chosen, the number of contacts (negative binomial), what the customer said to expect (normal).
For int_customer_month_families, whose tables it names.
-#}
{% macro family_score(family) -%}
    (
        ln(parameters.share_{{ family }})
        + coalesce(states.weight_{{ family }}, 0) / 1000000.0
        + counted.contacts_24m * ln(parameters.contact_rate_{{ family }})
        - (counted.contacts_24m + parameters.dispersion) * ln(
            parameters.dispersion
            + parameters.contact_rate_{{ family }} * {{ expected_contacts('counted', 'parameters') }}
        )
        + coalesce(
            (
                counted.expectation * parameters.expectation_{{ family }}
                - parameters.expectation_{{ family }} * parameters.expectation_{{ family }} / 2
            ) / (parameters.expectation_deviation * parameters.expectation_deviation),
            0
        )
    )
{%- endmacro %}
