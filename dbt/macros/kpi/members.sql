{#-
The member of a text dimension: what is not stated is `unknown`, and a source's own code `all` is set apart, because
`all` is the total of the project.
-#}
{% macro dimension_member(column) -%}
    (
        case
            when {{ column }} is null or trim({{ column }}) = '' then 'unknown'
            when {{ column }} = 'all' then 'all (code)'
            else {{ column }}
        end
    )
{%- endmacro %}

{#-
Whether an instant (the last of a window, included in it) lies before the horizon, an exclusive end: an instant equal
to the horizon is the first that the feed does not cover. False where there is no horizon or no instant.
-#}
{% macro is_before_horizon(instant, horizon) -%}
    coalesce({{ instant }} < {{ horizon }}, false)
{%- endmacro %}

{#- The tie between a contact and its value segment when the customer is unknown or has no row for the month. -#}
{% macro segment_at(customer_id, value_segment) -%}
    cast(
        case
            when {{ customer_id }} is null then -2
            when {{ value_segment }} is null then 0
            else {{ value_segment }}
        end as integer
    )
{%- endmacro %}

{#- Abandons shorter than this many seconds are short: mostly misdialled calls, nobody had time to answer. -#}
{% macro short_abandon_seconds() -%} 5 {%- endmacro %}

{#- Days after sending in which an answer to a survey counts for the response rate. -#}
{% macro survey_answer_days() -%} 14 {%- endmacro %}
