{#- Days without a contact that make the next one the first of an episode, and a customer a control. -#}
{% macro quiet_days() -%} 90 {%- endmacro %}

{#- Days between an abandoned contact and the day on which it is judged whether the service was reached after all. -#}
{% macro landmark_days() -%} 7 {%- endmacro %}

{#- Days between the end of the placebo's window and the contact. -#}
{% macro placebo_gap_days() -%} 30 {%- endmacro %}

{#-
Whether a customer held at an instant a purchase that was made before it: `holdings` in scope.
-#}
{% macro is_held_at(instant, holdings='holdings') -%}
    (
        {{ holdings }}.held_from_at < {{ instant }}
        and ({{ holdings }}.held_until_at is null or {{ holdings }}.held_until_at > {{ instant }})
    )
{%- endmacro %}
