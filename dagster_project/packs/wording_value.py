"""The words of the page of the value, in French and in English; `wording.py` joins them to the others.

Here: every fixed text of that page and of its worksheet. Not here: reasons of verdicts (published tables
`repurchase_increment`, `churn_rescues`, `kpi_readiness`), constructions (`kpi_definitions`). "After" is what was observed,
"because of" what is estimated: no text may say the one for the other.
"""

from __future__ import annotations

FRENCH = {
    "proof": "Ce que le service rapporte",
    "proof_period": "Contacts du {quarter}, achats des 60\u00a0jours suivants",
    "proof_no_period": "Pas encore de trimestre à montrer",
    # the answer
    "earned": "Euros gagnés ou perdus",
    "answer_gain": "Grâce aux contacts du {quarter}, la marge dépasse leur coût de {value}, entre {low} et {high}.",
    "answer_loss": "Les contacts du {quarter} ont coûté {value} de plus que la marge qu’ils ont ajoutée, entre {low} et {high}.",
    "answer_open": (
        "On ne peut pas dire si les contacts du {quarter} ont rapporté plus qu’ils n’ont coûté\u00a0: "
        "le solde est de {value}, quelque part entre {low} et {high}."
    ),
    "answer_sales_gain": "Les contacts du {quarter} ont ajouté {value} de ventes, entre {low} et {high}\u00a0; coût non déduit.",
    "answer_sales_loss": "Les contacts du {quarter} ont retiré {value} de ventes, entre {low} et {high}\u00a0; coût non déduit.",
    "answer_sales_open": (
        "On ne peut pas dire si les contacts du {quarter} ont ajouté des ventes\u00a0: {value}, quelque part entre {low} et {high}."
    ),
    "answer_drawn_gain": "Chez les {kept} clients tirés au sort pour être traités, {quarter}, la marge dépasse le coût des contacts de {value}, entre {low} et {high}.",
    "answer_drawn_loss": (
        "Chez les {kept} clients tirés au sort pour être traités, {quarter}, les contacts ont coûté {value} de plus que la marge qu’ils ont "
        "ajoutée, entre {low} et {high}."
    ),
    "answer_drawn_open": (
        "On ne peut pas dire si les contacts ont rapporté plus qu’ils n’ont coûté chez les {kept} clients tirés au sort pour être traités, "
        "{quarter}\u00a0: le solde est de {value}, quelque part entre {low} et {high}."
    ),
    "answer_drawn_sales_gain": "Chez les {kept} clients tirés au sort pour être traités, {quarter}, les contacts ont ajouté {value} de ventes, entre {low} et {high}\u00a0; coût non déduit.",
    "answer_drawn_sales_loss": "Chez les {kept} clients tirés au sort pour être traités, {quarter}, les contacts ont retiré {value} de ventes, entre {low} et {high}\u00a0; coût non déduit.",
    "answer_drawn_sales_open": (
        "On ne peut pas dire si les contacts ont ajouté des ventes chez les {kept} clients tirés au sort pour être traités, {quarter}\u00a0: {value}, "
        "quelque part entre {low} et {high}."
    ),
    "answer_small": "Pour le {quarter}, l’estimation repose sur trop peu de clients pour être utilisée.",
    "trust_small": "Non.",
    "trust_small_text": "L’effectif est sous le minimum publiable\u00a0: les montants sont montrés en gris, ils ne doivent servir à aucune décision.",
    "answer_alarm": (
        "Ne pas utiliser l’estimation du {quarter}\u00a0: un contrôle trouve un effet là où il ne peut pas y en avoir."
    ),
    "answer_none": "Pour le {quarter}, aucun euro ne peut être attribué au service.",
    "answer_nothing": "Rien ne peut encore être dit en euros.",
    "trust": "Peut-on s’y fier\u202f?",
    "trust_alarm": "Non.",
    "trust_alarm_text": "{alarms} Les montants sont montrés, ils ne doivent servir à aucune décision.",
    "trust_open": "Pas assez pour conclure.",
    "trust_open_text": "L’intervalle va de la perte au gain\u00a0: trop peu de clients, ou un effet trop petit pour être vu.",
    "trust_hold_out": "Oui.",
    "trust_hold_out_text": "Les clients du groupe témoin ont été tirés au sort\u00a0: seul le hasard sépare les deux groupes.",
    "trust_unchecked": "Avec prudence.",
    "trust_unchecked_text": "Comparaison, et non tirage au sort\u00a0; {unchecked}.",
    "trust_care": "Oui, avec réserve.",
    "trust_care_text": (
        "Les deux contrôles sont sans alerte. Mais c’est une comparaison, et non un tirage au sort\u00a0: un facteur caché reste possible."
    ),
    "trust_none": "Sans objet.",
    "trust_none_text": "{reason}",
    "trust_share": "L’estimation parle de {kept} clients contactés sur {treated} ({share}).",
    "trust_share_drawn": "L’estimation parle de {kept} clients du groupe traité sur {treated} ({share}).",
    "unchecked_placebo": "le contrôle à blanc n’a pas pu être fait",
    "unchecked_negative_control": "le contrôle des appels abandonnés n’a pas pu être fait, faute de cas",
    "unchecked_both": "aucun des deux contrôles n’a pu être fait, faute de cas",
    "alarm_placebo": "Alerte du contrôle à blanc.",
    "alarm_negative_control": "Alerte des appels abandonnés.",
    # the figures
    "figure_after": "Après un contact",
    "figure_because": "Grâce au service",
    "figure_net": "Net du coût des contacts",
    "figure_retained": "Clients à risque conservés",
    "figure_rescued": "Conservés grâce au contact",
    "figure_secured": "Revenu d’abonnement sécurisé",
    "observed_mark": "constaté",
    "estimated_mark": "estimé",
    "hold_out_mark": "tirage au sort",
    "net_mark": "estimé, chiffre clé",
    "between": "entre {low} et {high}",
    "at_95": "à 95\u00a0%",
    "after_contacts": "achetés dans les 60\u00a0jours qui suivent {contacts} contacts",
    "after_margin": "dont {margin} de marge connue",
    "after_cost": "ces contacts ont coûté {cost}",
    "after_cost_part": "les {costed} dont le coût est connu ont coûté {cost}",
    "after_pending": "en attente, contacts plus récents\u00a0: {pending}",
    "after_not": "«\u00a0Après\u00a0» n’est pas «\u00a0grâce à\u00a0»",
    "because_customers": "de ventes dues au contact, chez {kept} clients contactés",
    "because_customers_drawn": "de ventes dues au contact, chez {kept} clients du groupe traité",
    "because_not": "Ce n’est pas une part du montant «\u00a0après un contact\u00a0»",
    "net_parts": "{margin} de marge due au contact, moins {cost} de coût des contacts",
    "net_costed": "coût connu de {costed} contacts sur {contacts}\u00a0; les autres sont comptés au coût moyen de ceux-ci",
    "unavailable_because": "Indisponible",
    "not_estimable": "Non estimable",
    "no_margin": "La marge d’aucun ticket n’est connue\u00a0: le montant net ne peut pas être calculé.",
    "no_cost": "Le coût des contacts n’est pas connu (durée de traitement ou coût horaire absents).",
    "no_quarter": "Aucun trimestre n’est à la fois complet et assez ancien pour que ses 60\u00a0jours soient écoulés.",
    "no_mature_month": "Aucun mois n’est à la fois complet et assez ancien pour que le délai d’observation soit écoulé.",
    "no_row": "Aucun client concerné dans cette période.",
    "no_subscriber": "Aucun abonné parmi les clients à risque contactés.",
    "too_few_subscribers": "Abonnés à risque contactés\u00a0: {customers}. C’est trop peu pour chiffrer ce qui a été sécurisé.",
    "last_estimated": "Dernier trimestre estimé, le {quarter}\u00a0: {value}, {between}.",
    "window_alarm": "un contrôle alerte",
    "change_from": "{change} depuis {period}",
    "change_steady": "dans la marge d’erreur",
    "change_none": "Pas de comparaison\u00a0: {reason}",
    "no_change_no_previous": "pas de période précédente.",
    "no_change_no_period": "aucune période complète.",
    "no_change_immature": "la période précédente est incomplète, ou ses fenêtres ne sont pas écoulées.",
    "no_change_not_estimable": "l’une des deux périodes n’est pas estimable.",
    "no_change_other_method": "l’une des deux périodes est un tirage au sort, l’autre une comparaison\u00a0: elles parlent d’autres clients.",
    "no_change_small": "trop peu de clients dans l’une des deux périodes.",
    "small_sample": "effectif trop faible, à ne pas utiliser",
    "earned_lead": (
        "Deux questions, deux réponses. Constaté\u00a0: ce que les clients ont acheté après un contact, avec ou sans lui. Estimé\u00a0: "
        "ce qu’ils n’auraient pas acheté sans lui."
    ),
    "earned_not": (
        "Les trois montants ne s’additionnent pas et ne se soustraient pas. Le premier compte les contacts entrants et traités de clients qui avaient déjà acheté, les deux autres le premier "
        "contact d’un client depuis 90\u00a0jours, s’il a des semblables non contactés."
    ),
    "earned_not_drawn": (
        "Les trois montants ne s’additionnent pas et ne se soustraient pas. Le premier compte les contacts entrants et traités de clients qui avaient déjà acheté, les deux autres les seuls "
        "clients du tirage au sort."
    ),
    # customers kept
    "kept": "Clients et revenus conservés",
    "kept_lead": (
        "Les clients sur le départ qui ont été contactés en {month}\u00a0: combien sont encore là à la fin du délai d’observation (90\u00a0jours, sauf réglage), combien le sont grâce au contact."
    ),
    "kept_lead_none": "Les clients sur le départ qui ont été contactés\u00a0: combien sont restés, et combien grâce au contact.",
    "kept_not": (
        "Le revenu sécurisé ne s’ajoute jamais aux euros gagnés ci-dessus\u00a0: ce sont des mensualités à venir, non des achats. Rester après un "
        "contact n’est pas rester grâce à lui. Pour des clients sans abonnement, «\u00a0conservés grâce au contact\u00a0» est trop haut\u00a0: qui n’appelle pas est souvent déjà parti."
    ),
    "retained_of": "sur {contacted} clients à risque contactés ({rate})",
    "retained_rate_of": "{rate}\u00a0: {low} à {high}",
    "retained_expected": "parmi les {scored} que le score désignait\u00a0: {rate} restés, {expected} attendus d’après le score, qui est celui du début du mois",
    "rescued_of": "clients, sur {customers} contactés que le score désignait",
    "secured_of": "de mensualités, chez {customers} abonnés contactés",
    "secured_billed": "dont {billed} déjà facturés",
    "secured_reversed": "{reversed} annulés\u00a0: clients partis depuis, déjà déduits",
    "risks_now": "Clients à risque aujourd’hui\u00a0: {customers} ({kinds}). Tenus hors de la liste d’appel, par tirage, pour mesurer son effet\u00a0: {held_out}.",
    "risk_subscription": "{count} par résiliation",
    "risk_silence": "{count} par silence",
    "risks_none": "Aucun client n’est signalé à risque aujourd’hui.",
    # where it comes from
    "origin": "D’où cela vient",
    "origin_lead": "Où les clients achètent après un contact, où le contact ajoute des ventes, et ce qui a changé depuis la période précédente.",
    "origin_not": (
        "Une case forte de la carte n’est pas une cause\u00a0: les bons clients achètent de toute façon plus. Seul le total est un chiffre clé, "
        "les autres cases sont exploratoires."
    ),
    "map_after": "Après un contact, constaté",
    "map_after_caption": "Euros achetés dans les 60\u00a0jours, par segment et par canal, {quarter}",
    "contacts_count": "{count} contacts",
    "map_after_legend": (
        "Fond d’autant plus soutenu que le montant est élevé. Ces montants s’additionnent en ligne et en colonne\u00a0: chaque achat est "
        "crédité à un seul contact. Gris et italique\u00a0: non publiable, trop peu de clients. Tiret\u00a0: aucun contact."
    ),
    "forest_segments": "Grâce au service, estimé",
    "forest_segments_caption": "Ventes ajoutées par segment, intervalle à 95\u00a0%, {quarter}",
    "forest_quarters": "Trimestre par trimestre",
    "forest_quarters_caption": "Marge ajoutée moins coût des contacts, intervalle à 95\u00a0%",
    "forest_quarters_sales_caption": "Ventes ajoutées, intervalle à 95\u00a0%, coût non déduit",
    "forest_legend": (
        "Le trait est l’intervalle à 95\u00a0%\u00a0: s’il traverse la ligne du zéro, un gain n’est pas établi. Les segments estimés font le total\u00a0; "
        "leurs intervalles ne s’additionnent pas."
    ),
    "forest_legend_whole": (
        "Le trait est l’intervalle à 95\u00a0%\u00a0: s’il traverse la ligne du zéro, un gain n’est pas établi. Aucun segment n’est estimé pour lui-même\u00a0: "
        "le total l’est sur tous les clients ensemble."
    ),
    "kept_customers": "Clients",
    "per_customer_head": "Par client",
    "added_sales": "Ventes ajoutées",
    "net_head": "Net du coût",
    "effect_head": "Perte ou gain",
    "incomplete_quarter": "trimestre en cours ou fenêtres non écoulées",
    "details_after": "Par famille, motif, file et équipe",
    "details_after_caption": "{dimension}\u00a0: euros après un contact, {quarter}",
    "dimension_relational_family": "Famille relationnelle",
    "dimension_reason": "Motif",
    "dimension_queue": "File",
    "dimension_team": "Équipe",
    "contacts_head": "Contacts",
    "amount_head": "Achetés après",
    "amount_per_contact": "Par contact",
    "followed_head": "Contacts suivis d’un achat",
    "member_unknown": "Non renseigné",
    "changes": "Ce qui a changé",
    "changes_caption": "Chaque chiffre, son évolution et ses trois parts",
    "changes_lead": "L’écart de chaque chiffre est partagé exactement, au centime près, en trois parts\u00a0:",
    "part_volume": "Volume",
    "part_volume_text": "ce que le seul nombre aurait apporté (contacts ou clients), à composition et rendement d’avant.",
    "part_mix": "Composition",
    "part_mix_text": "ce que changent les parts des segments, au rendement d’avant\u00a0; un segment présent dans une seule période n’a pas de rendement à comparer et compte ici.",
    "part_rate": "Rendement",
    "part_rate_text": "ce que chaque contact ou client rapporte de plus ou de moins, segment par segment.",
    "before_head": "Avant",
    "now_head": "Maintenant",
    "figure_head": "Chiffre",
    "gap_head": "Écart",
    "changes_steady": "Écart dans la marge d’erreur\u00a0: ses parts n’expliquent rien de sûr.",
    "changes_alarm": "Une alerte touche l’une des périodes\u00a0: à ne pas interpréter.",
    "changes_members": "Les segments que l’on peut estimer ont changé\u00a0: cela est dans la composition.",
    "changes_not_added": "Les lignes ne s’additionnent pas entre elles.",
    # how it was computed
    "computed": "Comment c’est calculé",
    "computed_lead": "En trois pas, puis la construction exacte de chaque chiffre et les mesures de qualité.",
    "computed_not": "Un calcul bien fait sur des données incomplètes reste incomplet\u00a0: la page des indicateurs dit ce que valent les sources.",
    "step_observed": (
        "Constaté\u00a0: chaque achat est crédité une seule fois, au dernier contact qui le précède de 60\u00a0jours au plus. Les retours sont déduits. "
        "Les contacts dont les 60\u00a0jours ne sont pas écoulés attendent."
    ),
    "step_estimated": (
        "Estimé\u00a0: sans tirage au sort, chaque client contacté est comparé à des clients semblables, sans contact depuis 90\u00a0jours ce jour-là (mêmes achats, visites, marge, ancienneté, saison). "
        "Ce qu’ils achètent de moins est ce que le contact a ajouté. Avec un tirage au sort, le groupe traité est comparé au groupe témoin."
    ),
    "step_net": (
        "Net\u00a0: de la marge ajoutée on retire le coût de tous les contacts de ces clients jusqu’à la fin des 60\u00a0jours, même de ceux qu’ils "
        "auraient eus de toute façon."
    ),
    "other_windows": "Les autres fenêtres",
    "other_windows_caption": "Toutes les fenêtres, {quarter}",
    "other_windows_lead": "Elles se recouvrent\u00a0: 60\u00a0jours contiennent les 30 premiers. Aucune ne s’ajoute à une autre. Celle de 60\u00a0jours fait foi.",
    "window_head": "Fenêtre",
    "window_days_value": "{days}\u00a0jours",
    "window_not_over": "fenêtre non écoulée",
    "constructions": "La construction de chaque chiffre",
    "technical": "Les mesures de qualité, pour les spécialistes",
    "technical_caption": "Part gardée, équilibre et échantillon de l’estimation, {quarter}",
    "technical_lead": (
        "Part gardée\u00a0: clients contactés qui ont leurs semblables parmi les autres. Équilibre\u00a0: plus grande différence standardisée qui "
        "reste après pondération (limite 0,10, sauf tirage au sort). Échantillon effectif\u00a0: à combien de témoins de même poids la comparaison équivaut."
    ),
    "treated_head": "Contactés",
    "kept_head": "Gardés",
    "kept_share_head": "Part gardée",
    "controls_head": "Témoins",
    "effective_head": "Échantillon effectif",
    "balance_head": "Équilibre",
    "sensitivity_head": "Sensibilité (E)",
    # what it does not prove
    "doubt": "Ce que cela ne prouve pas",
    "doubt_lead": "Avant de répéter un chiffre de cette page\u00a0: les contrôles, ce qui pourrait le défaire, et ses limites.",
    "doubt_not": "Un contrôle muet ne prouve pas que l’estimation est juste\u00a0; un contrôle qui sonne prouve qu’elle ne l’est pas assez.",
    "checks_head": "Les deux contrôles",
    "checks_of_comparison": "Un tirage au sort n’en a pas besoin\u00a0: ce sont ceux de la comparaison, montrée à côté.",
    "placebo": "Contrôle à blanc",
    "placebo_quiet": "Sur une période où le contact ne pouvait rien changer, car il n’avait pas encore eu lieu, la méthode ne trouve pas d’effet. C’est ce qu’on attend d’elle.",
    "placebo_ringing": "Sur une période où le contact ne pouvait rien changer, car il n’avait pas encore eu lieu, la méthode trouve un effet. Elle en trouve donc là où il n’y en a pas.",
    "placebo_unknown": "Sur une période où le contact ne pouvait rien changer, car il n’avait pas encore eu lieu, la méthode n’a pas pu être essayée\u00a0: trop peu de clients ou d’historique.",
    "negative_control": "Appels abandonnés",
    "negative_control_quiet": "Chez les clients dont l’appel a été abandonné, et que le service n’a donc pas servis, la méthode ne trouve pas d’effet. C’est ce qu’on attend d’elle.",
    "negative_control_ringing": "Chez les clients dont l’appel a été abandonné, et que le service n’a donc pas servis, la méthode trouve un effet. Elle en trouve donc là où il n’y en a pas.",
    "negative_control_unknown": "Chez les clients dont l’appel a été abandonné, et que le service n’a donc pas servis, la méthode n’a pas pu être essayée\u00a0: ils sont trop peu. Ce silence n’est pas un accord.",
    "check_quiet": "sans alerte",
    "check_ringing": "alerte",
    "check_unknown": "non fait",
    "hidden_factor": "Un facteur caché pourrait-il tout expliquer\u202f?",
    "sensitivity_text": (
        "Pour l’expliquer seul, il devrait multiplier par {value} à la fois la chance de contacter le service et celle de racheter, en plus de tout ce que l’on sait du client."
    ),
    "sensitivity_rate": "L’effet sur la part des clients qui rachètent\u00a0: {rate}\u00a0points, entre {low} et {high}.",
    "sensitivity_interval": "Par {value}, il suffirait à ramener l’intervalle jusqu’à zéro.",
    "sensitivity_zero": "L’intervalle contient déjà zéro\u00a0: aucun facteur caché n’est nécessaire pour que cet effet soit nul.",
    "sensitivity_none": "On ne peut pas le calculer ici.",
    "sensitivity_randomised": "Dans un tirage au sort, un facteur caché est réparti par le hasard\u00a0: c’est sa force.",
    "both_methods": "Tirage au sort et comparaison, côte à côte",
    "both_methods_caption": "Les deux méthodes sur le {quarter}",
    "both_methods_lead": "Deux réponses, sur des clients différents, jamais à additionner. Pour ceux du tirage au sort, il fait foi quand il est estimable.",
    "method_head": "Méthode",
    "method_estimate": "Comparaison à des clients semblables",
    "method_hold_out": "Groupe témoin tiré au sort",
    "limits": "Les limites",
    "limit_after": "«\u00a0Après un contact\u00a0» n’est pas «\u00a0grâce au contact\u00a0»\u00a0: ces clients auraient pu acheter sans lui.",
    "limit_share": "L’estimation vaut pour {share} des clients contactés, ceux qui ont leurs semblables. Des autres, elle ne dit rien.",
    "limit_share_drawn": "L’estimation vaut pour {share} des clients du groupe traité. Des autres clients, elle ne dit rien.",
    "limit_share_none": "Une estimation ne vaut que pour les clients contactés qui ont leurs semblables parmi les autres.",
    "limit_hidden": (
        "Qui appelle est encore client\u00a0; qui se tait est peut-être déjà parti. Là où des clients partent sans le dire, une comparaison sans tirage au sort est trop haute, parfois nettement, et les deux contrôles peuvent ne pas le voir."
    ),
    "limit_window": "Elle s’arrête à 60\u00a0jours\u00a0: un achat simplement avancé compte comme un gain, un effet plus lent ne compte pas.",
    "limit_future": "Elle parle de ces contacts-là. Elle ne dit pas ce que rapporterait un contact de plus.",
    "limit_sum": "Euros après un contact, euros grâce au service et revenu sécurisé ne s’additionnent jamais, ni entre eux ni d’une fenêtre à l’autre.",
    # worksheet
    "sheet_value": "Valeur du service",
    "sheet_value_lead": (
        "Une ligne par chiffre. Rien ne s’additionne d’un chiffre, d’une fenêtre ou d’une méthode à l’autre\u00a0; intervalles et clients ne s’additionnent pas."
    ),
    "period_head": "Période",
    "verdict_reason": "Verdict",
    "complete_head": "Complet et mûr",
    "channel_head": "Canal",
    "placebo_head": "Alerte à blanc",
    "negative_control_head": "Alerte des appels abandonnés",
    "part_change": "Écart",
}

