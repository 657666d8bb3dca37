{#-
The as-of rule, in one place. For each feed: its key, its event time, and the instants that may be known later than the row.

- Only versions not after the as-of day count (`version_at`, the source's last change or else the event time), and only events not after it.
- Of a key the newest version counts. Among equal versions: the one that knows most once instants after the as-of day are hidden, then the one
  from which nothing had to be hidden (what a later export says does not change an earlier as-of date), then, for a feed whose files are the whole
  state, the later file, then the larger row hash (a conflict, counted in `int_version_conflicts`).
- A tombstone (a key that vanished from a full export) removes every version landed before it.

The names are those of `dagster_project/feeds/contract.py`; a test compares the two.
-#}
{% macro feed_rules(feed) -%}
    {{ return({
        'crm_customers': {'key': ['customer_id'], 'event_at': ['created_at'], 'later': []},
        'crm_contacts': {'key': ['contact_id'], 'event_at': ['opened_at'], 'later': ['answered_at', 'closed_at']},
        'crm_agents': {'key': ['agent_id', 'valid_from'], 'event_at': ['valid_from'], 'later': []},
        'crm_evaluations': {'key': ['evaluation_id', 'item_code'], 'event_at': ['evaluated_at'], 'later': []},
        'crm_subscriptions': {
            'key': ['subscription_id'], 'event_at': ['started_at'], 'later': ['cancellation_requested_at', 'ended_at'],
            'currency': 'currency',
        },
        'crm_leads': {'key': ['lead_id'], 'event_at': ['created_at'], 'later': ['converted_at']},
        'crm_assignments': {'key': ['experiment_code', 'customer_id'], 'event_at': ['assigned_at'], 'later': []},
        'identity_links': {'key': ['key_space_a', 'key_a', 'key_space_b', 'key_b'], 'event_at': [], 'later': []},
        'pos_transactions': {
            'key': ['transaction_id', 'line_number'], 'event_at': ['sold_at'], 'later': [], 'currency': 'currency',
        },
        'pos_products': {'key': ['product_id'], 'event_at': [], 'later': []},
        'pos_stores': {'key': ['store_id'], 'event_at': [], 'later': []},
        'loyalty_members': {'key': ['loyalty_card_id'], 'event_at': ['joined_at'], 'later': ['left_at']},
        'loyalty_movements': {'key': ['movement_id'], 'event_at': ['moved_at'], 'later': []},
        'loyalty_rewards': {'key': ['reward_id'], 'event_at': [], 'later': []},
        'survey_responses': {'key': ['response_id'], 'event_at': ['sent_at', 'answered_at'], 'later': ['answered_at']},
        'web_sessions': {'key': ['session_id'], 'event_at': ['started_at'], 'later': []},
    }[feed]) }}
{%- endmacro %}

{#- Instants that are known as of the date, the greatest of them; null where the feed has none. -#}
{% macro known_until(feed) -%}
    {%- set later = feed_rules(feed)['later'] -%}
    {%- if later | length == 0 -%}
        cast(null as timestamp)
    {%- else -%}
        greatest(
            {%- for instant in later %}
            case when raw.{{ instant }} < run_context.as_of_end_at then raw.{{ instant }} else timestamp '1900-01-01 00:00:00' end
            {{- ',' if later | length == 1 or not loop.last }}
            {%- endfor %}
            {%- if later | length == 1 %}
            timestamp '1900-01-01 00:00:00'
            {%- endif %}
        )
    {%- endif -%}
{%- endmacro %}

{#- How many instants had to be hidden because they lie after the as-of day. -#}
{% macro hidden_instants(feed) -%}
    {%- set later = feed_rules(feed)['later'] -%}
    {%- if later | length == 0 -%}
        0
    {%- else -%}
        (
            {%- for instant in later %}
            case when raw.{{ instant }} >= run_context.as_of_end_at then 1 else 0 end {{- ' +' if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{#- Versions of a feed that are known as of the date and not removed by a tombstone: CTEs and a final select, `raw` and `run_context` in scope. -#}
{% macro known_versions_from(feed) -%}
    {%- set rules = feed_rules(feed) -%}
    from {{ source('raw', feed) }} as raw
    cross join {{ source('run', 'run_context') }} as run_context
    left join (
        select
            {% for column in rules['key'] %}{{ column }}, {% endfor -%}
            max(sequence) as sequence
        from {{ source('raw', feed) }} as vanished
        cross join {{ source('run', 'run_context') }} as run_context
        where
            vanished.is_tombstone
            and (vanished.version_at is null or vanished.version_at < run_context.as_of_end_at)
        group by {{ rules['key'] | join(', ') }}
    ) as tombstones
        on
            {% for column in rules['key'] -%}
            {{ 'and ' if not loop.first }}raw.{{ column }} = tombstones.{{ column }}
            {% endfor -%}
{%- endmacro %}

{% macro known_versions_where(feed) -%}
    {%- set event_at = feed_rules(feed)['event_at'] -%}
    where
        not raw.is_tombstone
        and (raw.version_at is null or raw.version_at < run_context.as_of_end_at)
        {%- if event_at | length == 1 %}
        and raw.{{ event_at[0] }} < run_context.as_of_end_at
        {%- elif event_at | length > 1 %}
        and coalesce(raw.{{ event_at | join(', raw.') }}) < run_context.as_of_end_at
        {%- endif %}
        and (tombstones.sequence is null or raw.sequence > tombstones.sequence)
{%- endmacro %}

{#- Newest version of each key as of the date, with `as_of_end_at`, and for a feed with amounts `company_currency` and `exchange_rate`. -#}
{% macro newest_versions(feed) -%}
    {%- set rules = feed_rules(feed) -%}
    select
        raw.*,
        {%- if 'currency' in rules %}
        run_context.currency as company_currency,
        case
            when raw.{{ rules['currency'] }} = run_context.currency then cast(1 as decimal(18, 8))
            else exchange_rates.rate
        end as exchange_rate,
        {%- endif %}
        run_context.as_of_end_at
    {{ known_versions_from(feed) }}
    left join {{ source('run', 'feed_status') }} as feed_status
        on feed_status.feed = '{{ feed }}'
    {%- if 'currency' in rules %}
    left join {{ ref('stg_reference__exchange_periods') }} as exchange_rates
        on
            raw.{{ rules['currency'] }} = exchange_rates.currency
            and raw.{{ rules['currency'] }} <> run_context.currency
            and {{ company_day('raw.' ~ rules['event_at'][0]) }} >= exchange_rates.valid_from
            and {{ company_day('raw.' ~ rules['event_at'][0]) }} < exchange_rates.valid_before
    {%- endif %}
    {{ known_versions_where(feed) }}
    qualify
        row_number() over (
            partition by raw.{{ rules['key'] | join(', raw.') }}
            order by
                -- of states a later one holds, even where it is older or knows less: an hour is corrected, a case reopened
                case when feed_status.is_full_load then {{ hidden_instants(feed) }} else 0 end asc,
                case when feed_status.is_full_load then raw.sequence else 0 end desc,
                raw.version_at desc nulls last,
                {%- if rules['later'] %}
                {{ known_until(feed) }} desc,
                {{ hidden_instants(feed) }} asc,
                {%- endif %}
                raw.row_hash desc
        ) = 1
{%- endmacro %}

{#- One row: how many keys of a feed have versions that nothing but the row hash tells apart. -#}
{% macro version_conflicts(feed) -%}
    {%- set rules = feed_rules(feed) -%}
    select
        '{{ feed }}' as feed,
        count(*) as conflicts
    from (
        select raw.{{ rules['key'] | join(', raw.') }}
        {{ known_versions_from(feed) }}
        left join {{ source('run', 'feed_status') }} as feed_status
            on feed_status.feed = '{{ feed }}'
        {{ known_versions_where(feed) }}
            and not coalesce(feed_status.is_full_load, false)
            and {{ hidden_instants(feed) }} = 0
        group by raw.{{ rules['key'] | join(', raw.') }}, raw.version_at{{ ', ' ~ known_until(feed) if rules['later'] }}
        having min(raw.row_hash) <> max(raw.row_hash)
    ) as conflicting
{%- endmacro %}

{#- A column of `newest`, read as null when an instant by which it became known lies after the as-of day. -#}
{% macro known(column) -%}
    case
        when
            {%- for instant in varargs %}
            {{ 'and ' if not loop.first }}(newest.{{ instant }} is null or newest.{{ instant }} < newest.as_of_end_at)
            {%- endfor %}
            then newest.{{ column }}
    end
{%- endmacro %}

{#- An amount of `newest` in the company's currency. Null when no rate is known: landing refuses such rows, a test watches. -#}
{% macro in_company_currency(column) -%}
    cast(newest.{{ column }} * newest.exchange_rate as decimal(18, 4))
{%- endmacro %}
