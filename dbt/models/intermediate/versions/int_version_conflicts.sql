-- depends only on raw: the feeds one below the other
{% for feed in [
    'crm_customers', 'crm_contacts', 'crm_agents', 'crm_evaluations', 'crm_subscriptions', 'crm_leads', 'crm_assignments',
    'identity_links', 'pos_transactions', 'pos_products', 'pos_stores', 'loyalty_members', 'loyalty_movements',
    'loyalty_rewards', 'survey_responses', 'web_sessions',
] %}
{{ version_conflicts(feed) }}
{{ 'union all' if not loop.last }}
{% endfor %}
