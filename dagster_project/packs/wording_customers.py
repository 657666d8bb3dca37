"""The words of the page of the customers, in French and in English; `wording.py` joins them to its own.

Here: every fixed text of that page and of its worksheets. Not here: names of segments, families and personas, reasons
(published tables).
"""

from __future__ import annotations

FRENCH = {
    "customers": "Connaître les clients",
    "pages": "Pages",
    "shows_not": "Ce que cela ne dit pas",
    "table_missing": (
        "Cette publication n’a pas la table {table}\u00a0: elle vient d’une version antérieure du programme. Une nouvelle "
        "publication donnera cette partie."
    ),
    "table_empty": (
        "La table {table} est publiée, mais vide\u00a0: ce dont elle a besoin n’a pas pu être établi. La construction, en bas de page, "
        "dit ce qui a été tenté, et pourquoi."
    ),
    "table_unprofiled": "La table {table} est publiée, mais vide\u00a0: aucun client n’autorise le profilage.",
    "customers_month": "Segments connus au début de {month}",
    "older_month": (
        "Le mois des données ({as_of_month}) n’est pas publié pour les segments\u00a0: le dernier qui l’est, {month}, est montré."
    ),
    # overlay
    "overlay": "Qui sont les clients",
    "overlay_lead": (
        "Chaque client est dans une case et une seule\u00a0: son segment de valeur en ligne, sa famille relationnelle en "
        "colonne, tels que connus au début de {month}. Montants, contacts et réponses sont ceux des 12\u00a0mois qui précèdent."
    ),
    "overlay_not": (
        "Ces sommes glissantes sur 12\u00a0mois ne s’additionnent pas d’un mois à l’autre. Une case dit comment est un groupe, "
        "pas pourquoi il est ainsi."
    ),
    "overlay_unknown": "Famille inconnue\u00a0: {share} des clients ({customers}), {because}. Rien n’est supposé d’eux.",
    "overlay_unprofiled": (
        "{label}\u00a0: {share} des clients ({customers}), {because}. Ils n’ont pas de place sur l’échelle de valeur\u202f; ils sont "
        "dans les totaux{as_called}."
    ),
    "few_interactions": "faute d’au moins 3\u00a0interactions connues en 24\u00a0mois",
    "no_families": "faute d’une version des familles en service (voir la construction, en bas de page)",
    "no_cut_points": "faute de seuils de valeur qui s’appliquent à ce mois (voir la construction, en bas de page)",
    "not_profiled": "faute d’autorisation de profilage",
    "no_potential": (
        "Aucune prévision n’a pu être ajustée\u00a0: les segments suivent la seule valeur des 12\u00a0mois. Là où leur nom parle de "
        "potentiel, lire «\u00a0valeur\u00a0»."
    ),
    "segment_means": "«\u00a0{name}\u00a0» veut dire {tiers}",
    "tiers_or": ", ou ",
    "meanings_and": "\u202f; ",
    "segments_mean": (
        "{meanings}. La valeur est celle des 12\u00a0derniers mois, le potentiel celle que l’on peut attendre des 12\u00a0suivants\u00a0: qui est "
        "de valeur haute est déjà parmi les meilleurs acheteurs d’aujourd’hui."
    ),
    "as_called": ", et nommés «\u00a0{name}\u00a0» dans les tableaux",
    "off_scale": "Hors échelle",
    "map_size": "Combien ils sont",
    "map_size_caption": "Clients, et part de tous les clients",
    "map_margin": "Ce qu’ils rapportent",
    "map_margin_caption": "Marge des 12\u00a0mois par client, et marge totale de la case",
    "sales_in_part": (
        "Les ventes ne sont connues que pour {months} des 12\u00a0mois précédents\u00a0: les montants sont ceux de ces mois, pas d’une année."
    ),
    "margin_in_part": (
        "La marge est connue pour {share} des achats nets des clients identifiés\u00a0; celle du reste manque dans les montants. "
        "Une case ou une fiche où elle l’est pour moins de {least} a un tiret."
    ),
    "margin_too_little": (
        "La marge n’est connue que pour {share} des achats nets des clients identifiés\u00a0: sous {least}, ce sont les achats nets "
        "qui sont montrés, ici et sur les fiches."
    ),
    "unidentified_margin": (
        "À part\u00a0: {amount} de marge de tickets sans client identifié, dans aucune case ni aucun montant par client. Avec eux, "
        "{whole} en tout."
    ),
    "unidentified_net": (
        "À part\u00a0: {amount} d’achats nets de tickets sans client identifié, dans aucune case ni aucun montant par client. Avec "
        "eux, {whole} en tout."
    ),
    "map_net": "Ce qu’ils achètent",
    "map_net_caption": "Achats nets des 12\u00a0mois par client, et total de la case (marge trop peu connue)",
    "map_satisfaction": "S’ils sont satisfaits",
    "map_satisfaction_caption": "Satisfaction (CSAT) des 12\u00a0mois, et nombre de réponses",
    "map_contacts": "Combien de fois ils nous contactent",
    "map_contacts_caption": "Contacts des 12\u00a0mois par client",
    "value_segment": "Segment de valeur",
    "relational_family": "Famille relationnelle",
    "overlay_legend": (
        "Le fond est d’autant plus soutenu que la valeur est élevée parmi les cases publiables de la carte\u202f; totaux sans "
        "fond. La flèche signale un intervalle à 95\u00a0% qui exclut le total. Tiret\u00a0: aucun client, aucune réponse, ou "
        "chiffre inconnu."
    ),
    "overlay_grey": (
        "En gris et en italique\u00a0: non publiable, moins de clients que le minimum\u202f; pour la satisfaction, moins de clients qui ont répondu "
        "(plusieurs réponses d’un client comptent pour un)."
    ),
    "scale_low": "le moins\u00a0: {value}",
    "scale_high": "le plus\u00a0: {value}",
    "scale_none": "trop peu de cases publiables pour une échelle",
    "too_few_customers": "non publiable, trop peu de clients",
    "too_few_respondents": "non publiable, trop peu de clients ont répondu",
    "family_all": "Toutes",
    "family_unknown": "Inconnue",
    "family_soliciting": "Solliciteurs",
    "family_time_pressed": "Pressés",
    "family_autonomous": "Autonomes",
    "family_trusting": "Confiants",
    # migrations
    "migrations": "Qui a changé de place",
    "migrations_lead": (
        "Les passages d’un mois au suivant, sur {count}\u00a0mois (de {first} à {last})\u00a0: d’où (en ligne), vers où (en "
        "colonne). Chaque passage est un événement, et les événements s’additionnent."
    ),
    "migrations_not": (
        "Un client peut bouger plusieurs fois\u00a0: ce n’est pas un nombre de clients différents, et cela ne dit pas pourquoi "
        "ils ont bougé. Un nouveau découpage des seuils est montré à part et n’est compté nulle part ailleurs."
    ),
    "axis_value": "Segments de valeur",
    "axis_family": "Familles relationnelles",
    "migrations_caption": "{axis}\u00a0: passages par origine et destination",
    "from_to": "De ↓ vers →",
    "stayed": "restés",
    "left": "Départs",
    "reached": "Arrivées",
    "kind_up": "vers le haut",
    "kind_down": "vers le bas",
    "moves_value": (
        "Changements\u00a0: {moved}, dont {up} vers le haut et {down} vers le bas. À part, entrées dans l’échelle ou sorties\u00a0: {other}."
    ),
    "moves_family": "Changements de famille\u00a0: {moved}. À part, familles devenues connues ou qui ne le sont plus\u00a0: {other}.",
    "moved_share": (
        "À un début de mois, {share} des clients changent en moyenne de place (changements ÷ passages entre deux places connues)."
    ),
    "moved_trend_value": "Part des clients qui changent de segment de valeur",
    "moved_trend_family": "Part des clients qui changent de famille",
    "recuts": "Nouveaux découpages, à part",
    "recuts_lead": "Clients déplacés par de nouveaux seuils et non par leur comportement.",
    "recuts_caption": "Clients déplacés par un nouveau découpage, par mois et par axe",
    "recuts_none": "Aucun client n’a été déplacé par un nouveau découpage sur ces mois.",
    "recut_pair": "{origin} → {destination}\u00a0: {customers}",
    "passages": "Passages",
    "and_others": "et {count} autres passages, dans le classeur",
    "axis": "Axe",
    "from_segment": "De",
    "to_segment": "Vers",
    "month_count": "Clients",
    "is_recut": "Nouveau découpage",
    # personas
    "personas": "À qui l’on parle",
    "personas_lead": (
        "Une fiche par micro-segment\u00a0: un groupe de clients au comportement voisin, décrit à partir d’agrégats d’au moins "
        "20\u00a0clients."
    ),
    "personas_not": (
        "Une persona décrit un groupe, jamais une personne\u00a0: aucun client ne ressemble à sa fiche en tout point, et une "
        "fiche ne décide rien pour un client. Les moyennes de deux fiches ne font pas une moyenne."
    ),
    "persona": "Persona",
    "persona_customers": "clients",
    "persona_share": "{share} de ceux qui ont une valeur",
    "persona_small": "Non publiable\u00a0: le groupe est sous le minimum. Fiche grisée, à ne pas utiliser.",
    "portrait": "Portrait",
    "habits": "Habitudes",
    "likes": "Aime",
    "irritants": "Irritants",
    "journey": "Parcours",
    "most_frequent": "Le plus souvent",
    "persona_margin": "Marge sur 12\u00a0mois",
    "persona_net": "Achats nets sur 12\u00a0mois",
    "persona_purchases": "Achats sur 12\u00a0mois",
    "persona_contacts": "Contacts sur 12\u00a0mois",
    "persona_csat": "Satisfaction (CSAT)",
    "per_customer": "par client",
    "answers_count": "n = {count}",
    # relationship models
    "models": "Comment les servir",
    "models_lead": (
        "Pour chaque case, le contact que ses clients souhaitent, lu dans leurs comportements et leurs réponses, à côté de "
        "celui que nous pratiquons\u202f; ce qui diffère est marqué ≠."
    ),
    "models_not": (
        "Un écart est une piste, pas la preuve que le combler rendrait plus satisfait. Un client qui vaut plus n’est pas pour "
        "autant à contacter plus."
    ),
    "models_sum": (
        "{differing} cases publiables sur {judged} ont au moins un écart entre souhaité et pratiqué\u202f; elles réunissent "
        "{customers} clients."
    ),
    "models_sum_one": (
        "1\u00a0case publiable sur {judged} a au moins un écart entre souhaité et pratiqué\u202f; elle réunit {customers} clients."
    ),
    "models_sum_same": "Aucun écart entre souhaité et pratiqué dans les cases publiables (au nombre de {judged}).",
    "models_sum_none": "Aucune case n’est publiable\u00a0: dans aucune, assez de clients n’ont répondu.",
    "models_caption": "Contact souhaité et pratiqué, par segment de valeur et famille relationnelle",
    "wanted": "souhaité",
    "practised": "pratiqué",
    "same": "pratiqué de même",
    "gap_word": "écart",
    "gap": "Écart",
    "gap_none": "aucun",
    "gaps_caption": "Où le souhaité et le pratiqué diffèrent, et en quoi",
    "gap_distance": "Distance",
    "gap_tempo": "Tempo",
    "gap_frequency": "Fréquence",
    "gap_proactivity": "Initiative",
    "gap_reply": "Réponse",
    "because": "Pourquoi",
    "distance_remote": "à distance",
    "distance_face_to_face": "en face à face",
    "tempo_synchronous": "en direct",
    "tempo_asynchronous": "en différé",
    "proactivity_proactive": "nous d’abord",
    "proactivity_reactive": "à leur demande",
    "frequency_head": "Contacts par an",
    "family": "Famille",
    "clients": "Clients",
    "satisfaction_head": "Satisfaction",
    # parameters
    "built": "Comment c’est construit",
    "built_lead": (
        "Seuils, familles et groupes sont des paramètres\u00a0: ajustés de temps en temps, gardés, puis appliqués tels quels. "
        "Personne ne change de place parce que d’autres ont changé."
    ),
    "built_not": (
        "Un diagnostic dit si un ajustement tient sur ses propres données\u202f; il ne dit pas que les segments sont vrais. Un "
        "ajustement moins bon que le précédent est refusé, et le précédent reste en service."
    ),
    "in_use": "En service",
    "in_use_caption": "Versions en service, date et taille d’ajustement, diagnostics",
    "refused": "Refusés",
    "refused_one": "Refusé",
    "refused_caption": "Ajustements refusés et leur raison, du plus récent au plus ancien",
    "refused_none": "Aucun ajustement n’a été refusé.",
    "not_in_use": "Accepté, pas en service",
    "state": "État",
    "none_in_use": "{parameter}\u00a0: aucune version en service. Ce qui en dépend n’est pas montré ou reste inconnu.",
    "others_count": "{count} autres essais, acceptés mais pas en service, sont dans le classeur avec leur raison.",
    "others_one": "Un autre essai, accepté mais pas en service, est dans le classeur avec sa raison.",
    "parameter": "Paramètre",
    "parameter_version": "Version",
    "fitted_as_of": "Ajusté au",
    "sample": "Effectif",
    "diagnostics": "Diagnostics",
    "no_diagnostics": "aucun diagnostic publié",
    "retrospective": "rétrospectif",
    "retrospective_long": "Rétrospectif",
    "retrospective_help": (
        "Rétrospectif\u00a0: première version, appliquée aussi aux mois d’avant son ajustement\u202f; elle n’entre dans aucune "
        "estimation d’effet."
    ),
    "parameter_identity_linkage": "Rapprochement d’identités",
    "parameter_value_thresholds": "Seuils de valeur et de potentiel",
    "parameter_relational_families": "Familles relationnelles",
    "parameter_micro_segments": "Micro-segments",
    "parameter_lifetime_value": "Valeur vie client",
    "parameter_churn_subscription": "Risque de résiliation",
    "parameter_churn_silence": "Risque de silence",
    "diagnostic_auc": "AUC",
    "diagnostic_brier": "score de Brier",
    "diagnostic_lift_top_decile": "gain dans le premier dixième",
    "diagnostic_calibration_slope": "pente de calibration",
    "diagnostic_churn_rate": "part de départs",
    "diagnostic_customers_left": "clients partis",
    "diagnostic_stability_index": "indice de stabilité de la population (PSI)",
    "diagnostic_training_pairs": "paires d’apprentissage",
    "diagnostic_threshold": "seuil de rapprochement",
    "diagnostic_value_low_cut": "seuil bas de valeur",
    "diagnostic_value_high_cut": "seuil haut de valeur",
    "diagnostic_potential_low_cut": "seuil bas de potentiel",
    "diagnostic_potential_high_cut": "seuil haut de potentiel",
    "diagnostic_forecast_customers": "clients de la prévision",
    "diagnostic_held_out_error": "écart de la prévision",
    "diagnostic_held_out_forecast": "prévision de l’année d’épreuve",
    "diagnostic_held_out_actual": "réalisé de l’année d’épreuve",
    "diagnostic_micro_segments": "micro-segments",
    "diagnostic_matched": "retrouvés de la version précédente",
    "diagnostic_tier_1_stability": "stabilité, valeur basse (indice de Rand ajusté)",
    "diagnostic_tier_2_stability": "stabilité, valeur moyenne",
    "diagnostic_tier_3_stability": "stabilité, valeur haute",
    "diagnostic_silhouette": "silhouette",
    "diagnostic_adjusted_rand_index": "stabilité (indice de Rand ajusté)",
    "diagnostic_clusters": "groupes",
    "diagnostic_population_stability_index": "déplacement de la population (PSI)",
    "diagnostic_precision": "précision",
    "diagnostic_recall": "rappel",
    "diagnostic_log_likelihood": "log-vraisemblance",
    "diagnostic_unknown_share": "part inconnue",
    "diagnostic_customers": "clients",
    "diagnostic_customers_with_interactions": "dont avec assez d’interactions",
    "diagnostic_unknown_channel_share": "part de canaux inconnus",
    "diagnostic_held_out_from": "début de l’année d’épreuve",
    "diagnostic_value_thresholds": "version des seuils de valeur",
    "diagnostic_separation_lead": "séparation sur l’axe de l’initiative",
    "diagnostic_separation_expectation": "séparation sur l’axe de l’attente",
    "diagnostic_share_soliciting": "part des solliciteurs",
    "diagnostic_share_time_pressed": "part des pressés",
    "diagnostic_share_autonomous": "part des autonomes",
    "diagnostic_share_trusting": "part des confiants",
    "diagnostic_held_out_log_likelihood": "vraisemblance hors échantillon",
    "diagnostic_held_out_log_likelihood_of_prototypes": "celle des prototypes",
    "diagnostic_held_out_log_likelihood_on_common_channels": "vraisemblance sur les canaux communs",
    "diagnostic_held_out_log_likelihood_of_former": "celle de la version précédente",
    # worksheets
    "sheet_overlay": "Valeur x famille",
    "sheet_migrations": "Migrations",
    "sheet_personas": "Personas",
    "sheet_models": "Modèles relationnels",
    "sheet_parameters": "Paramètres",
    "sheet_migrations_lead": (
        "Passages par mois. Les passages s’additionnent, les clients non. Nouveau découpage «\u00a0oui\u00a0»\u00a0: à part, jamais "
        "ajouté aux autres."
    ),
    "share": "Part",
    "net_amount_12m": "Achats nets 12\u00a0mois",
    "margin_12m": "Marge 12\u00a0mois",
    "identified_net_amount_12m": "dont clients identifiés, achats nets",
    "identified_margin_12m": "dont clients identifiés, marge",
    "margin_coverage": "Part des achats nets dont la marge est connue",
    "margin_per_customer": "Marge par client",
    "contacts_per_customer": "Contacts par client",
    "csat": "CSAT",
    "csat_low": "CSAT, borne basse",
    "csat_high": "CSAT, borne haute",
    "csat_answers": "Réponses CSAT",
    "nps": "NPS",
    "nps_low": "NPS, borne basse",
    "nps_high": "NPS, borne haute",
    "nps_answers": "Réponses NPS",
    "csat_publishable": "CSAT publiable",
    "nps_publishable": "NPS publiable",
    "micro_segment": "Micro-segment",
    "wanted_distance": "Distance souhaitée",
    "practised_distance": "Distance pratiquée",
    "wanted_tempo": "Tempo souhaité",
    "practised_tempo": "Tempo pratiqué",
    "wanted_frequency": "Contacts par an souhaités",
    "practised_frequency": "Contacts par an pratiqués",
    "wanted_proactivity": "Initiative souhaitée",
    "practised_proactivity": "Initiative pratiquée",
    "wanted_reply": "Réponse souhaitée (heures)",
    "practised_reply": "Réponse pratiquée (heures)",
    "satisfaction_low": "Satisfaction, borne basse",
    "satisfaction_high": "Satisfaction, borne haute",
    "answers": "Réponses",
}

