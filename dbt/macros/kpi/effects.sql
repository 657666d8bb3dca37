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

{#- One row: the first day that sales or contacts do not cover to its end; null when either is not known. -#}
{% macro first_day_unknown_of_effects() -%}
    select
        case
            when count(feed_status.horizon_at) = 2
                then {{ company_day('min(feed_status.horizon_at)', 'max(run_context.time_zone)') }}
        end as first_day_unknown
    from {{ source('run', 'feed_status') }} as feed_status
    cross join {{ source('run', 'run_context') }} as run_context
    where feed_status.feed in ('crm_contacts', 'pos_transactions')
{%- endmacro %}

{#- One row: the first day of which it is known that no contact was made in the days before it. -#}
{% macro first_day_known_of_effects() -%}
    select
        {{ add_days_to_date('greatest(max(feed_status.first_day), max(run_context.first_month))', quiet_days()) }} as known_from
    from {{ source('run', 'feed_status') }} as feed_status
    cross join {{ source('run', 'run_context') }} as run_context
    where feed_status.feed = 'crm_contacts'
{%- endmacro %}
