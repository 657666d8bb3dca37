"""The words of a pack, in French and in English.

Here: every fixed text that a reader sees, but those of the pages of the customers (`wording_customers.py`) and of the
value (`wording_value.py`), which are joined to them. Not here: labels, purposes, formulas and caveats of KPIs (published table
`kpi_definitions`), reasons (`kpi_readiness`), segment names (`segment_labels`).

French typography: narrow no-break space before ; ! ? and no-break space before the colon and inside « ».
"""

from __future__ import annotations

import re

from dagster_project.packs import wording_customers, wording_value

LANGUAGES = ("fr", "en")

_FRENCH = {
    "title": "La valeur du service client",
    "product": "Service Value",
    "for_audience": "Édition {audience}",
    "month_shown": "Mois de référence",
    "as_of": "Données arrêtées au",
    "data_horizon": "Données complètes jusqu’au",
    "publication": "Publication",
    "version": "version {version}",
    "simulated": "Données simulées",
    "simulated_long": "Données simulées\u00a0: cette entreprise, ses clients et ses chiffres sont fictifs.",
    "contents": "Sommaire",
    "page": "page",
    # months
    "month_complete": "Les valeurs sont celles de {month}, dernier mois complet à cette date.",
    "month_open": (
        "Le mois en cours ({open_month}) est incomplet au {as_of}\u00a0: il n’est pas montré. Les valeurs sont celles "
        "de {month}, dernier mois complet."
    ),
    "month_none": "Aucun mois n’est complet à cette date.",
    "month_by_kpi": (
        "Un indicateur qui observe une fenêtre après l’événement, ou dont les données s’arrêtent plus tôt, est montré "
        "pour son propre dernier mois complet, indiqué dans la colonne «\u00a0Mois\u00a0»."
    ),
    # readiness
    "readiness": "Ce que l’on peut affirmer",
    "readiness_lead": (
        "Avant les chiffres\u00a0: quels indicateurs sont fiables, lesquels sont à lire avec réserve, lesquels manquent."
    ),
    "ready": "Prêt",
    "degraded": "Dégradé",
    "unavailable": "Indisponible",
    "ready_many": "Prêts",
    "degraded_many": "Dégradés",
    "unavailable_many": "Indisponibles",
    "ready_help": "Les données nécessaires sont présentes, fraîches et assez longues.",
    "degraded_help": "Montrés, avec la raison de la réserve.",
    "unavailable_help": "Aucun chiffre n’est montré\u00a0: il n’aurait pas de sens.",
    "none_ready": "Aucun indicateur.",
    "feeds": "Sources",
    "feeds_caption": "Sources de données, présence, fraîcheur et horizon",
    "feed": "Source",
    "present": "Présence",
    "present_yes": "Présente",
    "present_no": "Absente",
    "fresh": "Fraîcheur",
    "fresh_yes": "À jour",
    "fresh_no": "En retard",
    "fresh_unknown": "Sans objet",
    "horizon": "Horizon",
    "history": "Historique",
    "history_days": "{days}\u00a0jours",
    "used_by": "Indicateurs servis",
    "reason": "Raison",
    "verdict": "Verdict",
    "indicator": "Indicateur",
    "not_computed": "Cette version ne calcule pas encore cet indicateur.",
    "no_value": "Aucune valeur n’est publiée pour un mois complet.",
    # KPI table
    "kpis": "Les indicateurs",
    "kpis_caption": (
        "Indicateurs par thème\u00a0: valeur du mois, mois précédent, évolution, cible, statut, effectif et réserves"
    ),
    "headline": "Indicateurs clés",
    "headline_mark": "indicateur clé",
    "value": "Valeur",
    "previous": "Précédent",
    "previous_long": "Mois précédent",
    "change": "Évolution",
    "change_percent": "Évolution en\u00a0%",
    "target": "Cible",
    "status": "Statut",
    "n": "n",
    "n_long": "Effectif",
    "month": "Mois",
    "caveat": "Réserve",
    "interval": "Intervalle à 95\u00a0%",
    "interval_low": "Borne basse",
    "interval_high": "Borne haute",
    "benchmark": "Repère du secteur",
    "benchmark_short": "secteur",
    "unit": "Unité",
    "topic": "Thème",
    "points": "pt",
    "topic_service": "Service",
    "topic_satisfaction": "Satisfaction",
    "topic_value": "Valeur",
    "topic_service_lead": "Joindre, être servi, ne pas avoir à revenir.",
    "topic_satisfaction_lead": "Ce que les clients répondent quand on les interroge.",
    "topic_value_lead": (
        "Ce que les clients font après avoir été servis\u00a0: «\u00a0après\u00a0» n’est pas «\u00a0grâce à\u00a0»."
    ),
    # statuses
    "on_target": "Cible atteinte",
    "watch": "À surveiller",
    "alert": "Alerte",
    "not_publishable": "Non publiable",
    "no_month": "Sans période complète",
    "tentative": "mois partiel ou provisoire\u00a0: la réserve est dans le pack",
    "no_target": "Sans cible",
    "favourable": "favorable",
    "unfavourable": "défavorable",
    "steady": "dans la marge d’erreur",
    "stable": "stable",
    "higher": "en hausse",
    "lower": "en baisse",
    # caveats
    "caveat_restated": "révisé",
    "caveat_restated_long": "valeur révisée depuis une publication antérieure",
    "caveat_partial": "mois partiel\u00a0: données jusqu’au {day}",
    "caveat_immature": "provisoire\u00a0: {count}\u00a0en attente",
    "caveat_immature_long": "événements dont la fenêtre d’observation n’est pas encore écoulée, laissés hors du calcul",
    "caveat_history": "historique incomplet",
    "caveat_small": "effectif trop faible",
    "caveat_month": "chiffre de {month}",
    "caveat_degraded": "dégradé",
    "caveat_alarm": "un contrôle alerte\u00a0: voir la page de la valeur",
    "note": "note",
    "notes": "Notes",
    # sheets
    "trends": "Tendances et construction",
    "trends_lead": (
        "Jusqu’à 24\u00a0mois par indicateur, bande d’incertitude à 95\u00a0%, et la manière dont chaque chiffre est "
        "construit\u00a0: un chiffre dont on ne peut lire la construction n’est pas publié."
    ),
    "purpose": "Pourquoi",
    "formula": "Calcul",
    "caveats": "À savoir",
    "definition": "définition v{version}",
    "owner": "responsable\u00a0: {owner}",
    "sources": "sources\u00a0: {feeds}",
    "legend": "Lecture des graphiques",
    "legend_last": "dernier mois complet",
    "legend_band": "intervalle à 95\u00a0%",
    "legend_target": "cible",
    "legend_gap": "mois non publiable (trop peu de réponses ou de cas)",
    "legend_restated": "mois révisé",
    "legend_provisional": "mois provisoire (fenêtre non écoulée)",
    "chart_title": "{label}, évolution mensuelle",
    "chart_title_quarter": "{label}, évolution trimestrielle",
    "chart_description": (
        "De {first_value} ({first_month}) à {last_value} ({last_month}). Minimum {minimum} ({minimum_month}), "
        "maximum {maximum} ({maximum_month})."
    ),
    "chart_gaps": " {count}\u00a0mois non publiables laissés en blanc.",
    "chart_target": " Cible\u00a0: {target}.",
    "chart_empty": "Aucun mois publiable.",
    "chart_short": "Un seul mois publiable\u00a0: pas de tendance.",
    "point_provisional": "provisoire",
    "point_restated": "révisé",
    "point_not_publishable": "non publiable",
    # segments
    "segments": "Par segment de valeur",
    "segments_lead": (
        "Segment connu au début du mois. Le fond est d’autant plus soutenu que la valeur est élevée dans sa "
        "ligne\u00a0; la flèche signale un intervalle qui exclut le total. En gris et en italique\u00a0: non "
        "publiable, l’effectif est trop faible. Seul le total est un chiffre clé\u00a0: les autres cases sont "
        "exploratoires."
    ),
    "segments_caption": "Indicateurs par segment de valeur, dernier mois complet de chacun",
    "segment": "Segment",
    "segment_-1": "Total",
    "segment_-2": "Non identifiés, non profilés ou sans segment de valeur",
    "segment_0": "Sans achat sur 12\u00a0mois",
    "segment_1": "Segment 1 (valeur la plus faible)",
    "segment_2": "Segment 2",
    "segment_3": "Segment 3",
    "segment_4": "Segment 4",
    "segment_5": "Segment 5 (valeur la plus élevée)",
    "above_total": "au-dessus du total",
    "below_total": "au-dessous du total",
    "segment_small": "n\u202f<\u202f30",
    "no_segments": "Aucun indicateur n’est publié par segment.",
    # method
    "method": "Comment lire",
    "method_status": (
        "Statut\u00a0: «\u00a0Cible atteinte\u00a0», «\u00a0À surveiller\u00a0» entre la cible et la limite d’alerte, "
        "«\u00a0Alerte\u00a0» au-delà. Un indicateur sans cible n’a pas de statut."
    ),
    "method_change": (
        "Évolution\u00a0: en points pour les taux et les scores, en pourcentage pour les volumes et les montants. "
        "«\u00a0Dans la marge d’erreur\u00a0»\u00a0: l’écart est plus petit que l’incertitude des deux mois réunis."
    ),
    "method_small": (
        "Non publiable\u00a0: l’effectif est sous le minimum. La valeur existe, elle est grisée, elle ne sert à aucune décision."
    ),
    "method_restated": "Révisé\u00a0: des lignes tardives ou corrigées ont changé un chiffre déjà publié.",
    "method_totals": "Un total vient des numérateurs et des dénominateurs, jamais d’une moyenne de moyennes.",
    "method_null": "Un tiret ou un mot n’est pas zéro\u00a0: le chiffre n’existe pas, et la raison est donnée.",
    "about": "Cette publication",
    "published_at": "Publiée le",
    "checks": "Contrôles",
    "checks_value": "{passed} réussis, {warned} avec avertissement",
    "inputs_hash": "Empreinte des entrées",
    "run": "Exécution",
    "project_version": "Version du programme",
    "time_zone": "Fuseau horaire",
    "utc": "UTC",
    # worksheets
    "sheet_readiness": "Fiabilité",
    "sheet_feeds": "Sources",
    "sheet_kpis": "Indicateurs",
    "sheet_trends": "Tendances",
    "sheet_segments": "Segments",
    "sheet_definitions": "Définitions",
    "sheet_publication": "Publication",
    "yes": "oui",
    "no": "non",
    "publishable": "Publiable",
    "restated": "Révisé",
    "provisional": "Provisoire",
    "immature": "En attente",
    "direction": "Sens favorable",
    "direction_up": "à la hausse",
    "direction_down": "à la baisse",
    "direction_none": "neutre",
    "unit_rate": "taux",
    "unit_score": "score",
    "unit_nps": "points NPS",
    "unit_seconds": "secondes",
    "unit_count": "nombre",
    "unit_currency": "montant",
    "code": "Code",
    "definition_version": "Version",
    "owner_label": "Responsable",
    # messages
    "no_pdf": (
        "Pack {audience} ({language})\u00a0: le format PDF est demandé, mais cette version ne le produit pas. La page "
        "HTML s’imprime sur A4 depuis un navigateur (Imprimer, puis «\u00a0Enregistrer au format PDF\u00a0»)."
    ),
    "owner_customer_service": "service client",
    "owner_customer_value": "valeur client",
    "owner_customer_insight": "connaissance client",
    "feed_crm_customers": "Clients (CRM)",
    "feed_crm_contacts": "Contacts (CRM)",
    "feed_crm_agents": "Conseillers (CRM)",
    "feed_crm_evaluations": "Évaluations (CRM)",
    "feed_crm_subscriptions": "Abonnements (CRM)",
    "feed_crm_leads": "Prospects (CRM)",
    "feed_crm_assignments": "Groupes témoins (CRM)",
    "feed_identity_links": "Correspondances d’identité",
    "feed_pos_transactions": "Tickets de caisse",
    "feed_pos_products": "Produits",
    "feed_pos_stores": "Magasins",
    "feed_loyalty_members": "Adhérents fidélité",
    "feed_loyalty_movements": "Mouvements de points",
    "feed_loyalty_rewards": "Récompenses fidélité",
    "feed_survey_responses": "Réponses aux enquêtes",
    "feed_web_sessions": "Visites web",
}