ENGLISH = {
    "proof": "What the service brings in",
    "proof_period": "Contacts of the {quarter}, purchases of the 60 days after",
    "proof_no_period": "No quarter to show yet",
    "earned": "Euros earned or lost",
    "answer_gain": "Because of the contacts of the {quarter}, margin exceeds their cost by {value}, between {low} and {high}.",
    "answer_loss": "The contacts of the {quarter} cost {value} more than the margin they added, between {low} and {high}.",
    "answer_open": (
        "It cannot be said whether the contacts of the {quarter} brought in more than they cost: "
        "the balance is {value}, somewhere between {low} and {high}."
    ),
    "answer_sales_gain": "The contacts of the {quarter} added {value} of sales, between {low} and {high}; cost not deducted.",
    "answer_sales_loss": "The contacts of the {quarter} took away {value} of sales, between {low} and {high}; cost not deducted.",
    "answer_sales_open": (
        "It cannot be said whether the contacts of the {quarter} added sales: {value}, somewhere between {low} and {high}."
    ),
    "answer_drawn_gain": "Among the {kept} customers drawn to be treated, {quarter}, margin exceeds the cost of the contacts by {value}, between {low} and {high}.",
    "answer_drawn_loss": "Among the {kept} customers drawn to be treated, {quarter}, the contacts cost {value} more than the margin they added, between {low} and {high}.",
    "answer_drawn_open": (
        "It cannot be said whether contacts brought in more than they cost among the {kept} customers drawn to be treated, {quarter}: the balance "
        "is {value}, somewhere between {low} and {high}."
    ),
    "answer_drawn_sales_gain": "Among the {kept} customers drawn to be treated, {quarter}, the contacts added {value} of sales, between {low} and {high}; cost not deducted.",
    "answer_drawn_sales_loss": "Among the {kept} customers drawn to be treated, {quarter}, the contacts took away {value} of sales, between {low} and {high}; cost not deducted.",
    "answer_drawn_sales_open": (
        "It cannot be said whether contacts added sales among the {kept} customers drawn to be treated, {quarter}: {value}, somewhere between {low} "
        "and {high}."
    ),
    "answer_small": "For the {quarter} the estimate rests on too few customers to be used.",
    "trust_small": "No.",
    "trust_small_text": "There are fewer customers than may be published: the amounts are shown in grey, and are no ground for any decision.",
    "answer_alarm": "Do not use the estimate of the {quarter}: a check finds an effect where there can be none.",
    "answer_none": "For the {quarter} no euro can be put down to the service.",
    "answer_nothing": "Nothing can be said in euros yet.",
    "trust": "Can it be relied on?",
    "trust_alarm": "No.",
    "trust_alarm_text": "{alarms} The amounts are shown, and are no ground for any decision.",
    "trust_open": "Not enough to conclude.",
    "trust_open_text": "The interval goes from a loss to a gain: too few customers, or an effect too small to be seen.",
    "trust_hold_out": "Yes.",
    "trust_hold_out_text": "The customers of the hold-out were drawn at random: nothing but chance separates the two groups.",
    "trust_unchecked": "With caution.",
    "trust_unchecked_text": "A comparison, not a random draw; {unchecked}.",
    "trust_care": "Yes, with a caveat.",
    "trust_care_text": "Both checks are quiet. But it is a comparison, not a random draw: a hidden factor remains possible.",
    "trust_none": "Not applicable.",
    "trust_none_text": "{reason}",
    "trust_share": "The estimate speaks of {kept} of {treated} contacted customers ({share}).",
    "trust_share_drawn": "The estimate speaks of {kept} of {treated} customers of the treated arm ({share}).",
    "unchecked_placebo": "the placebo check could not be made",
    "unchecked_negative_control": "the check on abandoned calls could not be made, for want of cases",
    "unchecked_both": "neither of the two checks could be made, for want of cases",
    "alarm_placebo": "Alarm of the placebo check.",
    "alarm_negative_control": "Alarm of the abandoned calls.",
    "figure_after": "After a contact",
    "figure_because": "Because of the service",
    "figure_net": "Net of the cost of contacts",
    "figure_retained": "Customers at risk retained",
    "figure_rescued": "Kept because of the contact",
    "figure_secured": "Subscription revenue secured",
    "observed_mark": "observed",
    "estimated_mark": "estimated",
    "hold_out_mark": "random draw",
    "net_mark": "estimated, headline",
    "between": "between {low} and {high}",
    "at_95": "at 95%",
    "after_contacts": "bought in the 60 days after {contacts} contacts",
    "after_margin": "of which {margin} is known margin",
    "after_cost": "these contacts cost {cost}",
    "after_cost_part": "the {costed} whose cost is known cost {cost}",
    "after_pending": "pending, more recent contacts: {pending}",
    "after_not": "“After” is not “because of”",
    "because_customers": "of sales due to the contact, among {kept} contacted customers",
    "because_customers_drawn": "of sales due to the contact, among {kept} customers of the treated arm",
    "because_not": "It is no part of the amount “after a contact”",
    "net_parts": "{margin} of margin due to the contact, less {cost} of contact cost",
    "net_costed": "the cost is known of {costed} contacts out of {contacts}; the others are counted at the mean cost of these",
    "unavailable_because": "Unavailable",
    "not_estimable": "Not estimable",
    "no_margin": "The margin of no ticket is known: the net amount cannot be computed.",
    "no_cost": "The cost of the contacts is not known (handling time or hourly cost are absent).",
    "no_quarter": "No quarter is both complete and old enough for its 60 days to be over.",
    "no_mature_month": "No month is both complete and old enough for the time of observation to be over.",
    "no_row": "No customer was concerned in this period.",
    "no_subscriber": "No subscriber among the customers at risk who were contacted.",
    "too_few_subscribers": "Subscribers at risk who were contacted: {customers}. These are too few to put a figure on what was secured.",
    "last_estimated": "Last quarter that was estimated, the {quarter}: {value}, {between}.",
    "window_alarm": "a check alarms",
    "change_from": "{change} since {period}",
    "change_steady": "within the margin of error",
    "change_none": "No comparison: {reason}",
    "no_change_no_previous": "there is no period before.",
    "no_change_no_period": "no period is complete.",
    "no_change_immature": "the period before is not complete, or its windows are not over.",
    "no_change_not_estimable": "one of the two periods is not estimable.",
    "no_change_other_method": "one of the two periods is a random draw, the other a comparison: they speak of other customers.",
    "no_change_small": "too few customers in one of the two periods.",
    "small_sample": "sample too small, not to be used",
    "earned_lead": (
        "Two questions, two answers. Observed: what customers bought after a contact, with or without it. Estimated: what they "
        "would not have bought without it."
    ),
    "earned_not": (
        "The three amounts neither add nor subtract. The first counts inbound, handled contacts of customers who had bought before, the other two a customer’s first contact in 90 days, "
        "where there are customers alike without one."
    ),
    "earned_not_drawn": (
        "The three amounts neither add nor subtract. The first counts inbound, handled contacts of customers who had bought before, the other two only the customers of the random draw."
    ),
    "kept": "Customers and revenue kept",
    "kept_lead": (
        "The customers about to leave who were contacted in {month}: how many are there still at the end of the time of observation (90 days unless set otherwise), and how many because of the contact."
    ),
    "kept_lead_none": "The customers about to leave who were contacted: how many stayed, and how many because of the contact.",
    "kept_not": (
        "Secured revenue is never added to the euros earned above: it is monthly payments to come, not purchases. To stay after a contact is "
        "not to stay because of it. Of customers without a subscription, “kept because of the contact” is too high: who does not call has often left already."
    ),
    "retained_of": "of {contacted} customers at risk who were contacted ({rate})",
    "retained_rate_of": "{rate}: {low} to {high}",
    "retained_expected": "of the {scored} whom the score had named: {rate} stayed, {expected} expected by the score, which is that of the start of the month",
    "rescued_of": "customers, of {customers} contacted whom the score had named",
    "secured_of": "of monthly payments, among {customers} contacted subscribers",
    "secured_billed": "of which {billed} billed already",
    "secured_reversed": "{reversed} reversed: customers who have left since, already deducted",
    "risks_now": "Customers at risk today: {customers} ({kinds}). Kept off the call list, by a draw, so that its effect can be measured: {held_out}.",
    "risk_subscription": "{count} by cancellation",
    "risk_silence": "{count} by silence",
    "risks_none": "No customer is flagged as at risk today.",
    "origin": "Where it comes from",
    "origin_lead": "Where customers buy after a contact, where the contact adds sales, and what has changed since the period before.",
    "origin_not": (
        "A strong cell of the map is no cause: good customers buy more anyway. Only the total is a headline figure, the other cells are exploratory."
    ),
    "map_after": "After a contact, observed",
    "map_after_caption": "Euros bought within 60 days, by segment and channel, {quarter}",
    "contacts_count": "{count} contacts",
    "map_after_legend": (
        "The darker the ground, the higher the amount. These amounts add by row and by column: each purchase is credited to one contact only. "
        "Grey and in italics: not publishable, too few customers. Dash: no contact."
    ),
    "forest_segments": "Because of the service, estimated",
    "forest_segments_caption": "Sales added by segment, 95% interval, {quarter}",
    "forest_quarters": "Quarter by quarter",
    "forest_quarters_caption": "Margin added less the cost of contacts, 95% interval",
    "forest_quarters_sales_caption": "Sales added, 95% interval, cost not deducted",
    "forest_legend": (
        "The bar is the 95% interval: where it crosses the zero line, a gain is not established. The estimated segments make up the total; "
        "their intervals do not add."
    ),
    "forest_legend_whole": (
        "The bar is the 95% interval: where it crosses the zero line, a gain is not established. No segment is estimated for itself: the total is, of "
        "all customers together."
    ),
    "kept_customers": "Customers",
    "per_customer_head": "Per customer",
    "added_sales": "Sales added",
    "net_head": "Net of cost",
    "effect_head": "Loss or gain",
    "incomplete_quarter": "quarter in progress, or windows not over",
    "details_after": "By family, reason, queue and team",
    "details_after_caption": "{dimension}: euros after a contact, {quarter}",
    "dimension_relational_family": "Relational family",
    "dimension_reason": "Reason",
    "dimension_queue": "Queue",
    "dimension_team": "Team",
    "contacts_head": "Contacts",
    "amount_head": "Bought after",
    "amount_per_contact": "Per contact",
    "followed_head": "Contacts followed by a purchase",
    "member_unknown": "Not stated",
    "changes": "What has changed",
    "changes_caption": "Each figure, its change and the three parts of it",
    "changes_lead": "The change of each figure is split exactly, to the cent, into three parts:",
    "part_volume": "Volume",
    "part_volume_text": "what the number alone would have brought (contacts or customers), at the composition and rates of before.",
    "part_mix": "Mix",
    "part_mix_text": "what the shares of the segments change, at the rates of before; a segment of one period only has no rate to compare and counts here.",
    "part_rate": "Rate",
    "part_rate_text": "what each contact or customer brings more or less, segment by segment.",
    "before_head": "Before",
    "now_head": "Now",
    "figure_head": "Figure",
    "gap_head": "Change",
    "changes_steady": "Change within the margin of error: its parts explain nothing certain.",
    "changes_alarm": "An alarm concerns one of the periods: not to be interpreted.",
    "changes_members": "The segments that can be estimated have changed: that is in the mix.",
    "changes_not_added": "The rows do not add to each other.",
    "computed": "How it was computed",
    "computed_lead": "In three steps, then the exact construction of each figure and the measures of quality.",
    "computed_not": "A sound computation on incomplete data stays incomplete: the page of the KPIs says what the sources are worth.",
    "step_observed": (
        "Observed: each purchase is credited once, to the last contact at most 60 days before it. Returns are deducted. Contacts whose 60 "
        "days are not over have to wait."
    ),
    "step_estimated": (
        "Estimated: without a random draw each contacted customer is compared with similar customers without a contact in the 90 days before that day (same purchases, visits, margin, tenure, season). "
        "What those buy less is what the contact added. With a random draw the treated arm is compared with the arm held out."
    ),
    "step_net": (
        "Net: from the margin added, the cost of all contacts of these customers until the end of the 60 days is deducted, even of those that "
        "they would have had anyway."
    ),
    "other_windows": "The other windows",
    "other_windows_caption": "All windows, {quarter}",
    "other_windows_lead": "They overlap: 60 days contain the first 30. No window is added to another. The one of 60 days counts.",
    "window_head": "Window",
    "window_days_value": "{days} days",
    "window_not_over": "window not over",
    "constructions": "The construction of each figure",
    "technical": "The measures of quality, for specialists",
    "technical_caption": "Share kept, balance and sample of the estimate, {quarter}",
    "technical_lead": (
        "Share kept: contacted customers who have their like among the others. Balance: largest standardised difference left after "
        "weighting (limit 0.10, but for a random draw). Effective sample: how many equally weighted controls the comparison is worth."
    ),
    "treated_head": "Contacted",
    "kept_head": "Kept",
    "kept_share_head": "Share kept",
    "controls_head": "Controls",
    "effective_head": "Effective sample",
    "balance_head": "Balance",
    "sensitivity_head": "Sensitivity (E)",
    "doubt": "What this does not prove",
    "doubt_lead": "Before a figure of this page is repeated: the checks, what could undo it, and its limits.",
    "doubt_not": "A quiet check does not prove that the estimate is right; one that rings proves that it is not right enough.",
    "checks_head": "The two checks",
    "checks_of_comparison": "A random draw needs none: these are those of the comparison, shown beside it.",
    "placebo": "Placebo",
    "placebo_quiet": "In a period in which the contact could change nothing, because it had not taken place yet, the method finds no effect. That is what is expected of it.",
    "placebo_ringing": "In a period in which the contact could change nothing, because it had not taken place yet, the method finds an effect. So it finds some where there is none.",
    "placebo_unknown": "In a period in which the contact could change nothing, because it had not taken place yet, the method could not be tried: too few customers or too short a history.",
    "negative_control": "Abandoned calls",
    "negative_control_quiet": "Among customers whose call was abandoned, and whom the service therefore did not serve, the method finds no effect. That is what is expected of it.",
    "negative_control_ringing": "Among customers whose call was abandoned, and whom the service therefore did not serve, the method finds an effect. So it finds some where there is none.",
    "negative_control_unknown": "Among customers whose call was abandoned, and whom the service therefore did not serve, the method could not be tried: they are too few. This silence is no approval.",
    "check_quiet": "quiet",
    "check_ringing": "alarm",
    "check_unknown": "not made",
    "hidden_factor": "Could a hidden factor explain it all?",
    "sensitivity_text": (
        "To explain it alone, it would have to multiply by {value} both the chance to contact the service and the chance to buy again, beyond all that is known of the customer."
    ),
    "sensitivity_rate": "The effect on the share of customers who buy again: {rate} points, between {low} and {high}.",
    "sensitivity_interval": "At {value} it would bring the interval down to zero.",
    "sensitivity_zero": "The interval holds zero already: no hidden factor is needed for there to be no such effect.",
    "sensitivity_none": "It cannot be computed here.",
    "sensitivity_randomised": "In a random draw chance spreads any hidden factor over both groups: that is its strength.",
    "both_methods": "Random draw and comparison, side by side",
    "both_methods_caption": "Both methods on the {quarter}",
    "both_methods_lead": "Two answers, on different customers, never to be added. Of those who were drawn the random draw counts, where it can be estimated.",
    "method_head": "Method",
    "method_estimate": "Comparison with similar customers",
    "method_hold_out": "Random hold-out",
    "limits": "The limits",
    "limit_after": "“After a contact” is not “because of the contact”: these customers might have bought without it.",
    "limit_share": "The estimate holds for {share} of the contacted customers, those who have their like. Of the others it says nothing.",
    "limit_share_drawn": "The estimate holds for {share} of the customers of the treated arm. Of other customers it says nothing.",
    "limit_share_none": "An estimate holds only for contacted customers who have their like among the others.",
    "limit_hidden": (
        "Who calls is a customer still; who is silent may have left. Where customers leave without a word a comparison without a random draw is too high, at times by much, and both checks may miss it."
    ),
    "limit_window": "It stops at 60 days: a purchase that was only brought forward counts as a gain, a slower effect does not count.",
    "limit_future": "It speaks of those contacts. It does not say what one more contact would bring.",
    "limit_sum": "Euros after a contact, euros because of the service and secured revenue are never added, neither to each other nor over windows.",
    "sheet_value": "Value of the service",
    "sheet_value_lead": (
        "One row per figure. Nothing adds from one figure, window or method to another; intervals and customers do not add."
    ),
    "period_head": "Period",
    "verdict_reason": "Verdict",
    "complete_head": "Complete and mature",
    "channel_head": "Channel",
    "placebo_head": "Placebo alarm",
    "negative_control_head": "Alarm of abandoned calls",
    "part_change": "Change",
}
