"""What people write and are called in the simulated world: lists of names, sentences of comments.

Belongs here: texts. Not here: who gets which (`sql/30_people.sql`, `sql/70_surveys.sql`). All sentences are invented;
names are drawn from frequent first and last names at random, so that no full name stands for a person.
The few telephone numbers and addresses in comments are of ranges kept for fiction: a later issue masks them.
"""

from __future__ import annotations

FIRST_NAMES = (
    "Camille", "Louise", "Emma", "Jade", "Alice", "Chloé", "Léa", "Manon", "Inès", "Sarah", "Zoé", "Juliette",
    "Lucie", "Anna", "Éva", "Agathe", "Rose", "Léonie", "Margaux", "Élise", "Nina", "Clémence", "Anaïs", "Maëlle",
    "Fatou", "Amina", "Nathalie", "Sylvie", "Isabelle", "Catherine", "Sandrine", "Véronique", "Christine",
    "Martine", "Françoise", "Monique", "Gabriel", "Léo", "Raphaël", "Louis", "Arthur", "Jules", "Adam", "Hugo",
    "Lucas", "Paul", "Nathan", "Sacha", "Tom", "Noé", "Théo", "Martin", "Mathis", "Antoine", "Yanis", "Karim",
    "Mehdi", "Ibrahim", "Olivier", "Stéphane", "Laurent", "Philippe", "Christophe", "Nicolas", "Julien", "Benoît",
    "Jean", "Michel", "Alain", "Bernard", "Jean-Luc", "Anne-Sophie",
)
ENGLISH_FIRST_NAMES = (
    "Emily", "Sophie", "Grace", "Charlotte", "Hannah", "Oliver", "Jack", "Harry", "George", "Daniel",
)
LAST_NAMES = (
    "Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon",
    "Michel", "Lefebvre", "Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard", "Bonnet", "Dupont",
    "Lambert", "Fontaine", "Rousseau", "Vincent", "Muller", "Lefèvre", "Faure", "André", "Mercier", "Blanc",
    "Guérin", "Boyer", "Garnier", "Chevalier", "François", "Legrand", "Gauthier", "Garcia", "Perrin", "Robin",
    "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier", "Masson", "Marchand", "Duval",
    "Denis", "Dumont", "Marie", "Lemaire", "Noël", "Meyer", "Dufour", "Meunier", "Brun", "Blanchard", "Giraud",
    "Joly", "Rivière", "Lucas", "Brunet", "Gaillard", "Barbier", "Arnaud", "Martinez", "Gérard", "Renard",
    "Schmitt", "Roche", "Colin", "Vidal", "Caron", "Picard", "Roger", "Fabre", "Aubert", "Diallo", "Traoré",
    "Benali", "Haddad", "Nguyen", "Pereira", "Da Silva", "Ferreira", "Rossi", "Kowalski",
)