_ENGLISH = {
    "title": "The value of customer service",
    "product": "Service Value",
    "for_audience": "{audience} edition",
    "month_shown": "Reference month",
    "as_of": "Data as of",
    "data_horizon": "Data complete to",
    "publication": "Publication",
    "version": "version {version}",
    "simulated": "Simulated data",
    "simulated_long": "Simulated data: this company, its customers and its figures are fictitious.",
    "contents": "Contents",
    "page": "page",
    "month_complete": "Values are those of {month}, the last complete month at that date.",
    "month_open": (
        "The current month ({open_month}) is incomplete as of {as_of}: it is not shown. Values are those of {month}, "
        "the last complete month."
    ),
    "month_none": "No month is complete at that date.",
    "month_by_kpi": (
        "A KPI that watches a window after the event, or whose data end earlier, is shown for its own last complete "
        "month, given in the column “Month”."
    ),
    "readiness": "What can be said",
    "readiness_lead": ("Before the figures: which KPIs can be relied on, which are to be read with care, which are missing."),
    "ready": "Ready",
    "degraded": "Degraded",
    "unavailable": "Unavailable",
    "ready_many": "Ready",
    "degraded_many": "Degraded",
    "unavailable_many": "Unavailable",
    "ready_help": "The data needed are present, fresh and long enough.",
    "degraded_help": "Shown, with the reason for caution.",
    "unavailable_help": "No figure is shown: it would mean nothing.",
    "none_ready": "No KPI.",
    "feeds": "Sources",
    "feeds_caption": "Data sources, presence, freshness and horizon",
    "feed": "Source",
    "present": "Presence",
    "present_yes": "Present",
    "present_no": "Absent",
    "fresh": "Freshness",
    "fresh_yes": "Up to date",
    "fresh_no": "Late",
    "fresh_unknown": "Not applicable",
    "horizon": "Horizon",
    "history": "History",
    "history_days": "{days}\u00a0days",
    "used_by": "KPIs served",
    "reason": "Reason",
    "verdict": "Verdict",
    "indicator": "KPI",
    "not_computed": "This version does not compute this KPI yet.",
    "no_value": "No value is published for a complete month.",
    "kpis": "The KPIs",
    "kpis_caption": "KPIs by topic: value of the month, month before, change, target, status, sample size and caveats",
    "headline": "Headline KPIs",
    "headline_mark": "headline KPI",
    "value": "Value",
    "previous": "Previous",
    "previous_long": "Month before",
    "change": "Change",
    "change_percent": "Change in %",
    "target": "Target",
    "status": "Status",
    "n": "n",
    "n_long": "Sample size",
    "month": "Month",
    "caveat": "Caveat",
    "interval": "95% interval",
    "interval_low": "Lower bound",
    "interval_high": "Upper bound",
    "benchmark": "Benchmark",
    "benchmark_short": "sector",
    "unit": "Unit",
    "topic": "Topic",
    "points": "pt",
    "topic_service": "Service",
    "topic_satisfaction": "Satisfaction",
    "topic_value": "Value",
    "topic_service_lead": "Getting through, being served, not having to come back.",
    "topic_satisfaction_lead": "What customers answer when they are asked.",
    "topic_value_lead": "What customers do after being served: “after” is not “because of”.",
    "on_target": "On target",
    "watch": "Watch",
    "alert": "Alert",
    "not_publishable": "Not publishable",
    "no_month": "No complete period",
    "tentative": "partial or provisional month: the pack gives the caveat",
    "no_target": "No target",
    "favourable": "favourable",
    "unfavourable": "unfavourable",
    "steady": "within the margin of error",
    "stable": "unchanged",
    "higher": "up",
    "lower": "down",
    "caveat_restated": "restated",
    "caveat_restated_long": "value changed since an earlier publication",
    "caveat_partial": "partial month: data until {day}",
    "caveat_immature": "provisional: {count}\u00a0pending",
    "caveat_immature_long": "events whose window of observation has not elapsed yet, left out of the figure",
    "caveat_history": "history not complete",
    "caveat_small": "sample too small",
    "caveat_month": "figure of {month}",
    "caveat_degraded": "degraded",
    "caveat_alarm": "a check alarms: see the page of the value",
    "note": "note",
    "notes": "Notes",
    "trends": "Trends and construction",
    "trends_lead": (
        "Up to 24 months for each KPI, the 95% interval as a band, and the way each figure is made: a figure whose "
        "construction cannot be read is not published."
    ),
    "purpose": "Why",
    "formula": "How",
    "caveats": "Caveats",
    "definition": "definition v{version}",
    "owner": "owner: {owner}",
    "sources": "sources: {feeds}",
    "legend": "How to read the charts",
    "legend_last": "last complete month",
    "legend_band": "95% interval",
    "legend_target": "target",
    "legend_gap": "month not publishable (too few answers or cases)",
    "legend_restated": "restated month",
    "legend_provisional": "provisional month (window not elapsed)",
    "chart_title": "{label}, by month",
    "chart_title_quarter": "{label}, by quarter",
    "chart_description": (
        "From {first_value} ({first_month}) to {last_value} ({last_month}). Lowest {minimum} ({minimum_month}), "
        "highest {maximum} ({maximum_month})."
    ),
    "chart_gaps": " {count} months not publishable, left blank.",
    "chart_target": " Target: {target}.",
    "chart_empty": "No publishable month.",
    "chart_short": "A single publishable month: no trend.",
    "point_provisional": "provisional",
    "point_restated": "restated",
    "point_not_publishable": "not publishable",
    "segments": "By value segment",
    "segments_lead": (
        "Segment known at the start of the month. The darker the ground, the higher the value within its row; an "
        "arrow marks an interval that excludes the total. Grey and in italics: not publishable, the sample is too "
        "small. Only the total is a headline figure: the other cells are exploratory."
    ),
    "segments_caption": "KPIs by value segment, last complete month of each",
    "segment": "Segment",
    "segment_-1": "Total",
    "segment_-2": "Unidentified, not profiled or without a value segment",
    "segment_0": "No purchase in 12 months",
    "segment_1": "Segment 1 (lowest value)",
    "segment_2": "Segment 2",
    "segment_3": "Segment 3",
    "segment_4": "Segment 4",
    "segment_5": "Segment 5 (highest value)",
    "above_total": "above the total",
    "below_total": "below the total",
    "segment_small": "n\u00a0<\u00a030",
    "no_segments": "No KPI is published by segment.",
    "method": "How to read this",
    "method_status": (
        "Status: “On target”, “Watch” between the target and the alert limit, “Alert” beyond it. A KPI without a "
        "target has no status."
    ),
    "method_change": (
        "Change: in points for rates and scores, in per cent for volumes and amounts. “Within the margin of error”: "
        "the difference is smaller than the uncertainty of both months together."
    ),
    "method_small": (
        "Not publishable: the sample is under the minimum. The value exists, is greyed, and is no ground for a decision."
    ),
    "method_restated": "Restated: late or corrected rows changed a figure that had been published.",
    "method_totals": "A total comes from numerators and denominators, never from an average of averages.",
    "method_null": "A dash or a word is not zero: the figure does not exist, and the reason is given.",
    "about": "This publication",
    "published_at": "Published on",
    "checks": "Checks",
    "checks_value": "{passed} passed, {warned} with a warning",
    "inputs_hash": "Hash of the inputs",
    "run": "Run",
    "project_version": "Program version",
    "time_zone": "Time zone",
    "utc": "UTC",
    "sheet_readiness": "Readiness",
    "sheet_feeds": "Sources",
    "sheet_kpis": "KPIs",
    "sheet_trends": "Trends",
    "sheet_segments": "Segments",
    "sheet_definitions": "Definitions",
    "sheet_publication": "Publication",
    "yes": "yes",
    "no": "no",
    "publishable": "Publishable",
    "restated": "Restated",
    "provisional": "Provisional",
    "immature": "Pending",
    "direction": "Better when",
    "direction_up": "higher",
    "direction_down": "lower",
    "direction_none": "neither",
    "unit_rate": "rate",
    "unit_score": "score",
    "unit_nps": "NPS points",
    "unit_seconds": "seconds",
    "unit_count": "count",
    "unit_currency": "amount",
    "code": "Code",
    "definition_version": "Version",
    "owner_label": "Owner",
    "no_pdf": (
        "Pack {audience} ({language}): the PDF format is asked for, but this version does not make it. The HTML page "
        "prints on A4 from a browser (Print, then “Save as PDF”)."
    ),
    "owner_customer_service": "customer service",
    "owner_customer_value": "customer value",
    "owner_customer_insight": "customer insight",
    "feed_crm_customers": "Customers (CRM)",
    "feed_crm_contacts": "Contacts (CRM)",
    "feed_crm_agents": "Agents (CRM)",
    "feed_crm_evaluations": "Evaluations (CRM)",
    "feed_crm_subscriptions": "Subscriptions (CRM)",
    "feed_crm_leads": "Leads (CRM)",
    "feed_crm_assignments": "Hold-out groups (CRM)",
    "feed_identity_links": "Identity links",
    "feed_pos_transactions": "Sales tickets",
    "feed_pos_products": "Products",
    "feed_pos_stores": "Stores",
    "feed_loyalty_members": "Loyalty members",
    "feed_loyalty_movements": "Loyalty points",
    "feed_loyalty_rewards": "Loyalty rewards",
    "feed_survey_responses": "Survey answers",
    "feed_web_sessions": "Web sessions",
}

