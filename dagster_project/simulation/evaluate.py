"""What a run found, held against the truth of a simulated company: `evaluate`.

Each recovery is a figure of the publication beside what an oracle could reach that knows the generating model (its rates,
shares and spreads) and who is who, but sees no more of a person than their purchases and contacts. Belongs here: the
measures and the oracle, as pure functions over tables, and the reading of the two sides. Not here: the making of truth
(`sql/95_truth.sql`), the printing (`cli.py`).

The oracle of value: a person's purchase rate is gamma distributed with the known mean and shape, the time until a lapse
exponential with the known rate (the model of Schmittlein, Morrison and Colombo, 1987, with one lapse rate for all); the
margin per ticket is the credibility mean (Bühlmann, 1967) with the known variances.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEGMENTS = (1, 2, 3, 4, 5)
UNKNOWN_FAMILY = "unknown"
# Purchase rates on which the oracle's posterior is summed, and people at once (64 MB a table).
RATE_POINTS = 400
ROWS_AT_ONCE = 20_000
DAYS_PER_YEAR = 365.25
# "have moved within 90 days": segments are of month starts, so three month boundaries
MOVING_MONTHS = 3


class EvaluationError(ValueError):
    """There is nothing to compare: the sentence says what is missing."""


@dataclass(frozen=True)
class Recovery:
    """One line of the table. `found` null: not computed, for the reason in `note`; `oracle` null: there is none."""

    figure: str
    found: float | None
    oracle: float | None
    sample: int
    note: str = ""


@dataclass(frozen=True)
class Home:
    """Both sides of a comparison, as tables.

    `keys`: `customer_id`, `key` (hash). `links`: `key` (hash), `person_id`. `customers`, `customer_months`: the published
    tables. `people`: that of truth. `parameters`: those of truth.
    """

    keys: pd.DataFrame
    links: pd.DataFrame
    customers: pd.DataFrame
    customer_months: pd.DataFrame
    people: pd.DataFrame
    parameters: Mapping[str, float]


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


def share_moved(months: pd.DataFrame, people: pd.DataFrame) -> tuple[float | None, int, float | None, int]:
    """How segments follow truth: (share of the changed that have moved within 90 days, how many, share of the unchanged
    that move at a month boundary, how many such boundaries).

    `months`: `person_id`, `month`, `value_segment`, scored ones only. `people`: `person_id`, `changed_on` (null: not
    changed). A changed customer has moved if a segment of the three months after the change is another than that of the
    month of the change; those without a segment on both sides are left out.
    """
    joined = months.merge(people[["person_id", "changed_on"]], on="person_id").sort_values(["person_id", "month"])
    ordinal = joined["month"].dt.year * 12 + joined["month"].dt.month
    changed_ordinal = joined["changed_on"].dt.year * 12 + joined["changed_on"].dt.month
    since = ordinal - changed_ordinal
    before = joined[since == 0].set_index("person_id")["value_segment"]
    after = joined[(since > 0) & (since <= MOVING_MONTHS)]
    after = after[after["person_id"].isin(before.index)]
    differs = after["value_segment"].to_numpy() != before.reindex(after["person_id"]).to_numpy()
    moved = pd.Series(differs, dtype=bool).groupby(after["person_id"].to_numpy()).any()
    still = joined["changed_on"].isna()
    follows = still & (joined["person_id"] == joined["person_id"].shift()) & (ordinal == ordinal.shift() + 1)
    steps = (joined["value_segment"] != joined["value_segment"].shift())[follows]
    return (
        float(moved.mean()) if len(moved) else None,
        len(moved),
        float(steps.mean()) if len(steps) else None,
        len(steps),
    )


# --- the oracle -----------------------------------------------------------------------------------------------------


def expected_rates(
    purchases: Floats,
    days_until_last: Floats,
    days: Floats,
    *,
    mean: float,
    shape: float,
    lapse_rate: float,
    points: int = RATE_POINTS,
) -> tuple[Floats, Floats]:
    """Purchases a year expected of each person: (the rate while a customer, the same times the chance to be one still).

    Times in days since the person came; `mean` (a year), `shape` and `lapse_rate` (a year) of the generating model. The
    likelihood of x purchases, the last at t, in T years at the rates r of purchase and m of lapse is
    r^x {exp(-(r + m) T) + m / (r + m) [exp(-(r + m) t) - exp(-(r + m) T)]}, here divided by exp(-r t).
    """
    # equal steps of the logarithm, from rates at which nobody buys to forty times the mean
    rates = mean * np.exp(np.linspace(np.log(1e-4), np.log(40), points))
    log_prior = shape * np.log(rates) - shape * rates / mean
    parts = [
        _posterior(
            purchases[rows], days_until_last[rows] / DAYS_PER_YEAR, days[rows] / DAYS_PER_YEAR, rates, log_prior, lapse_rate
        )
        for rows in (slice(start, start + ROWS_AT_ONCE) for start in range(0, len(purchases), ROWS_AT_ONCE))
    ]
    if not parts:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _posterior(
    purchases: Floats, last: Floats, whole: Floats, rates: Floats, log_prior: Floats, lapse_rate: float
) -> tuple[Floats, Floats]:
    log_weights = log_prior + np.outer(purchases, np.log(rates)) - np.outer(last, rates)
    # per person the largest is 1: no underflow
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    survived = np.exp(-np.outer(whole - last, rates) - lapse_rate * whole[:, None])
    lapsed = lapse_rate / (rates + lapse_rate) * (np.exp(-lapse_rate * last)[:, None] - survived)
    evidence = (weights * (survived + lapsed)).sum(axis=1)
    rate = (weights * (survived + lapsed) * rates).sum(axis=1) / evidence
    rate_alive = (weights * survived * rates).sum(axis=1) / evidence
    return np.asarray(rate, dtype=np.float64), np.asarray(rate_alive, dtype=np.float64)


def credible_margins(total: Floats, tickets: Floats, *, mean: float, between: float, within: float) -> Floats:
    """The margin per ticket expected of each person: the mean of their own tickets drawn to that of all."""
    weight = within / between if between > 0 else np.inf
    if np.isinf(weight):
        return np.full(len(total), mean)
    return np.asarray((total + weight * mean) / (tickets + weight), dtype=np.float64)


def oracle_of(people: pd.DataFrame, parameters: Mapping[str, float]) -> pd.DataFrame:
    """`yearly_margin` (while a customer) and `next_margin` (of the next 12 months), per row of people that have come."""
    seen = people[people["seen_days"].notna()]
    tickets = seen["seen_purchases"].to_numpy(dtype=float)
    lapse_rate = parameters["people_yearly_lapse_rate"]
    rate, rate_if_alive = expected_rates(
        tickets,
        seen["seen_days_until_last"].fillna(0).to_numpy(dtype=float),
        seen["seen_days"].to_numpy(dtype=float),
        mean=parameters["people_purchases_per_year_mean"],
        shape=parameters["people_purchases_per_year_shape"],
        lapse_rate=lapse_rate,
    )
    margin = credible_margins(
        seen["seen_margin"].to_numpy(dtype=float),
        tickets,
        mean=parameters["margin_per_ticket_mean"],
        between=parameters["margin_per_ticket_variance_between"],
        within=parameters["margin_per_ticket_variance_within"],
    )
    survival = -np.expm1(-lapse_rate) / lapse_rate if lapse_rate > 0 else 1.0
    return pd.DataFrame(
        {
            "person_id": seen["person_id"].to_numpy(),
            "yearly_margin": rate * margin,
            "next_margin": rate_if_alive * survival * margin,
        }
    )


# --- the comparison -------------------------------------------------------------------------------------------------


def persons_of(keys: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """`customer_id`, `person_id`: of each customer the person with most of its keys, the smallest number among equals."""
    joined = keys[keys["customer_id"].notna()].merge(links, on="key")
    counts = joined.groupby(["customer_id", "person_id"]).size().rename("keys").reset_index()
    best = counts.sort_values(["customer_id", "keys", "person_id"], ascending=[True, False, True])
    return best.drop_duplicates("customer_id")[["customer_id", "person_id"]]


def compare(home: Home) -> list[Recovery]:
    """The table of recoveries of one home."""
    persons = persons_of(home.keys, home.links)
    oracle = oracle_of(home.people, home.parameters)
    matched = (
        home.customers.merge(persons, on="customer_id")
        .merge(home.people, on="person_id", suffixes=("", "_true"))
        .merge(oracle, on="person_id")
    )
    return [
        *_identity(home),
        *_segments(matched),
        *_potential(matched),
        *_families(matched),
        *_movements(home, persons),
        Recovery("re-purchase effect", None, None, 0, "no incremental effect is published yet"),
    ]


def _identity(home: Home) -> list[Recovery]:
    known = home.keys.merge(home.links, on="key")
    precision, recall, pairs = pairwise(known["customer_id"], known["person_id"])
    return [
        Recovery("identity: precision of pairs", precision, 1.0, pairs),
        Recovery("identity: recall of pairs", recall, 1.0, pairs, "the oracle knows every link"),
    ]


def _segments(matched: pd.DataFrame) -> list[Recovery]:
    scored = matched[matched["value_segment"].isin(SEGMENTS)]
    share = Recovery("segments: share scored 1 to 5", len(scored) / len(matched) if len(matched) else None, None, len(matched))
    if scored.empty:
        return [share, Recovery("segments: quadratic kappa", None, None, 0, "no customer has a segment")]
    true = scored["value_segment_true"].astype(int)
    found = scored["value_segment"].astype(int)
    oracle = cut_at_shares(scored["yearly_margin"], true)
    of_found, of_oracle = recalls(found, true), recalls(oracle, true)
    return [
        share,
        Recovery(
            "segments: quadratic kappa",
            quadratic_kappa(found.tolist(), true.tolist()),
            quadratic_kappa(oracle.tolist(), true.tolist()),
            len(scored),
        ),
        *(
            Recovery(
                f"segments: recall of segment {segment}",
                of_found.get(segment),
                of_oracle.get(segment),
                int((true == segment).sum()),
            )
            for segment in SEGMENTS
        ),
    ]


def _potential(matched: pd.DataFrame) -> list[Recovery]:
    lines = []
    for figure, column in (
        ("potential: Spearman of lifetime_value", "lifetime_value"),
        ("potential: Spearman of potential_tier", "potential_tier"),
    ):
        filled = matched[matched[column].notna()]
        sample = matched if filled.empty else filled
        lines.append(
            Recovery(
                figure,
                None if filled.empty else spearman(filled[column], filled["expected_margin_12m"]),
                spearman(sample["next_margin"], sample["expected_margin_12m"]),
                len(filled),
                f"{column} is not filled" if filled.empty else "",
            )
        )
    return lines


def _families(matched: pd.DataFrame) -> list[Recovery]:
    known = matched[matched["relational_family"].notna() & (matched["relational_family"] != UNKNOWN_FAMILY)]
    unknown = Recovery("families: share unknown", 1 - len(known) / len(matched) if len(matched) else None, None, len(matched))
    if known.empty:
        seen = matched[matched["seen_contacts"].fillna(0) >= 3]
        oracle = balanced_accuracy(seen["oracle_family"], seen["relational_family_true"]) if len(seen) else None
        return [unknown, Recovery("families: balanced accuracy", None, oracle, 0, "no family is published")]
    return [
        unknown,
        Recovery(
            "families: balanced accuracy",
            balanced_accuracy(known["relational_family"], known["relational_family_true"]),
            balanced_accuracy(known["oracle_family"], known["relational_family_true"]),
            len(known),
        ),
    ]


def _movements(home: Home, persons: pd.DataFrame) -> list[Recovery]:
    months = home.customer_months.merge(persons, on="customer_id")
    # a person in two pieces has two segments: the piece of the smallest id stands for them
    months = (
        months[months["value_segment"].isin((0, *SEGMENTS))].sort_values("customer_id").drop_duplicates(["person_id", "month"])
    )
    moved, changed, steps, boundaries = share_moved(months, home.people)
    note = "" if changed else "nobody with a segment was changed"
    return [
        Recovery("changes: changed that moved within 90 days", moved, None, changed, note),
        Recovery("changes: unchanged that move at a month boundary", steps, None, boundaries),
    ]


def mean_over_homes(tables: Sequence[Sequence[Recovery]]) -> list[Recovery]:
    """Per figure the mean over the homes that have it, in the order of the first table."""
    means = []
    for position, first in enumerate(tables[0]):
        lines = [table[position] for table in tables]
        found = [line.found for line in lines if line.found is not None]
        oracle = [line.oracle for line in lines if line.oracle is not None]
        means.append(
            Recovery(
                first.figure,
                float(np.mean(found)) if found else None,
                float(np.mean(oracle)) if oracle else None,
                sum(line.sample for line in lines),
                first.note if not found else "",
            )
        )
    return means


# --- reading --------------------------------------------------------------------------------------------------------


def read_home(home: Path, salt: str) -> Home:
    """Read the current publication and `truth/` of a home. `salt`: that of its key hashes. Raises EvaluationError."""
    database, truth = home / "published" / "service_value.duckdb", home / "truth"
    if not (truth / "people.parquet").exists():
        raise EvaluationError(f"{truth}: there is no truth to compare with; only a simulated home has one")
    if not database.exists():
        raise EvaluationError(f"{home}: nothing is published yet; run: service-value run {home}")
    with duckdb.connect(str(database), read_only=True) as published:
        keys = published.execute("select customer_id, source_key_hash as key from customer_keys order by all").df()
        customers = published.execute(
            "select customer_id, value_segment, potential_tier, relational_family, lifetime_value from customers order by all"
        ).df()
        months = published.execute(
            "select customer_id, period_start as month, value_segment from customer_months order by all"
        ).df()
    with duckdb.connect() as reader:
        people = reader.read_parquet(str(truth / "people.parquet")).order("person_id").df()
        links = reader.read_parquet(str(truth / "links.parquet")).df()
        parameters = dict(reader.read_parquet(str(truth / "parameters.parquet")).fetchall())
    months["month"], people["changed_on"] = pd.to_datetime(months["month"]), pd.to_datetime(people["changed_on"])
    links["key"] = [hash_of(salt, space, key) for space, key in zip(links["source"], links["source_key"], strict=True)]
    return Home(keys, links, customers, months, people, parameters)


def hash_of(salt: str, key_space: str, key: str) -> str:
    """The keyed hash of a normalised key, as landing makes it (`feeds/keys.py`)."""
    return hashlib.sha256(f"{salt}{key_space}:{key}".encode()).hexdigest()
