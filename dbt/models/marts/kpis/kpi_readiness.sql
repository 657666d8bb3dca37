{#- French puts a no-break space before a colon, a semicolon and a percent sign. -#}
{%- set nbsp = '\u00a0' -%}
with

kpi_feeds as (

    select * from {{ ref('kpi_feeds') }}

),

feed_status as (

    select * from {{ source('run', 'feed_status') }}

),

rules as (

    select * from {{ ref('kpi_coverage_rules') }}

),

coverages as (

    select * from {{ ref('int_kpi_coverages') }}

),

windows as (

    select * from {{ source('run', 'repurchase_windows') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- The KPIs of which any period has a figure.
figures as (

    select distinct kpi
    from {{ ref('int_kpi_cells') }}

),

joined as (

    select
        kpi_feeds.kpi,
        kpi_feeds.feed,
        kpi_feeds.is_required,
        kpi_feeds.alternative_group,
        kpi_feeds.coverage_rule,
        kpi_feeds.window_days,
        kpi_feeds.minimum_history_days,
        kpi_feeds.wanted_history_days,
        kpi_feeds.lookback_months,
        coalesce(feed_status.is_configured, false) as is_configured,
        coalesce(feed_status.is_present and feed_status.horizon_at is not null, false) as is_present,
        feed_status.is_fresh,
        feed_status.horizon_at,
        feed_status.first_day,
        feed_status.last_day,
        -- The horizon is the midnight after the last day covered.
        case
            when feed_status.is_present
                then {{ days_between('feed_status.first_day', company_day('feed_status.horizon_at')) }}
        end as history_days,
        coverages.coverage,
        kpi_feeds.coverage_rule != 'presence' as is_measured,
        rules.degraded_below,
        rules.unavailable_below,
        rules.what_fr,
        rules.what_en,
        rules.action_fr,
        rules.action_en,
        kpi_feeds.window_days is not null and windows.window_days is null as is_window_missing,
        figures.kpi is not null as has_figure
    from kpi_feeds
    cross join run_context
    left join feed_status
        on kpi_feeds.feed = feed_status.feed
    left join rules
        on kpi_feeds.coverage_rule = rules.coverage_rule
    left join coverages
        on kpi_feeds.coverage_rule = coverages.coverage_rule
    left join windows
        on kpi_feeds.window_days = windows.window_days
    left join figures
        on kpi_feeds.kpi = figures.kpi

),

-- One finding for each KPI and feed: the first that applies, the gravest first.
judged as (

    select
        joined.*,
        case
            when not is_present and not is_required then 'not_needed'
            when not is_present and not is_configured then 'not_configured'
            when not is_present then 'empty'
            when is_window_missing then 'window_missing'
            when history_days < minimum_history_days then 'history_too_short'
            when is_required and is_measured and coverage is null then 'nothing_concerned'
            when is_required and coverage < unavailable_below then 'not_covered'
            when is_required and not has_figure and kpi like 'repurchase_increment_%' then 'not_estimable'
            when is_required and not has_figure and kpi = 'loyalty_spend_lift' then 'lift_not_estimable'
            when is_required and not has_figure and kpi in ('rescued_customers', 'secured_revenue') then 'rescue_not_estimable'
            when is_required and not has_figure and kpi = 'lifetime_value_mean' then 'no_forecast'
            when is_required and not has_figure and window_days is not null then 'no_window'
            when is_required and not has_figure then 'no_figure'
            when not is_fresh then 'late'
            when coverage < degraded_below then 'thinly_covered'
            when history_days < wanted_history_days then 'history_short'
            when is_fresh is null then 'not_judged'
            else 'good'
        end as own_finding
    from joined

),

alternatives as (

    select
        judged.*,
        max(case when own_finding in ({{ unavailable_findings() }}) then 0 else 1 end) over (
            partition by kpi, alternative_group
        ) = 1 as is_any_of_group_enough
    from judged

),

-- Of feeds that can stand for each other one is enough.
found as (

    select
        alternatives.*,
        case
            when
                alternative_group is not null
                and own_finding in ({{ unavailable_findings() }})
                and is_any_of_group_enough
                then 'replaced'
            else own_finding
        end as finding,
        cast(cast(floor(100 * coverage) as integer) as varchar) as coverage_percent,
        cast(cast(round(100 * degraded_below) as integer) as varchar) as wanted_percent
    from alternatives

),

final as (

    select
        kpi,
        feed,
        is_present,
        is_fresh,
        cast(history_days as bigint) as history_days,
        case when is_present and is_measured then {{ round_significant('coverage') }} end as coverage,
        case
            when finding in ({{ unavailable_findings() }}) then 'unavailable'
            when finding in ('late', 'thinly_covered', 'history_short') then 'degraded'
            else 'ready'
        end as verdict,
        case finding
            when 'replaced'
                then
                    'Le flux ' || feed || ' est absent ou ne suffit pas, mais un autre flux suffit à cet indicateur.'
            when 'not_needed'
                then
                    'Le flux ' || feed || ' est absent{{ nbsp }}: le total reste juste, mais sans détail par canal.'
            when 'not_configured'
                then
                    'Le flux ' || feed || ' n’est pas configuré{{ nbsp }}: ajoutez-le à company.yml pour obtenir cet indicateur.'
            when 'empty'
                then
                    'Le flux ' || feed || ' est configuré mais ne contient aucune ligne à la date d’arrêté{{ nbsp }}: '
                    || 'vérifiez l’emplacement des fichiers et la correspondance.'
            when 'window_missing'
                then
                    'La fenêtre de ' || cast(window_days as varchar) || ' jours n’est pas calculée{{ nbsp }}: '
                    || 'ajoutez-la à windows.repurchase_days dans company.yml.'
            when 'history_too_short'
                then
                    'Le flux ' || feed || ' ne couvre que ' || cast(history_days as varchar) || ' jours{{ nbsp }}; il en faut au moins '
                    || cast(minimum_history_days as varchar) || '{{ nbsp }}: fournissez un historique plus long.'
            when 'nothing_concerned'
                then
                    'Le flux ' || feed || ' est présent, mais rien n’y concerne cet indicateur (' || what_fr || '). ' || action_fr
            when 'not_covered'
                then
                    'Trop peu de données dans le flux ' || feed || '{{ nbsp }}: ' || coverage_percent || '{{ nbsp }}% de ' || what_fr
                    || '. ' || action_fr
            when 'no_window'
                then
                    'Aucun contact traité d’un client qui avait déjà acheté n’a encore ' || cast(window_days as varchar)
                    || ' jours de ventes après lui{{ nbsp }}: attendez que la fenêtre soit close, ou reliez les clients du CRM à ceux '
                    || 'des tickets (mêmes identifiants, ou flux identity_links).'
            when 'not_estimable'
                then
                    'Aucun trimestre n’est estimable{{ nbsp }}: trop peu de clients contactés ressemblent à des clients non contactés, '
                    || 'ou la marge ou le coût n’est pas connu. La table repurchase_increment en donne la raison, trimestre par trimestre.'
            when 'lift_not_estimable'
                then
                    'L’effet de l’adhésion n’est estimable pour aucun trimestre{{ nbsp }}: la table loyalty_effect en donne la raison, '
                    || 'trimestre par trimestre.'
            when 'rescue_not_estimable'
                then
                    'L’effet du contact sur les clients à risque n’est estimable pour aucun mois{{ nbsp }}: la table churn_rescues en '
                    || 'donne la raison, mois par mois.'
            when 'no_forecast'
                then
                    'Aucune prévision de la valeur à vie n’est en usage{{ nbsp }}: la table customer_value en donne la raison.'
            when 'no_figure'
                then
                    'Rien dans le flux ' || feed || ' ne concerne encore cet indicateur{{ nbsp }}: aucune période n’a de chiffre.'
            when 'late'
                then
                    'La dernière livraison du flux ' || feed || ' est en retard (données jusqu’au '
                    || cast(last_day as varchar) || ')' || '{{ nbsp }}: demandez l’export manquant.'
            when 'thinly_covered'
                then
                    'Couverture partielle du flux ' || feed || '{{ nbsp }}: ' || coverage_percent || '{{ nbsp }}% de ' || what_fr
                    || ', pour ' || wanted_percent || '{{ nbsp }}% souhaités. ' || action_fr
            when 'history_short'
                then
                    'Le flux ' || feed || ' couvre ' || cast(history_days as varchar) || ' jours, pour '
                    || cast(wanted_history_days as varchar) || ' souhaités{{ nbsp }}: le chiffre est sous-estimé tant que '
                    || 'l’historique n’est pas complet.'
            when 'not_judged'
                then
                    'Le flux ' || feed || ' est présent et assez complet{{ nbsp }}; sa fraîcheur n’est pas jugée{{ nbsp }}: '
                    || 'déclarez expected_every dans company.yml.'
            else 'Le flux ' || feed || ' est présent, à jour et assez complet{{ nbsp }}: rien à faire.'
        end as reason_fr,
        case finding
            when 'replaced'
                then
                    'The feed ' || feed || ' is absent or not enough, but another feed is enough for this indicator.'
            when 'not_needed'
                then
                    'The feed ' || feed || ' is absent: the total holds, without a breakdown by channel.'
            when 'not_configured'
                then
                    'The feed ' || feed || ' is not configured: add it to company.yml to get this indicator.'
            when 'empty'
                then
                    'The feed ' || feed || ' is configured but has no row as of the date: '
                    || 'check the location of the files and the mapping.'
            when 'window_missing'
                then
                    'The window of ' || cast(window_days as varchar) || ' days is not computed: '
                    || 'add it to windows.repurchase_days in company.yml.'
            when 'history_too_short'
                then
                    'The feed ' || feed || ' covers only ' || cast(history_days as varchar) || ' days; at least '
                    || cast(minimum_history_days as varchar) || ' are needed: provide a longer history.'
            when 'nothing_concerned'
                then
                    'The feed ' || feed || ' is present, but nothing in it concerns this indicator (' || what_en || '). ' || action_en
            when 'not_covered'
                then
                    'Too little data in the feed ' || feed || ': ' || coverage_percent || '% of ' || what_en || '. ' || action_en
            when 'no_window'
                then
                    'No handled contact of a customer who had bought before has ' || cast(window_days as varchar)
                    || ' days of sales after it yet: wait until the window is over, or tie the customers of the CRM to those of the '
                    || 'tickets (the same ids, or the feed identity_links).'
            when 'not_estimable'
                then
                    'No quarter can be estimated: too few contacted customers are like customers without a contact, or the margin or the '
                    || 'cost is not known. The table repurchase_increment says why, quarter by quarter.'
            when 'lift_not_estimable'
                then
                    'The effect of joining cannot be estimated for any quarter: the table loyalty_effect says why, quarter by quarter.'
            when 'rescue_not_estimable'
                then
                    'The effect of a contact on customers at risk cannot be estimated for any month: the table churn_rescues says why, '
                    || 'month by month.'
            when 'no_forecast'
                then 'No forecast of the lifetime value is in use: the table customer_value says why.'
            when 'no_figure'
                then
                    'Nothing in the feed ' || feed || ' concerns this indicator yet: no period has a figure.'
            when 'late'
                then
                    'The latest delivery of the feed ' || feed || ' is late (data until '
                    || cast(last_day as varchar) || '): ask for the missing export.'
            when 'thinly_covered'
                then
                    'Partial coverage of the feed ' || feed || ': ' || coverage_percent || '% of ' || what_en
                    || ', where ' || wanted_percent || '% are wanted. ' || action_en
            when 'history_short'
                then
                    'The feed ' || feed || ' covers ' || cast(history_days as varchar) || ' days, where '
                    || cast(wanted_history_days as varchar) || ' are wanted: the figure is understated until the history is complete.'
            when 'not_judged'
                then
                    'The feed ' || feed || ' is present and complete enough; whether it is up to date is not judged: '
                    || 'state expected_every in company.yml.'
            else 'The feed ' || feed || ' is present, up to date and complete enough: nothing to do.'
        end as reason_en,
        horizon_at,
        -- A look-back may lack its first week: a shop that opens after the New Year has its year all the same.
        case
            when not is_present or not is_required or finding = 'replaced' then cast(null as date)
            when lookback_months is null then first_day
            else {{ add_months_to_date(add_days_to_date('first_day', -6), 'lookback_months') }}
        end as complete_from
    from found

)

select * from final
