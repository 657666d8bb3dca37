"""What a run found, held against the truth of a simulated company: `evaluate`.

Each recovery is a figure of the publication beside what an oracle could reach that knows the generating model and who is
who, but sees no more of a person than the feeds name. Belongs here: the
measures, as pure functions over tables, what is required of each, and the reading of the two sides. Not here: the oracle
(`oracle.py`), the making of truth (`sql/95_truth.sql`), means and the printing (`recovery.py`, `recovery_table.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from dagster_project.estimates.churn import calibration
from dagster_project.simulation.oracle import oracle_of, sees_change
from dagster_project.simulation.recovery import Recovery, Requirement
from dagster_project.simulation.true_effects import COLUMNS, effects_of

SEGMENTS = (1, 2, 3, 4, 5)
UNKNOWN_FAMILY = "unknown"
CUTS = ("value_low_cut", "value_high_cut", "potential_low_cut", "potential_high_cut")
FAMILIES = ("soliciting", "time_pressed", "autonomous", "trusting")
# "have moved within 90 days": segments are of month starts, so three month boundaries
MOVING_MONTHS = 3

# what the project promises of a simulated company
PRECISION, RECALL = Requirement(at_least=0.995), Requirement(at_least=0.95)
KAPPA, RECALL_OF_SEGMENT = Requirement(share_of_oracle=0.9), Requirement(at_least=0.3)
SPEARMAN = Requirement(below_oracle=0.03)
FAMILY_ACCURACY = Requirement(at_least=0.80, share_of_oracle=0.95)
MOVED, STABLE = Requirement(at_least=0.80), Requirement(at_most=0.08)
CHURN_AUC, CHURN_SLOPE = Requirement(below_oracle=0.02), Requirement(between=(0.9, 1.1))
# a subscription is left within 90 days: three months
CHURN_MONTHS = 3


class EvaluationError(ValueError):
    """There is nothing to compare: the sentence says what is missing."""


@dataclass(frozen=True)
class Home:
    """Both sides of a comparison, as tables.

    `keys`: `customer_id`, `key` (hash). `links`: `key` (hash), `person_id`. `customers`, `customer_months`: the published
    tables. `people`: that of truth. `parameters`: those of truth. `cuts`: the published cut points in use (`value_low_cut`,
    `value_high_cut`, `potential_low_cut`, `potential_high_cut`), empty where there are none. `churn`: of subscribers, months
    scored by a version fitted before them (`customer_id`, `month`, `churn_probability`). `hazards`: that of truth (`person_id`,
    `month`, `monthly_hazard`, `has_ended`). `effects`: of quarters whose re-purchase is estimated (`true_effects.py`).
    """

    keys: pd.DataFrame
    links: pd.DataFrame
    customers: pd.DataFrame
    customer_months: pd.DataFrame
    people: pd.DataFrame
    parameters: Mapping[str, float]
    cuts: Mapping[str, float]
    churn: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["customer_id", "month", "churn_probability"]))
    hazards: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["person_id", "month", "monthly_hazard", "has_ended"])
    )
    effects: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))


# --- measures -------------------------------------------------------------------------------------------------------


def pairwise(found: pd.Series, true: pd.Series) -> tuple[float | None, float | None, int]:
    """Precision and recall of pairs of keys said to be one person's, and the number of true pairs.

    `found` and `true` name the customer and the person of each key, in the same order; a key without a customer (null) is
    linked to nothing.
    """
    both = pd.DataFrame({"found": found.to_numpy(), "true": true.to_numpy()})
    linked = both[both["found"].notna()]
    right = _pairs(linked.groupby(["found", "true"]).size())
    said, real = _pairs(linked.groupby("found").size()), _pairs(both.groupby("true").size())
    return (right / said if said else None), (right / real if real else None), real


def _pairs(sizes: pd.Series) -> int:
    counts = sizes.to_numpy(dtype=np.int64)
    return int((counts * (counts - 1) // 2).sum())


def quadratic_kappa(found: Sequence[int], true: Sequence[int]) -> float | None:
    """Cohen's kappa with quadratic weights over the five segments; null where either side has one value only."""
    table = np.zeros((len(SEGMENTS), len(SEGMENTS)))
    np.add.at(table, (np.asarray(found, dtype=int) - 1, np.asarray(true, dtype=int) - 1), 1)
    steps = np.subtract.outer(np.arange(len(SEGMENTS)), np.arange(len(SEGMENTS))) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    chance = float((steps * expected).sum())
    return 1 - float((steps * table).sum()) / chance if chance > 0 else None


