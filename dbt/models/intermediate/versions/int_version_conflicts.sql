-- depends only on raw: the feeds one below the other
{{ version_conflicts('crm_customers') }}
union all
{{ version_conflicts('crm_contacts') }}
union all
{{ version_conflicts('crm_agents') }}
union all
{{ version_conflicts('crm_evaluations') }}
union all
{{ version_conflicts('crm_subscriptions') }}
union all
{{ version_conflicts('crm_leads') }}
union all
{{ version_conflicts('crm_assignments') }}
union all
{{ version_conflicts('identity_links') }}
union all
{{ version_conflicts('pos_transactions') }}
union all
{{ version_conflicts('pos_products') }}
union all
{{ version_conflicts('pos_stores') }}
union all
{{ version_conflicts('loyalty_members') }}
union all
{{ version_conflicts('loyalty_movements') }}
union all
{{ version_conflicts('loyalty_rewards') }}
union all
{{ version_conflicts('survey_responses') }}
union all
{{ version_conflicts('web_sessions') }}
