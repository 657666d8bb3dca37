{#-
Whether a sale (or a refund) lies in the window of so many days after the closing of a contact: the instants t with
closing < t <= closing + days * 24 h. Where sales have days only: the days after the contact's day, `days` of them, so
that a sale on the contact's own day never counts (nobody knows which came first).
The query must have in scope: `closed_at`, `closed_on` of `contact`, `is_day_precision`.
-#}
{% macro is_in_window(instant, day, days, contact='contacts', is_day_precision='is_day_precision') -%}
    (
        case
            when {{ is_day_precision }} then
                {{ day }} > {{ contact }}.closed_on
                and {{ day }} <= {{ add_days_to_date(contact ~ '.closed_on', days) }}
            else
                {{ instant }} > {{ contact }}.closed_at
                and {{ instant }} <= {{ add_days(contact ~ '.closed_at', days) }}
        end
    )
{%- endmacro %}

{#- One row: where sales or contacts have days only, nobody knows which of the two came first within a day. -#}
{% macro is_day_precision_of_repurchase() -%}
    select coalesce(max(case when date_precision = 'day' then 1 else 0 end), 0) = 1 as is_day_precision
    from {{ source('run', 'feed_status') }}
    where feed in ('crm_contacts', 'pos_transactions')
{%- endmacro %}

{#- Which dimension a row of grouping sets is about: all others are null, and the members themselves never are. -#}
{% macro detail_dimension(rows) -%}
    (
        case
            when {{ rows }}.relational_family is not null then 'relational_family'
            when {{ rows }}.reason_member is not null then 'reason'
            when {{ rows }}.team_member is not null then 'team'
            else 'queue'
        end
    )
{%- endmacro %}