def recalls(found: pd.Series, true: pd.Series) -> dict[object, float]:
    """Of those truly in each class the share found in it."""
    hits = pd.Series(found.to_numpy() == true.to_numpy(), dtype=float)
    return {name: float(value) for name, value in hits.groupby(true.to_numpy()).mean().items()}


def balanced_accuracy(found: pd.Series, true: pd.Series) -> float | None:
    """The mean of the recalls of all true classes."""
    values = recalls(found, true).values()
    return float(np.mean(list(values))) if values else None


def spearman(left: pd.Series, right: pd.Series) -> float | None:
    """Rank correlation with mean ranks for ties; null where either side does not vary."""
    ranks = pd.DataFrame({"left": left.to_numpy(dtype=float), "right": right.to_numpy(dtype=float)}).rank()
    if len(ranks) < 2 or ranks["left"].nunique() < 2 or ranks["right"].nunique() < 2:
        return None
    return float(np.corrcoef(ranks["left"], ranks["right"])[0, 1])


def cut_at_shares(values: pd.Series, segments: pd.Series) -> pd.Series:
    """The values cut into segments of the same sizes as those given, the lowest first; ties in the order of the index."""
    order = values.rank(method="first").astype(int) - 1
    ordered = np.sort(segments.to_numpy(dtype=int))
    return pd.Series(ordered[order.to_numpy()], index=values.index)


@dataclass(frozen=True)
class Movement:
    """How labels follow truth. `moved`: by person changed, whether the label did within three months. `steps`: of the
    unchanged, by month boundary, whether it did."""

    moved: pd.Series
    steps: pd.Series


def movement(months: pd.DataFrame, people: pd.DataFrame) -> Movement:
    """How the labels of months follow the changes of people.

    `months`: `person_id`, `month`, `label`, known ones only. `people`: `person_id`, `changed_on` (null: not changed),
    `is_other` (whether the change gave this person another true label), `lapsed_on` (null: still a customer). A changed
    customer has moved if a label of the three months after the change is another than that of the month of the change. Left
    out: those without a label on both sides, those whose true label stayed, months after somebody has left (who has left has
    no true label), and the changed who leave within the three months.
    """
    joined = months.merge(people, on="person_id").sort_values(["person_id", "month"])
    joined = joined[joined["lapsed_on"].isna() | (joined["lapsed_on"] >= joined["month"])]
    ordinal = _ordinal(joined["month"])
    since = ordinal - _ordinal(joined["changed_on"])
    ends = joined["changed_on"] + pd.DateOffset(months=MOVING_MONTHS)
    judged = joined["is_other"].astype(bool) & ~(joined["lapsed_on"] < ends)
    before = joined[judged & (since == 0)].set_index("person_id")["label"]
    after = joined[judged & (since > 0) & (since <= MOVING_MONTHS)]
    after = after[after["person_id"].isin(before.index)]
    differs = after["label"].to_numpy() != before.reindex(after["person_id"]).to_numpy()
    moved = pd.Series(differs, dtype=bool).groupby(after["person_id"].to_numpy()).any()
    follows = (
        joined["changed_on"].isna() & (joined["person_id"] == joined["person_id"].shift()) & (ordinal == ordinal.shift() + 1)
    )
    return Movement(moved, (joined["label"] != joined["label"].shift())[follows])


def _ordinal(days: pd.Series) -> pd.Series:
    return pd.Series(days.dt.year * 12 + days.dt.month)


