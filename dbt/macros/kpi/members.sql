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

{#-
The value segment of an event: that of its customer in its month; -2 without a customer, and before the months of history,
of which no segment is known.
-#}
{% macro segment_at(value_segment) -%}
    cast(coalesce({{ value_segment }}, -2) as integer)
{%- endmacro %}

{#- Whether a contact is none of the customer's: merged into another one, or spam. -#}
{% macro is_set_aside(contact='contacts') -%}
    (
        coalesce({{ contact }}.outcome, '') in ('merged', 'spam')
        or {{ contact }}.merged_into_contact_id is not null
    )
{%- endmacro %}

{#- Abandons shorter than this many seconds are short: mostly misdialled calls, nobody had time to answer. -#}
{% macro short_abandon_seconds() -%} 5 {%- endmacro %}

{#- Days after sending in which an answer to a survey counts for the response rate. -#}
{% macro survey_answer_days() -%} 14 {%- endmacro %}

{#- The findings of readiness with which a KPI is not possible at all. -#}
{% macro unavailable_findings() -%}
    'not_configured', 'empty', 'window_missing', 'history_too_short', 'nothing_concerned', 'not_covered', 'no_window', 'no_figure',
    'not_estimable', 'lift_not_estimable', 'rescue_not_estimable', 'no_forecast'
{%- endmacro %}

{#- Share of the events of a period that may still wait for their window: a single open case must not hold back a month for ever. -#}
{% macro settled_share() -%} 0.05 {%- endmacro %}