_WORDS = {
    "fr": _FRENCH | wording_customers.FRENCH | wording_value.FRENCH,
    "en": _ENGLISH | wording_customers.ENGLISH | wording_value.ENGLISH,
}


class Words:
    """The fixed texts of one language. Raises ValueError for a language that the project does not speak."""

    def __init__(self, language: str) -> None:
        if language not in _WORDS:
            raise ValueError(f"language {language!r} is not known: expected one of {', '.join(LANGUAGES)}")
        self.language = language
        self._texts = _WORDS[language]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`, with its placeholders filled. Raises KeyError for an unknown key or a missing value."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def spaced(self, text: str) -> str:
        """A published text with the no-break spaces of French typography, so that no line starts with a colon."""
        if self.language != "fr":
            return text
        text = re.sub(r" (?=[:%€»])", "\u00a0", text)
        return re.sub(r" (?=[;!?])", "\u202f", re.sub(r"« ", "«\u00a0", text))

    def feed(self, feed: str) -> str:
        """A feed's name for readers; a feed that is not in the list keeps its own name."""
        return self._texts.get(f"feed_{feed}", feed)

    def owner(self, owner: str) -> str:
        """An owner's name for readers; one that is not in the list keeps its own name."""
        return self._texts.get(f"owner_{owner}", owner)

    def topic(self, topic: str) -> str:
        """A topic's name; a topic that is not in the list keeps its own name."""
        return self._texts.get(f"topic_{topic}", topic)

    def topic_lead(self, topic: str) -> str:
        """The sentence under a topic's name, or nothing."""
        return self._texts.get(f"topic_{topic}_lead", "")

    def segment(self, member: int) -> str:
        """The name of a value segment where the publication gives none."""
        return self._texts.get(f"segment_{member}", str(member))

    def named(self, kind: str, name: str) -> str:
        """The name for readers of a `kind` of thing (family, parameter, diagnostic, ...); else the thing's own name."""
        return self._texts.get(f"{kind}_{name}", name.replace("_", " "))

    def names(self) -> frozenset[str]:
        """The name of every text, so that a test can compare the languages."""
        return frozenset(self._texts)