ENGLISH = {
    "customers": "Know the customers",
    "pages": "Pages",
    "shows_not": "What this does not say",
    "table_missing": (
        "This publication has no table {table}: an older version of the program made it. A new publication will give this part."
    ),
    "table_empty": (
        "The table {table} is published, but empty: what it needs could not be made. How it is made, at the end of the page, tells "
        "what was tried, and why it failed."
    ),
    "table_unprofiled": "The table {table} is published, but empty: no customer allows profiling.",
    "customers_month": "Segments known at the start of {month}",
    "older_month": (
        "The month of the data ({as_of_month}) is not published for segments: the last one that is, {month}, is shown."
    ),
    "overlay": "Who the customers are",
    "overlay_lead": (
        "Each customer is in one cell and in one only: value segment by row, relational family by column, as known at the "
        "start of {month}. Amounts, contacts and answers are those of the 12 months before."
    ),
    "overlay_not": (
        "These rolling sums of 12 months do not add from month to month. A cell tells how a group is, not why it is so."
    ),
    "overlay_unknown": "Unknown family: {share} of the customers ({customers}), {because}. Nothing is assumed of them.",
    "overlay_unprofiled": (
        "{label}: {share} of the customers ({customers}), {because}. They have no place on the scale of value; they are in the totals"
        "{as_called}."
    ),
    "few_interactions": "for want of at least 3 known interactions in 24 months",
    "no_families": "for want of a version of the families in use (see how it is made, at the end of the page)",
    "no_cut_points": "for want of cut points of value that apply to this month (see how it is made, at the end of the page)",
    "not_profiled": "for want of leave to profile them",
    "no_potential": (
        "No forecast could be fitted: segments follow the value of the 12 months alone. Where their name speaks of potential, read “value”."
    ),
    "segment_means": "“{name}” means {tiers}",
    "tiers_or": ", or ",
    "meanings_and": "; ",
    "segments_mean": (
        "{meanings}. Value is that of the last 12 months, potential what may be expected of the next 12: who is of high value is among "
        "the best buyers of today already."
    ),
    "as_called": ", and called “{name}” in the tables",
    "off_scale": "Off the scale",
    "map_size": "How many they are",
    "map_size_caption": "Customers, and share of all customers",
    "map_margin": "What they bring in",
    "map_margin_caption": "Margin of 12 months per customer, and total margin of the cell",
    "sales_in_part": (
        "Sales are known of {months} of the 12 months before only: the amounts are those of these months, not of a year."
    ),
    "margin_in_part": (
        "The margin is known of {share} of the net purchases of identified customers; that of the rest is missing in the amounts. A cell "
        "or a card where it is known of less than {least} has a dash."
    ),
    "margin_too_little": (
        "The margin is known of only {share} of the net purchases of identified customers: below {least} net purchases are shown, "
        "here and on the cards."
    ),
    "unidentified_margin": (
        "Apart: {amount} of margin from tickets that name no customer, in no cell and in no amount per customer. With them, {whole} in all."
    ),
    "unidentified_net": (
        "Apart: {amount} of net purchases on tickets that name no customer, in no cell and in no amount per customer. With them, "
        "{whole} in all."
    ),
    "map_net": "What they buy",
    "map_net_caption": "Net purchases of 12 months per customer, and total of the cell (too little margin known)",
    "map_satisfaction": "Whether they are satisfied",
    "map_satisfaction_caption": "Satisfaction (CSAT) of 12 months, and number of answers",
    "map_contacts": "How often they contact us",
    "map_contacts_caption": "Contacts of 12 months per customer",
    "value_segment": "Value segment",
    "relational_family": "Relational family",
    "overlay_legend": (
        "The darker the ground, the higher the value among the publishable cells of the map; totals have no ground. An arrow "
        "marks a 95% interval that excludes the total. Dash: no customer, no answer, or a figure that is not known."
    ),
    "overlay_grey": (
        "Grey and in italics: not publishable, fewer customers than the minimum; for satisfaction, fewer customers who answered "
        "(several answers of one customer count as one)."
    ),
    "scale_low": "lowest: {value}",
    "scale_high": "highest: {value}",
    "scale_none": "too few publishable cells for a scale",
    "too_few_customers": "not publishable, too few customers",
    "too_few_respondents": "not publishable, too few customers answered",
    "family_all": "All",
    "family_unknown": "Unknown",
    "family_soliciting": "Soliciting",
    "family_time_pressed": "Time-pressed",
    "family_autonomous": "Autonomous",
    "family_trusting": "Trusting",
    "migrations": "Who changed place",
    "migrations_lead": (
        "Passages from one month to the next, over {count} months ({first} to {last}): from (by row) and to (by column). Each "
        "passage is an event, and events add."
    ),
    "migrations_not": (
        "One customer may move several times: this is no number of different customers, and it does not tell why they "
        "moved. A new cut of the thresholds is shown apart and counted nowhere else."
    ),
    "axis_value": "Value segments",
    "axis_family": "Relational families",
    "migrations_caption": "{axis}: passages by origin and destination",
    "from_to": "From ↓ to →",
    "stayed": "stayed",
    "left": "Left",
    "reached": "Reached",
    "kind_up": "upwards",
    "kind_down": "downwards",
    "moves_value": "Moves: {moved}, of which {up} upwards and {down} downwards. Apart, onto the scale or off it: {other}.",
    "moves_family": "Changes of family: {moved}. Apart, families that became known, or are known no more: {other}.",
    "moved_share": "At the start of a month {share} of the customers change place on average (moves ÷ passages between two known places).",
    "moved_trend_value": "Share of customers who change value segment",
    "moved_trend_family": "Share of customers who change family",
    "recuts": "New cuts, apart",
    "recuts_lead": "Customers moved by new thresholds and not by their behaviour.",
    "recuts_caption": "Customers moved by a new cut, by month and axis",
    "recuts_none": "No customer was moved by a new cut in these months.",
    "recut_pair": "{origin} → {destination}: {customers}",
    "passages": "Passages",
    "and_others": "and {count} other passages, in the workbook",
    "axis": "Axis",
    "from_segment": "From",
    "to_segment": "To",
    "month_count": "Customers",
    "is_recut": "New cut",
    "personas": "Who we talk to",
    "personas_lead": (
        "A card for each micro-segment: a group of customers of like behaviour, described from aggregates of at least 20 customers."
    ),
    "personas_not": (
        "A persona describes a group, never a person: no customer is like the card in every point, and a card decides "
        "nothing for a customer. The means of two cards do not make a mean."
    ),
    "persona": "Persona",
    "persona_customers": "customers",
    "persona_share": "{share} of those who have a value",
    "persona_small": "Not publishable: the group is under the minimum. The card is greyed and not to be used.",
    "portrait": "Portrait",
    "habits": "Habits",
    "likes": "Likes",
    "irritants": "Irritants",
    "journey": "Journey",
    "most_frequent": "Most often",
    "persona_margin": "Margin in 12 months",
    "persona_net": "Net purchases in 12 months",
    "persona_purchases": "Purchases in 12 months",
    "persona_contacts": "Contacts in 12 months",
    "persona_csat": "Satisfaction (CSAT)",
    "per_customer": "per customer",
    "answers_count": "n = {count}",
    "models": "How to serve them",
    "models_lead": (
        "For each cell the contact that its customers want, read in their behaviour and their answers, beside the one we "
        "practise; what differs is marked ≠."
    ),
    "models_not": (
        "A gap is a lead, no proof that closing it would satisfy more. A customer who is worth more is not for that reason "
        "to be contacted more."
    ),
    "models_sum": (
        "{differing} of {judged} publishable cells have at least one gap between wanted and practised; {customers} customers "
        "are in them."
    ),
    "models_sum_one": (
        "1 of {judged} publishable cells has at least one gap between wanted and practised; {customers} customers are in it."
    ),
    "models_sum_same": "No gap between wanted and practised in the publishable cells ({judged} of them).",
    "models_sum_none": "No cell is publishable: in none have enough customers answered.",
    "models_caption": "Contact wanted and practised, by value segment and relational family",
    "wanted": "wanted",
    "practised": "practised",
    "same": "practised likewise",
    "gap_word": "gap",
    "gap": "Gap",
    "gap_none": "none",
    "gaps_caption": "Where wanted and practised differ, and in what",
    "gap_distance": "Distance",
    "gap_tempo": "Tempo",
    "gap_frequency": "Frequency",
    "gap_proactivity": "Initiative",
    "gap_reply": "Reply",
    "because": "Why",
    "distance_remote": "remote",
    "distance_face_to_face": "face to face",
    "tempo_synchronous": "live",
    "tempo_asynchronous": "in writing, later",
    "proactivity_proactive": "we first",
    "proactivity_reactive": "when they ask",
    "frequency_head": "Contacts a year",
    "family": "Family",
    "clients": "Customers",
    "satisfaction_head": "Satisfaction",
    "built": "How it is made",
    "built_lead": (
        "Thresholds, families and groups are parameters: fitted now and then, kept, then applied as they are. Nobody changes "
        "place because others did."
    ),
    "built_not": (
        "A diagnostic tells whether a fit holds on its own data; it does not tell that the segments are true. A fit worse than "
        "the former one is refused, and the former one stays in use."
    ),
    "in_use": "In use",
    "in_use_caption": "Versions in use, date and sample of the fit, diagnostics",
    "refused": "Refused",
    "refused_one": "Refused",
    "refused_caption": "Refused fits and their reason, newest first",
    "refused_none": "No fit was refused.",
    "not_in_use": "Accepted, not in use",
    "state": "State",
    "none_in_use": "{parameter}: no version is in use. What depends on it is not shown or stays unknown.",
    "others_count": "{count} other attempts, accepted but not in use, are in the workbook with their reason.",
    "others_one": "One other attempt, accepted but not in use, is in the workbook with its reason.",
    "parameter": "Parameter",
    "parameter_version": "Version",
    "fitted_as_of": "Fitted as of",
    "sample": "Sample size",
    "diagnostics": "Diagnostics",
    "no_diagnostics": "no diagnostic published",
    "retrospective": "retrospective",
    "retrospective_long": "Retrospective",
    "retrospective_help": (
        "Retrospective: a first version, applied to the months before its fit too; it enters no estimate of an effect."
    ),
    "parameter_identity_linkage": "Identity linkage",
    "parameter_value_thresholds": "Thresholds of value and potential",
    "parameter_relational_families": "Relational families",
    "parameter_micro_segments": "Micro-segments",
    "parameter_lifetime_value": "Lifetime value",
    "parameter_churn_subscription": "Risk of cancellation",
    "parameter_churn_silence": "Risk of silence",
    "diagnostic_auc": "AUC",
    "diagnostic_brier": "Brier score",
    "diagnostic_lift_top_decile": "lift in the top decile",
    "diagnostic_calibration_slope": "calibration slope",
    "diagnostic_churn_rate": "share who left",
    "diagnostic_customers_left": "customers who left",
    "diagnostic_stability_index": "population stability index",
    "diagnostic_training_pairs": "training pairs",
    "diagnostic_threshold": "linkage threshold",
    "diagnostic_value_low_cut": "lower cut of value",
    "diagnostic_value_high_cut": "upper cut of value",
    "diagnostic_potential_low_cut": "lower cut of potential",
    "diagnostic_potential_high_cut": "upper cut of potential",
    "diagnostic_forecast_customers": "customers of the forecast",
    "diagnostic_held_out_error": "error of the forecast",
    "diagnostic_held_out_forecast": "forecast of the year held out",
    "diagnostic_held_out_actual": "actual of the year held out",
    "diagnostic_micro_segments": "micro-segments",
    "diagnostic_matched": "found again from the former version",
    "diagnostic_tier_1_stability": "stability, low value (adjusted Rand index)",
    "diagnostic_tier_2_stability": "stability, medium value",
    "diagnostic_tier_3_stability": "stability, high value",
    "diagnostic_silhouette": "silhouette",
    "diagnostic_adjusted_rand_index": "stability (adjusted Rand index)",
    "diagnostic_clusters": "clusters",
    "diagnostic_population_stability_index": "shift of the population (PSI)",
    "diagnostic_precision": "precision",
    "diagnostic_recall": "recall",
    "diagnostic_log_likelihood": "log-likelihood",
    "diagnostic_unknown_share": "unknown share",
    "diagnostic_customers": "customers",
    "diagnostic_customers_with_interactions": "of them with enough interactions",
    "diagnostic_unknown_channel_share": "share of unknown channels",
    "diagnostic_held_out_from": "start of the year held out",
    "diagnostic_value_thresholds": "version of the value thresholds",
    "diagnostic_separation_lead": "separation on the axis of initiative",
    "diagnostic_separation_expectation": "separation on the axis of expectation",
    "diagnostic_share_soliciting": "share of the soliciting",
    "diagnostic_share_time_pressed": "share of the time-pressed",
    "diagnostic_share_autonomous": "share of the autonomous",
    "diagnostic_share_trusting": "share of the trusting",
    "diagnostic_held_out_log_likelihood": "held-out likelihood",
    "diagnostic_held_out_log_likelihood_of_prototypes": "that of the prototypes",
    "diagnostic_held_out_log_likelihood_on_common_channels": "likelihood on common channels",
    "diagnostic_held_out_log_likelihood_of_former": "that of the former version",
    "sheet_overlay": "Value x family",
    "sheet_migrations": "Migrations",
    "sheet_personas": "Personas",
    "sheet_models": "Relationship models",
    "sheet_parameters": "Parameters",
    "sheet_migrations_lead": (
        "Passages by month. Passages add, customers do not. New cut “yes”: apart, never added to the others."
    ),
    "share": "Share",
    "net_amount_12m": "Net purchases 12 months",
    "margin_12m": "Margin 12 months",
    "identified_net_amount_12m": "of which identified customers, net purchases",
    "identified_margin_12m": "of which identified customers, margin",
    "margin_coverage": "Share of net purchases whose margin is known",
    "margin_per_customer": "Margin per customer",
    "contacts_per_customer": "Contacts per customer",
    "csat": "CSAT",
    "csat_low": "CSAT, lower bound",
    "csat_high": "CSAT, upper bound",
    "csat_answers": "CSAT answers",
    "nps": "NPS",
    "nps_low": "NPS, lower bound",
    "nps_high": "NPS, upper bound",
    "nps_answers": "NPS answers",
    "csat_publishable": "CSAT publishable",
    "nps_publishable": "NPS publishable",
    "micro_segment": "Micro-segment",
    "wanted_distance": "Distance wanted",
    "practised_distance": "Distance practised",
    "wanted_tempo": "Tempo wanted",
    "practised_tempo": "Tempo practised",
    "wanted_frequency": "Contacts a year wanted",
    "practised_frequency": "Contacts a year practised",
    "wanted_proactivity": "Initiative wanted",
    "practised_proactivity": "Initiative practised",
    "wanted_reply": "Reply wanted (hours)",
    "practised_reply": "Reply practised (hours)",
    "satisfaction_low": "Satisfaction, lower bound",
    "satisfaction_high": "Satisfaction, upper bound",
    "answers": "Answers",
}