# (language, mood, topic) -> sentences. `divers` serves every topic that has none of its own.
VERBATIMS: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("fr", "pleased", "livraison"): (
        "Ma commande avait du retard, j'ai eu une réponse précise tout de suite.",
        "Livraison reprogrammée en deux minutes, bravo.",
        "Le conseiller a retrouvé mon colis et m'a tenu au courant.",
    ),
    ("fr", "pleased", "retour_remboursement"): (
        "Retour accepté sans discuter et remboursement rapide.",
        "On m'a expliqué le retour étape par étape, très simple.",
    ),
    ("fr", "pleased", "produit_defectueux"): (
        "Produit remplacé sans difficulté, service après-vente efficace.",
        "Le vase était fêlé, on m'en a renvoyé un autre dès le lendemain.",
    ),
    ("fr", "pleased", "rappel_produit"): (
        "Rappel de la bouilloire bien géré, j'ai eu mon remboursement.",
        "Inquiète pour la bouilloire, j'ai été rassurée et remboursée.",
    ),
    ("fr", "pleased", "divers"): (
        "Conseillère très agréable et compétente.",
        "Réponse claire et rapide.",
        "Très bon accueil, je me suis senti écouté.",
        "Problème réglé du premier coup.",
        "Service au top, rien à redire.",
        "Interlocuteur patient, il a pris le temps.",
    ),
    ("fr", "pleased", "closing"): (
        "Merci beaucoup.",
        "Je recommande.",
        "Continuez comme ça.",
        "C'est pour cela que je reste cliente.",
        "Bonne journée à l'équipe.",
    ),
    ("fr", "mixed", "attente"): (
        "Réponse correcte mais l'attente était longue.",
        "Il a fallu patienter un bon moment avant d'avoir quelqu'un.",
    ),
    ("fr", "mixed", "livraison"): (
        "Le conseiller était aimable mais mon colis n'est toujours pas là.",
        "J'ai eu une date de livraison, j'espère qu'elle sera tenue.",
    ),
    ("fr", "mixed", "non_resolu"): (
        "Conseiller poli mais sans solution à me proposer.",
        "On doit me recontacter, j'attends de voir.",
    ),
    ("fr", "mixed", "divers"): (
        "Correct, sans plus.",
        "La réponse est venue mais il a fallu insister.",
        "Accueil aimable, réponse un peu vague.",
        "Le site ne permettait pas de trouver la réponse tout seul.",
    ),
    ("fr", "mixed", "closing"): (
        "À améliorer.",
        "Un peu plus de suivi serait bien.",
        "On verra la prochaine fois.",
        "Vous pouvez me répondre à camille.essai@example.fr.",
    ),
    ("fr", "angry", "attente"): (
        "Une attente interminable au téléphone, inadmissible.",
        "Presque un quart d'heure de musique avant d'avoir quelqu'un.",
        "Personne ne décroche, j'ai dû appeler plusieurs fois.", "Des jours sans réponse à mon message.",
    ),
    ("fr", "angry", "rappel_produit"): (
        "Vous rappelez une bouilloire dangereuse et personne ne peut me dire quoi faire.",
        "Rappel mal organisé, toujours pas remboursé de la bouilloire.",
    ),
    ("fr", "angry", "livraison"): (
        "Colis perdu et personne ne prend la responsabilité.", "Troisième report de livraison, je suis très déçu.",
    ),
    ("fr", "angry", "non_resolu"): (
        "Problème toujours pas résolu après plusieurs échanges.",
        "On me renvoie d'un service à l'autre sans solution.",
        "Réponse toute faite qui ne répond pas à ma question.",
    ),
    ("fr", "angry", "retour_remboursement"): (
        "Toujours pas remboursé, c'est anormal.",
        "On me refuse un retour pourtant dans les délais.",
    ),
    ("fr", "angry", "divers"): (
        "Très déçue de ce service.",
        "Le conseiller n'a pas compris ma demande.",
        "Ton désagréable, on m'a coupé la parole.",
    ),
    ("fr", "angry", "closing"): (
        "Je ne commanderai plus chez vous.",
        "C'est la dernière fois.",
        "Merci de me rappeler au 06 39 98 00 00.",
        "Inadmissible.",
        "J'attends un geste.",
    ),
    ("en", "pleased", "divers"): (
        "Very helpful and quick.",
        "Friendly adviser, problem solved.",
        "Great service in English, thank you.",
    ),
    ("en", "pleased", "closing"): ("Thanks!", "Keep it up.", "I will order again."),
    ("en", "mixed", "divers"): ("Fine, but it took a while.", "Polite, yet the answer was a bit vague."),
    ("en", "mixed", "closing"): ("Could be better.", "Let's see."),
    ("en", "angry", "divers"): ("Still not solved after several messages.", "I waited far too long on the phone."),
    ("en", "angry", "closing"): ("Very disappointed.", "I want my money back."),
}
