{#-
The share of net amounts on tickets whose margin is known, 0..1; null without net purchases. Refunds without a margin may
take it beyond both ends.
-#}
{% macro margin_coverage(net_amount_without_margin, net_amount) -%}
    case
        when {{ net_amount }} > 0
            then
                {{ round_significant(
                    'greatest(least(1 - ' ~ safe_divide(net_amount_without_margin, net_amount) ~ ', 1.0), 0.0)'
                ) }}
    end
{%- endmacro %}