# --- the comparison -------------------------------------------------------------------------------------------------


def persons_of(keys: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """`customer_id`, `person_id`: of each customer the person with most of its keys, the smallest number among equals."""
    joined = keys[keys["customer_id"].notna()].merge(links, on="key")
    counts = joined.groupby(["customer_id", "person_id"]).size().rename("keys").reset_index()
    best = counts.sort_values(["customer_id", "keys", "person_id"], ascending=[True, False, True])
    return best.drop_duplicates("customer_id")[["customer_id", "person_id"]]


def compare(home: Home) -> list[Recovery]:
    """The table of recoveries of one home: always the same figures in the same order.

    Segments, potential and families are those of customers whose truth was not changed: the oracle knows when the others
    changed, and no feed says so. How the others move has lines of its own.
    """
    persons = persons_of(home.keys, home.links)
    as_of = pd.to_datetime(str(int(home.parameters["as_of_date"])))
    today = home.customer_months[home.customer_months["month"] == as_of]
    matched = (
        home.customers.merge(persons, on="customer_id")
        .merge(today[["customer_id", "expected_margin_12m", "potential_12m"]], on="customer_id", how="left")
        .merge(home.people, on="person_id", suffixes=("", "_true"))
        .merge(oracle_of(home.people, home.parameters), on="person_id")
    )
    matched = matched[matched["changed_on"].isna()]
    return [
        *_identity(home),
        *_segments(matched, home.cuts),
        _levels(matched, matched["lapsed_on"].isna() | (matched["lapsed_on"] >= as_of)),
        *_potential(matched),
        *_families(matched),
        *_movements(home, persons),
        *_churn(home, persons),
        *_repurchase(home.effects),
    ]


def _identity(home: Home) -> list[Recovery]:
    known = home.keys.merge(home.links, on="key")
    precision, recall, pairs = pairwise(known["customer_id"], known["person_id"])
    return [
        Recovery("identity: precision of pairs", precision, 1.0, pairs, requirement=PRECISION),
        Recovery("identity: recall of pairs", recall, 1.0, pairs, "the oracle knows every link", RECALL),
    ]


def _segments(matched: pd.DataFrame, cuts: Mapping[str, float]) -> list[Recovery]:
    """By the definition of the segments: tiers of value (the margin of the last 12 months) and of potential, by the published
    cut points, mapped by the published seed. The truth has both of truth; the oracle sees the true value, as anybody
    could, and has its own estimate of the potential. Of those with a positive value, found and true."""
    known = matched[matched["value_segment"].isin(SEGMENTS) & (matched["margin_12m"].astype(float) > 0)]
    if not cuts:
        known = known.iloc[:0]
    true = segments_of(known["margin_12m"], known["potential_12m_true"], cuts)
    oracle = segments_of(known["margin_12m"], known["next_potential"], cuts)
    labels = pd.DataFrame({"true": true, "found": known["value_segment"].astype(int), "oracle": oracle})
    of_found, of_oracle = recalls(labels["found"], labels["true"]), recalls(labels["oracle"], labels["true"])
    note = "" if len(labels) else "no customer has a segment of value and potential"
    return [
        _share("segments: share scored 1 to 5", matched["value_segment"].isin(SEGMENTS)),
        _kappa("segments: quadratic kappa", labels, KAPPA, note),
        *(
            Recovery(
                f"segments: recall of segment {segment}",
                of_found.get(segment),
                of_oracle.get(segment),
                int((labels["true"] == segment).sum()),
                note,
                RECALL_OF_SEGMENT,
            )
            for segment in SEGMENTS
        ),
    ]


def segments_of(values: pd.Series, potentials: pd.Series, cuts: Mapping[str, float]) -> pd.Series:
    """Segments 1 to 5 by the definition: tiers at the cut points, and the sum of both tiers less one (`segment_map`)."""
    if values.empty:
        return pd.Series(dtype=int)
    tiers = [
        np.digitize(figures.to_numpy(dtype=float), [cuts[f"{name}_low_cut"], cuts[f"{name}_high_cut"]])
        for name, figures in (("value", values), ("potential", potentials))
    ]
    return pd.Series(1 + tiers[0] + tiers[1], index=values.index)


def _levels(matched: pd.DataFrame, is_customer: pd.Series) -> Recovery:
    """Against the simulator's own five levels of the yearly amount, on which its effects hang: what the segments, made of a
    realised value and of a potential that no comparable customer is below, say of them. The oracle cuts its yearly margin
    where the levels have their true sizes. Of those who are customers still; segment 0 counts as 1."""
    known = matched[is_customer & matched["value_segment"].isin((0, *SEGMENTS))]
    true = known["value_segment_true"].astype(int)
    labels = pd.DataFrame(
        {
            "true": true,
            "found": known["value_segment"].astype(int).clip(lower=1),
            "oracle": cut_at_shares(known["yearly_margin"], true),
        }
    )
    return _kappa("segments: kappa with the levels behind the effects", labels, None, "" if len(labels) else "nobody is scored")


def _share(figure: str, members: pd.Series) -> Recovery:
    return Recovery(figure, float(members.mean()) if len(members) else None, None, len(members))


def _kappa(figure: str, labels: pd.DataFrame, requirement: Requirement | None, note: str) -> Recovery:
    true = labels["true"].tolist()
    found, oracle = quadratic_kappa(labels["found"].tolist(), true), quadratic_kappa(labels["oracle"].tolist(), true)
    return Recovery(figure, found, oracle, len(labels), note, requirement)


def _potential(matched: pd.DataFrame) -> list[Recovery]:
    """Ranks against the latent expected margin of the next 12 months (0 of who has left), and against the true potential."""
    return [
        _ranks(matched, "expected_margin_12m", "next_margin", "expected_margin_12m_true", SPEARMAN),
        _ranks(matched, "potential_12m", "next_potential", "potential_12m_true", None),
        _ranks(matched, "lifetime_value", "next_margin", "expected_margin_12m_true", None),
    ]


def _ranks(matched: pd.DataFrame, column: str, oracle: str, true: str, requirement: Requirement | None) -> Recovery:
    filled = matched[matched[column].notna()]
    sample = matched if filled.empty else filled
    return Recovery(
        f"potential: Spearman of {column}",
        None if filled.empty else spearman(filled[column], filled[true]),
        spearman(sample[oracle], sample[true]),
        len(filled),
        f"{column} is not filled" if filled.empty else "",
        requirement,
    )


def _families(matched: pd.DataFrame) -> list[Recovery]:
    """On exactly the customers whose published family is known; where nobody's is, the oracle's figure is of those with
    three contacts."""
    is_known = matched["relational_family"].isin(FAMILIES)
    known = matched[is_known]
    sample = known if len(known) else matched[matched["seen_contacts"].fillna(0) >= 3]
    true = sample["relational_family_true"]
    note = "" if len(known) else "no family is published"
    of_found = recalls(known["relational_family"], known["relational_family_true"])
    of_oracle = recalls(sample["oracle_family"], true)
    return [
        _share("families: share unknown", ~is_known),
        Recovery(
            "families: balanced accuracy",
            balanced_accuracy(known["relational_family"], known["relational_family_true"]),
            balanced_accuracy(sample["oracle_family"], true),
            len(known),
            note,
            FAMILY_ACCURACY,
        ),
        *(
            Recovery(
                f"families: recall of {family}",
                of_found.get(family),
                of_oracle.get(family),
                int((known["relational_family_true"] == family).sum()),
                note,
            )
            for family in FAMILIES
        ),
    ]


def _movements(home: Home, persons: pd.DataFrame) -> list[Recovery]:
    # a person in two pieces has two labels: the piece of the smallest id stands for them
    months = home.customer_months.merge(persons, on="customer_id").sort_values("customer_id")
    people = home.people
    truth = people[["person_id", "changed_on", "lapsed_on"]]
    segments = movement(
        _labelled(months, "value_segment", (0, *SEGMENTS)),
        truth.assign(
            is_other=people["former_value_segment"].notna() & (people["former_value_segment"] != people["value_segment"])
        ),
    )
    families = movement(
        _labelled(months, "relational_family", FAMILIES),
        truth.assign(
            is_other=people["former_relational_family"].notna()
            & (people["former_relational_family"] != people["relational_family"])
        ),
    )
    oracle, note = _oracle_of_changes(people[people["person_id"].isin(segments.moved.index)])
    return [
        _moved("segments: changed that moved within 90 days", segments.moved, MOVED, oracle, note),
        _moved("segments: unchanged that move at a month boundary", segments.steps, STABLE),
        _moved("families: changed that changed within 90 days", families.moved, None),
        _moved("families: unchanged that change at a month boundary", families.steps, None),
    ]


def _churn(home: Home, persons: pd.DataFrame) -> list[Recovery]:
    """Of months of subscribers scored before they began: who ends the subscription within three months. The oracle ranks by the
    true hazard of the first of them. Required where any criterion drives subscribers away: else nobody could tell."""
    is_driven = any(
        name.startswith("churn_") and name.endswith("_ratio") and value != 1 for name, value in home.parameters.items()
    )
    auc, slope = (CHURN_AUC, CHURN_SLOPE) if is_driven else (None, None)
    rows = home.churn.merge(persons, on="customer_id").merge(_ended(home.hazards), on=["person_id", "month"])
    if len(set(rows["ended"])) < 2 or len(set(rows["churn_probability"])) < 2:
        note = "no subscriber is scored by a version fitted before"
        return [
            Recovery("churn: AUC out of time", None, None, len(rows), note, auc),
            Recovery("churn: calibration slope out of time", None, None, len(rows), note, slope),
        ]
    note = "" if is_driven else "no criterion drives subscribers away in this world"
    outcome = rows["ended"].to_numpy(dtype=np.float64)
    odds = rows["churn_probability"] / (1 - rows["churn_probability"])
    linear = np.log(odds.to_numpy(dtype=np.float64))
    found, oracle = (
        float(roc_auc_score(outcome, score)) for score in (linear, rows["monthly_hazard"].to_numpy(dtype=np.float64))
    )
    return [
        Recovery("churn: AUC out of time", found, oracle, len(rows), note, auc),
        Recovery("churn: calibration slope out of time", calibration(linear, outcome)[1], None, len(rows), note, slope),
    ]


def _repurchase(effects: pd.DataFrame) -> list[Recovery]:
    """Mean over quarters, weighted by their contacted customers, and how often the 95 % interval holds the truth. Nothing is
    required of so few quarters: `make truth-effect` judges hundreds of companies."""
    mean, held = "re-purchase: effect on the rate of the contacted", "re-purchase: quarters whose interval holds the truth"
    if effects.empty:
        note = "no quarter is estimated"
        return [Recovery(mean, None, None, 0, note), Recovery(held, None, None, 0, note)]
    weight = effects["contacted"].to_numpy(dtype=np.float64)
    found, true = (float(np.average(effects[column].astype(float), weights=weight)) for column in ("rate", "true_rate"))
    inside = effects["true_rate"].between(effects["rate_low"], effects["rate_high"])
    return [Recovery(mean, found, true, int(weight.sum()), "the oracle's is the true effect"), _share(held, inside)]


def _ended(hazards: pd.DataFrame) -> pd.DataFrame:
    """The months of truth whose three months are over, with `ended`: whether the subscription ended in them."""
    months = _ordinal(pd.to_datetime(hazards["month"]))
    ended_in = months.where(hazards["has_ended"].astype(bool)).groupby(hazards["person_id"]).max()
    ended = hazards["person_id"].map(ended_in) - months < CHURN_MONTHS
    over: pd.DataFrame = hazards.assign(ended=ended)[months + CHURN_MONTHS - 1 <= months.max()]
    return over


def _labelled(months: pd.DataFrame, column: str, members: Sequence[object]) -> pd.DataFrame:
    known = months[months[column].isin(members)].drop_duplicates(["person_id", "month"])
    return known[["person_id", "month", column]].rename(columns={column: "label"})


def _moved(
    figure: str, moved: pd.Series, requirement: Requirement | None, oracle: float | None = None, note: str = ""
) -> Recovery:
    found = float(moved.mean()) if len(moved) else None
    return Recovery(figure, found, oracle, len(moved), note if len(moved) else "nobody is concerned", requirement)


def _oracle_of_changes(changed: pd.DataFrame) -> tuple[float | None, str]:
    """The share of these changed customers whose purchases of the three months show it, and how often they would in vain."""
    if changed.empty:
        return None, ""
    seen, in_vain = sees_change(
        changed["purchases_after_change"].to_numpy(dtype=float),
        (changed["years_after_change"] * changed["identified_share"]).to_numpy(dtype=float),
        changed["former_purchases_per_year"].to_numpy(dtype=float),
        changed["purchases_per_year"].to_numpy(dtype=float),
    )
    return float(seen.mean()), f"the oracle would see {in_vain.mean():.0%} of them change if they had not"


# --- reading --------------------------------------------------------------------------------------------------------


def read_home(home: Path, salt: str) -> Home:
    """Read the current publication and `truth/` of a home. `salt`: that of its key hashes. Raises EvaluationError."""
    database, truth = home / "published" / "service_value.duckdb", home / "truth"
    if not (truth / "people.parquet").exists():
        raise EvaluationError(f"{truth}: there is no truth to compare with; only a simulated home has one")
    if not database.exists():
        raise EvaluationError(f"{home}: nothing is published yet; run: service-value run {home}")
    try:
        return _read(database, truth, salt)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise EvaluationError(
            f"{home}: the publication or its truth is of another version of the program; simulate and run it again ({error})"
        ) from error


def _read(database: Path, truth: Path, salt: str) -> Home:
    with duckdb.connect(str(database), read_only=True) as published:
        keys = published.execute("select customer_id, source_key_hash as key from customer_keys order by all").df()
        customers = published.execute(
            "select customer_id, value_segment, relational_family, lifetime_value from customers order by all"
        ).df()
        in_use = published.execute(
            "select diagnostics from parameter_versions where parameter = 'value_thresholds' and is_in_use"
        ).fetchone()
        months = published.execute(
            """
            select customer_id, period_start as month, value_segment, relational_family, expected_margin_12m, potential_12m
            from customer_months
            order by all
            """
        ).df()
        churn = published.execute(
            """
            select months.customer_id, months.period_start as month, months.churn_probability
            from customer_months as months
            inner join parameter_versions as versions on months.churn_version = versions.parameter_version
            where months.churn_kind = 'subscription' and versions.fitted_as_of <= months.period_start
            order by all
            """
        ).df()
    with duckdb.connect() as reader:
        people = reader.read_parquet(str(truth / "people.parquet")).order("person_id").df()
        links = reader.read_parquet(str(truth / "links.parquet")).df()
        hazards = reader.read_parquet(str(truth / "churn_hazards.parquet")).df()
        parameters = dict(reader.read_parquet(str(truth / "parameters.parquet")).fetchall())
    for table in (months, churn, hazards):
        table["month"] = pd.to_datetime(table["month"])
    for day in ("changed_on", "lapsed_on"):
        people[day] = pd.to_datetime(people[day])
    links["key"] = [hash_of(salt, space, key) for space, key in zip(links["source"], links["source_key"], strict=True)]
    told = json.loads(in_use[0]) if in_use else {}
    cuts = {name: told[name] for name in CUTS} if set(CUTS) <= set(told) else {}
    return Home(keys, links, customers, months, people, parameters, cuts, churn, hazards, effects_of(database, truth))


def hash_of(salt: str, key_space: str, key: str) -> str:
    """The keyed hash of a normalised key, as landing makes it (`feeds/keys.py`)."""
    return hashlib.sha256(f"{salt}{key_space}:{key}".encode()).hexdigest()
