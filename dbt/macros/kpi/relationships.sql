{#- The constants of `relationship_models`, its cells, and how its sentences write figures. -#}

{#- From which difference on contacts are more, or fewer, than the matters need: a share of the matters. -#}
{% macro frequency_gap_share() -%} 0.25 {%- endmacro %}

{#- Share of matters in which customers had to come back, from which on they want the company to take the first step. -#}
{% macro returning_share() -%} 0.20 {%- endmacro %}

{#- Share of matters in which the company contacted the customer, from which on it is proactive. -#}
{% macro outbound_share() -%} 0.10 {%- endmacro %}

{#- Upper ends of the bands of waits, hours. -#}
{% macro reply_bands() %}
    {{ return([1, 2, 4, 8, 24, 48, 72]) }}
{% endmacro %}

{#- A cell of the overlay from the columns of `cube(value_segment, relational_family)`. -#}
{% macro overlay_cell() -%}
    cast(coalesce(value_segment, -1) as integer) as value_segment,
    coalesce(relational_family, 'all') as relational_family
{%- endmacro %}

{% macro percent_text(share, language) -%}
    cast(cast(round(100 * {{ share }}) as integer) as varchar) || '{{ "\u00a0%" if language == "fr" else "%" }}'
{%- endmacro %}

{% macro decimal_text(number, decimals, language) -%}
    {%- set text = 'cast(cast(' ~ number ~ ' as decimal(18, ' ~ decimals ~ ')) as varchar)' -%}
    {{ 'replace(' ~ text ~ ", '.', ',')" if language == 'fr' else text }}
{%- endmacro %}

{#- Where a band of waits begins, as text; `hours` is its upper end. -#}
{% macro band_start_text(hours) -%}
    case {{ hours }}
        {%- for end in reply_bands() %}
        when {{ end }} then '{{ reply_bands()[loop.index0 - 1] if not loop.first else 0 }}'
        {%- endfor %}
    end
{%- endmacro %}

{#- A distance or a tempo in words. -#}
{% macro side_label(side, language) -%}
    case {{ side }}
        {%- if language == 'fr' %}
        when 'remote' then 'à distance'
        when 'face_to_face' then 'en face à face'
        when 'synchronous' then 'en direct'
        when 'asynchronous' then 'en différé'
        {%- else %}
        when 'remote' then 'at a distance'
        when 'face_to_face' then 'face to face'
        when 'synchronous' then 'live'
        when 'asynchronous' then 'with a later reply'
        {%- endif %}
    end
{%- endmacro %}
