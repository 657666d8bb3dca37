"""Micro-segments: customers of one value tier who behave alike, with names that stay from fit to fit.

Here: the fit (pure: one row a customer in, two small tables out), the names, when a new version is needed, and the step of a run
that makes it. What each trait means is in `int_customer_behaviours`; everybody is scored in SQL (`int_customer_micro_segments`),
and `score` below says the same in Python. Personas are made of the scores, in SQL.

Within each tier k-means (Lloyd) on standardised traits, 2 to 5 groups. A number of groups is admitted when
1. the groups come back: adjusted Rand index between the groups and those of 20 resamples, on average at least 0.75;
2. they are more than chance: their mean silhouette is above that of 20 copies of the customers in which every trait is dealt out
   anew. Two habits that have nothing to do with each other also give groups that come back (on the sample company, dealt out
   anew, up to 1.00), and no portrait should be made of them;
3. each holds at least 20 customers and 3 % of the tier.
Of those the largest silhouette wins. A tier without any is not divided; without a divided tier the fit is refused.
Sources: Ben-Hur, Elisseeff, Guyon (2002) and Hennig (2007) for the stability; Hubert, Arabie (1985) for the index; Rousseeuw (1987)
for the silhouette; Horn (1965) for the comparison with dealt-out data.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from dagster_project.estimates import value_thresholds
from dagster_project.estimates.parameter_files import load_versions
from dagster_project.estimates.parameter_versions import (
    STABILITY_LIMIT,
    Fit,
    FitRefusedError,
    FitReport,
    Outcome,
    Reason,
    attempts,
    fitted,
    is_old,
    stability_index,
    usable,
)
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due

PARAMETER = "micro_segments"
FEATURES = "micro_segment_features"
CENTROIDS = "micro_segment_centroids"
PREFIX = "micro"
# traits that make the groups: where people buy, how much, whether, when and how they ask, how they help themselves
DIVIDING = (
    "purchases_12m",
    "amount_per_purchase",
    "remote_purchase_share",
    "contacts_12m",
    "synchronous_contact_share",
    "contact_after_purchase_share",
    "help_page_views_12m",
    "redemptions_12m",
    "sessions_12m",
)
# traits that only describe them: they follow from the number of purchases or from when somebody came. With them the groups of
# the sample company come back less well (middle tier: 0.49 against 0.87)
DESCRIBING = ("recency_days", "return_share", "discount_share", "categories_12m", "remote_contact_share", "tenure_days")
TRAITS = (*DIVIDING, *DESCRIBING)
LOGARITHMIC = frozenset(
    {
        "purchases_12m",
        "amount_per_purchase",
        "contacts_12m",
        "help_page_views_12m",
        "redemptions_12m",
        "sessions_12m",
        "recency_days",
        "categories_12m",
        "tenure_days",
    }
)
TIERS = (1, 2, 3)
NUMBERS = (2, 3, 4, 5)
# per tier, by id, which is a hash: a mean of 5,000 is known to 0.014 standard deviations
LARGEST_TIER = 5_000
LARGEST_SAMPLE = 30_000
# silhouettes need all pairs
LARGEST_SILHOUETTE = 2_000
RESAMPLES = 20
SMALLEST_GROUP = 20
SMALLEST_SHARE = 0.03
LEAST_STABILITY = 0.75
# of the values of a trait, on both sides: one buyer of a thousand things is not a group
WINSORISED_SHARE = 0.01
# of the way from a former centre to the next former one
LARGEST_DISTANCE = 0.5
# of the mean silhouette
WORSE_BY = 0.02
_SEED = 20020103
SCALE_SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("feature", pa.string()),
        pa.field("is_log", pa.bool_()),
        *(pa.field(name, pa.float64()) for name in ("mean", "sd", "low", "high")),
    ]
)
CENTROID_SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("micro_segment", pa.string()),
        pa.field("value_tier", pa.int32()),
        pa.field("feature", pa.string()),
        pa.field("position", pa.float64()),
    ]
)
SCHEMAS = {FEATURES: SCALE_SCHEMA, CENTROIDS: CENTROID_SCHEMA}
Points = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Scale:
    """How a trait is made comparable: logarithm of 1 + x where it is skewed, cut at `low` and `high`, mean 0, deviation 1."""

    feature: str
    is_log: bool
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Division:
    """The groups of one tier: centres (one row a group, one column a dividing trait), and how good they are.

    `stability` is null for a tier that is not divided; then there is one group, the tier itself.
    """

    centres: Points
    stability: float | None = None
    silhouette: float | None = None
    silhouette_by_chance: float | None = None

    @property
    def is_divided(self) -> bool:
        return len(self.centres) > 1


@dataclass(frozen=True)
class MicroSegments:
    """A fit: the scales, and by tier the division and the names of its groups, in the order of the centres."""

    scales: tuple[Scale, ...]
    divisions: Mapping[int, Division]
    names: Mapping[int, tuple[str, ...]]

    @property
    def dividing(self) -> tuple[str, ...]:
        return dividing(self.scales)


def dividing(scales: Iterable[Scale]) -> tuple[str, ...]:
    """The traits of these scales that make the groups."""
    return tuple(scale.feature for scale in scales if scale.feature in DIVIDING)


def value_tiers(customers: pd.DataFrame, thresholds: Mapping[str, Any]) -> NDArray[np.int64]:
    """Tiers 1..3 by the plain cut points, 0 where there is none (`value_12m` not above 0, too short a history of sales).

    The published tier is left only by a margin: near a cut point a few customers are fitted in the tier beside their own.
    """
    values = customers["value_12m"].astype(float).fillna(0.0).to_numpy()
    cuts = [float(thresholds["tier_low_cut"]), float(thresholds["tier_high_cut"])]
    months = 12 if thresholds["sales_months"] is None else int(thresholds["sales_months"])
    is_known = (customers["sales_months_12m"].astype(float).fillna(0.0) >= months).to_numpy()
    return np.where((values > 0) & is_known, 1 + np.digitize(values, cuts), 0).astype(np.int64)


def fit_scales(customers: pd.DataFrame) -> tuple[Scale, ...]:
    """The scale of each trait that at least 20 customers have and in which they differ; the others are left out."""
    found = []
    for feature in TRAITS:
        values = _transformed(customers[feature], feature in LOGARITHMIC)
        known = values[~np.isnan(values)]
        if len(known) < SMALLEST_GROUP:
            continue
        low, high = (_rounded(np.quantile(known, share)) for share in (WINSORISED_SHARE, 1 - WINSORISED_SHARE))
        cut = np.clip(known, low, high)
        mean, sd = _rounded(cut.mean()), _rounded(cut.std())
        if sd > 1e-6:
            found.append(Scale(feature, feature in LOGARITHMIC, mean, sd, low, high))
    return tuple(found)


def standardised(customers: pd.DataFrame, scales: Sequence[Scale], features: Sequence[str]) -> Points:
    """The traits on these scales, one row a customer and one column a trait; not a number where a trait is not known."""
    by_feature = {scale.feature: scale for scale in scales}
    columns = []
    for feature in features:
        scale = by_feature[feature]
        values = _transformed(customers[feature], scale.is_log)
        columns.append((np.clip(values, scale.low, scale.high) - scale.mean) / scale.sd)
    return np.column_stack(columns) if columns else np.empty((len(customers), 0))


def _transformed(values: pd.Series, is_log: bool) -> Points:
    numbers = np.asarray(values.astype(float), dtype=np.float64)
    return np.log1p(numbers) if is_log else numbers


def _rounded(number: Any) -> float:
    return float(f"{float(number):.9g}")


def _filled(points: Points) -> Points:
    """What is not known stands at the mean: it pulls a customer nowhere."""
    return np.nan_to_num(points, nan=0.0)


def _k_means(points: Points, number: int, seed: int, starts: int) -> KMeans:
    return KMeans(number, n_init=starts, random_state=seed, algorithm="lloyd").fit(points)


def dealt_out_anew(points: Points, generator: np.random.Generator) -> Points:
    """A copy in which the values of each trait are dealt out anew among the customers who have the same traits unknown.

    Who has no contact has no channel of contacts either: what follows from that is no habit, and stays as it is.
    """
    made = points.copy()
    _, pattern = np.unique(np.isnan(points), axis=0, return_inverse=True)
    for number in range(int(pattern.max()) + 1):
        rows = np.flatnonzero(pattern.reshape(-1) == number)
        for column in range(points.shape[1]):
            made[rows, column] = points[generator.permutation(rows), column]
    return made


def divide(points: Points, seed: int) -> tuple[Division, float]:
    """The groups of one tier (`points`: standardised dividing traits, not a number where unknown), and the best stability seen.

    Not divided when no number of groups is admitted; the centre is then the mean of the tier.
    """
    whole = _filled(points)
    best: Division | None = None
    best_stability = 0.0
    distinct = len(np.unique(whole, axis=0))
    for number in NUMBERS:
        if len(points) < number * SMALLEST_GROUP or distinct < number:
            break
        model = _k_means(whole, number, seed, starts=10)
        labels = model.labels_
        smallest = int(np.bincount(labels, minlength=number).min())
        if smallest < max(SMALLEST_GROUP, SMALLEST_SHARE * len(points)):
            continue
        stability = _stability(whole, labels, number, seed)
        best_stability = max(best_stability, stability)
        if stability < LEAST_STABILITY:
            continue
        silhouette = _silhouette(whole, labels)
        if best is not None and best.silhouette is not None and silhouette <= best.silhouette:
            continue
        by_chance = _silhouette_by_chance(points, number, seed, silhouette)
        if silhouette > by_chance:
            best = Division(model.cluster_centers_, stability, silhouette, by_chance)
    return best or Division(whole.mean(axis=0, keepdims=True)), best_stability


def _stability(points: Points, labels: Labels, number: int, seed: int) -> float:
    found = []
    for resample in range(RESAMPLES):
        rows = np.random.default_rng([seed, number, resample]).integers(0, len(points), len(points))
        model = _k_means(points[rows], number, seed + resample, starts=3)
        found.append(adjusted_rand_score(labels, model.predict(points)))
    return float(np.mean(found))


def _silhouette(points: Points, labels: Labels) -> float:
    """Mean silhouette of the first 2,000: their order is that of a hash. -1 when they are all in one group."""
    some = labels[:LARGEST_SILHOUETTE]
    if len(np.unique(some)) < 2:
        return -1.0
    return float(silhouette_score(points[:LARGEST_SILHOUETTE], some))


def _silhouette_by_chance(points: Points, number: int, seed: int, needed: float) -> float:
    """The largest silhouette of 20 copies that are dealt out anew; the first that reaches `needed` is enough to know."""
    largest = -1.0
    some = points[:LARGEST_SILHOUETTE]
    for copy in range(RESAMPLES):
        made = _filled(dealt_out_anew(some, np.random.default_rng([seed, number, copy, 1])))
        largest = max(largest, _silhouette(made, _k_means(made, number, seed + copy, starts=3).labels_))
        if largest >= needed:
            break
    return largest


def fit(customers: pd.DataFrame, tiers: NDArray[np.int64]) -> MicroSegments:
    """Micro-segments of customers (columns `customer_id` and `TRAITS`, in any order) with tiers 1..3 (0 = none), not yet named.

    Raises FitRefusedError when no tier divides.
    """
    order = np.argsort(customers["customer_id"].to_numpy(dtype=str), kind="stable")
    sorted_customers, sorted_tiers = customers.iloc[order].reset_index(drop=True), tiers[order]
    is_used = np.zeros(len(order), dtype=bool)
    for tier in TIERS:
        is_used[np.flatnonzero(sorted_tiers == tier)[:LARGEST_TIER]] = True
    sample, sample_tiers = sorted_customers[is_used].reset_index(drop=True), sorted_tiers[is_used]
    scales = fit_scales(sample)
    features = dividing(scales)
    points = standardised(sample, scales, features)
    divisions: dict[int, Division] = {}
    stabilities: dict[str, float | int | str | None] = {}
    if len(features) >= 2:
        # sums of floating numbers in one order: the same bytes on any number of cores
        with threadpool_limits(limits=1):
            for tier in TIERS:
                if (sample_tiers == tier).any():
                    divisions[tier], best = divide(points[sample_tiers == tier], _SEED + tier)
                    stabilities[f"tier_{tier}_best_stability"] = _rounded(best)
    if not any(division.is_divided for division in divisions.values()):
        told = ", ".join(f"{value:.2f}" for value in stabilities.values() if isinstance(value, float)) or "–"
        raise FitRefusedError(
            Reason(
                f"no value tier divides into groups that come back in resamples (index {told}, {LEAST_STABILITY} is needed) "
                "and are more than chance",
                "aucun niveau de valeur ne se divise en groupes qui se retrouvent d’un tirage à l’autre "
                f"(indice {told}, il faut {LEAST_STABILITY}) et qui dépassent le hasard".replace("0.", "0,"),
            ),
            len(sample),
            stabilities,
        )
    return MicroSegments(scales, divisions, {})


def tables(found: MicroSegments, as_of: date) -> dict[str, pa.Table]:
    """A named fit as the two tables that are stored."""
    version = {"parameter_version": f"{PREFIX}-{as_of.isoformat()}", "fitted_as_of": as_of}
    scales = [version | vars(scale) for scale in found.scales]
    centroids = [
        version | {"micro_segment": name, "value_tier": tier, "feature": feature, "position": _rounded(position)}
        for tier, names in sorted(found.names.items())
        for name, centre in sorted(zip(names, found.divisions[tier].centres, strict=True), key=lambda pair: pair[0])
        for feature, position in zip(found.dividing, centre, strict=True)
    ]
    return {
        FEATURES: pa.Table.from_pylist(scales, schema=SCALE_SCHEMA),
        CENTROIDS: pa.Table.from_pylist(centroids, schema=CENTROID_SCHEMA),
    }


def score(customers: pd.DataFrame, tiers: NDArray[np.int64], stored: Mapping[str, pa.Table]) -> list[str | None]:
    """The micro-segment of each customer by the tables of one version, as `int_customer_micro_segments` finds it."""
    scales = _scales_of(stored)
    rows = stored[CENTROIDS].to_pandas()
    features = list(dict.fromkeys(rows["feature"]))
    points = _filled(standardised(customers, scales, features))
    found: list[str | None] = [None] * len(customers)
    for tier, of_tier in rows.groupby("value_tier"):
        wide = of_tier.pivot_table(index="micro_segment", columns="feature", values="position").sort_index()[features]
        members = np.flatnonzero(tiers == tier)
        differences = points[members][:, None, :] - wide.to_numpy()[None, :, :]
        nearest = np.round((differences**2).sum(axis=2), 9).argmin(axis=1) if len(members) else []
        for member, position in zip(members, nearest, strict=True):
            found[member] = str(wide.index[position])
    return found


def match(former: Mapping[str, Points], new: Points) -> dict[int, str]:
    """Which of the new groups (rows: centres) are former ones (name -> centre): group -> former name, for one tier.

    All centres are in the former standard deviations. The Hungarian algorithm on the squared distances; a new group is the
    former one when it lies nearer to it than half the way to the next former one, so that no other could be meant. A tier that is
    one group keeps its name as long as it is one. Centres rather than customers are compared: a kind of customers that comes anew is
    counted by the former version among one of its groups, and would take its name.
    """
    names = sorted(former)
    if len(names) < 2 or len(new) < 2:
        return {0: names[0]} if len(names) == len(new) == 1 else {}
    centres = np.array([former[name] for name in names])
    gaps = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    squares = ((centres[:, None, :] - new[None, :, :]) ** 2).sum(axis=2)
    pairs = zip(*linear_sum_assignment(squares), strict=True)
    return {
        int(column): names[row] for row, column in pairs if np.sqrt(squares[row, column]) < LARGEST_DISTANCE * gaps[row].min()
    }


def _former_centres(
    stored: Mapping[str, pa.Table], found: MicroSegments
) -> tuple[dict[int, dict[str, Points]], dict[int, Points]]:
    """Former and new centres by tier, in the former standard deviations, over the traits that make the groups of both."""
    scales = {scale.feature: scale for scale in _scales_of(stored)}
    rows = stored[CENTROIDS].to_pandas()
    now = {scale.feature: scale for scale in found.scales}
    common = [name for name in found.dividing if name in set(rows["feature"]) and scales[name].is_log == now[name].is_log]
    former: dict[int, dict[str, Points]] = {}
    for (tier, name), centre in rows.groupby(["value_tier", "micro_segment"]):
        former.setdefault(int(tier), {})[str(name)] = centre.set_index("feature")["position"].reindex(common).to_numpy()
    columns = [found.dividing.index(name) for name in common]
    means, deviations = ([getattr(now[name], part) for name in common] for part in ("mean", "sd"))
    former_means, former_deviations = ([getattr(scales[name], part) for name in common] for part in ("mean", "sd"))
    new = {
        tier: (division.centres[:, columns] * deviations + means - np.array(former_means)) / np.array(former_deviations)
        for tier, division in found.divisions.items()
    }
    return former, new


def _scales_of(stored: Mapping[str, pa.Table]) -> list[Scale]:
    return [
        Scale(**{name: row[name] for name in ("feature", "is_log", "mean", "sd", "low", "high")})
        for row in stored[FEATURES].to_pylist()
    ]


def free_names(tier: int, used: Iterable[str]) -> Iterator[str]:
    """Names of a tier that no version has ever used: v3-a, ..., v3-z, v3-aa, ..."""
    taken = set(used)
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            name = f"v{tier}-{''.join(letters)}"
            if name not in taken:
                yield name


def named(
    found: MicroSegments,
    customers: pd.DataFrame,
    tiers: NDArray[np.int64],
    former: Mapping[str, pa.Table] | None,
    used_names: Collection[str],
) -> tuple[MicroSegments, int]:
    """The fit with names, and how many of them are those of the former version.

    A group that is a former one keeps its name; the others get names that were never used, the largest group first.
    """
    before, now = _former_centres(former, found) if former is not None else ({}, {})
    points = _filled(standardised(customers, found.scales, found.dividing))
    names: dict[int, tuple[str, ...]] = {}
    matched_total = 0
    for tier, division in sorted(found.divisions.items()):
        members = np.flatnonzero(tiers == tier)
        distances = ((points[members][:, None, :] - division.centres[None, :, :]) ** 2).sum(axis=2)
        labels = distances.argmin(axis=1)
        kept = match(before[tier], now[tier]) if tier in before else {}
        matched_total += len(kept)
        sizes = np.bincount(labels, minlength=len(division.centres))
        names_to_give = free_names(tier, used_names)
        for group in sorted(range(len(division.centres)), key=lambda group: (-sizes[group], *division.centres[group])):
            if group not in kept:
                kept[group] = next(names_to_give)
        names[tier] = tuple(kept[group] for group in range(len(division.centres)))
    return MicroSegments(found.scales, found.divisions, names), matched_total


def shares(scores: Sequence[str | None]) -> dict[str, float]:
    """The share of each micro-segment among the customers that have one, by name."""
    names = pd.Series([name for name in scores if name is not None], dtype=object)
    return {f"share_{name}": _rounded(share) for name, share in names.value_counts(normalize=True).sort_index().items()}


def attempt(
    customers: pd.DataFrame,
    thresholds: Mapping[str, Any],
    as_of: date,
    former: Fit | None,
    former_tables: Mapping[str, pa.Table] | None,
    used_names: Collection[str],
) -> Outcome:
    """What a run as of that date does about the micro-segments: a new version, or the former one where it still fits.

    `customers`: one row a customer as `read_customers` gives them. `thresholds`: the cut points of value of the as-of month. A
    new version is due when there is none, when the former one is a year old, of other cut points or of other feeds, and when the
    stability index of the shares by micro-segment passes 0.2. Raises FitRefusedError; worse than the former version is
    one whose groups are less distinct (mean silhouette) than the former groups of the same customers.
    """
    tiers = value_tiers(customers, thresholds)
    known = ", ".join(feature for feature in DIVIDING if customers[feature].notna().sum() >= SMALLEST_GROUP)
    told: dict[str, float | int | str | None] = {
        "value_thresholds": str(thresholds["parameter_version"]),
        "known_traits": known,
    }
    reason = Reason("the first version", "première version")
    if former is not None and former_tables is not None:
        now = shares(score(customers, tiers, former_tables))
        then = {name: float(share) for name, share in former.diagnostics.items() if name.startswith("share_")}
        names = sorted(set(now) | set(then))
        index = stability_index([then.get(name, 0.0) for name in names], [now.get(name, 0.0) for name in names])
        told["stability_index"] = _rounded(index)
        if is_old(former, as_of):
            reason = Reason("the former version is a year old", "la version précédente a un an")
        elif former.diagnostics.get("value_thresholds") != told["value_thresholds"]:
            reason = Reason("the value tiers have new cut points", "les niveaux de valeur ont de nouveaux seuils")
        elif former.diagnostics.get("known_traits") != known:
            reason = Reason("other traits of behaviour are known", "d’autres traits de comportement sont connus")
        elif index > STABILITY_LIMIT:
            reason = Reason(
                f"customers have changed: stability index {index:.2f}, above {STABILITY_LIMIT}",
                f"les clients ont changé : indice de stabilité {index:.2f}, au-dessus de {STABILITY_LIMIT}".replace(".", ","),
            )
        else:
            kept = Reason(
                f"customers have not changed: stability index {index:.2f}, up to {STABILITY_LIMIT}",
                f"les clients n’ont pas changé : indice de stabilité {index:.2f}, jusqu’à {STABILITY_LIMIT}".replace(".", ","),
            )
            return Outcome({}, int((tiers > 0).sum()), kept, told)
    found = fit(customers, tiers)
    made, matched = named(found, customers, tiers, former_tables, used_names)
    stored = tables(made, as_of)
    scores = score(customers, tiers, stored)
    for tier, division in sorted(made.divisions.items()):
        told |= {
            f"tier_{tier}_number": len(division.centres),
            f"tier_{tier}_stability": None if division.stability is None else _rounded(division.stability),
            f"tier_{tier}_silhouette": None if division.silhouette is None else _rounded(division.silhouette),
            f"tier_{tier}_silhouette_by_chance": (
                None if division.silhouette_by_chance is None else _rounded(division.silhouette_by_chance)
            ),
        }
    told |= {"matched": matched, "micro_segments": sum(map(len, made.names.values()))}
    if former_tables is not None:
        told |= _compare(made, customers, tiers, former_tables)
    told |= shares(scores)
    return Outcome(stored, int((tiers > 0).sum()), reason, told)


def _compare(
    made: MicroSegments, customers: pd.DataFrame, tiers: NDArray[np.int64], former: Mapping[str, pa.Table]
) -> dict[str, float]:
    """Mean silhouette of the new and of the former groups over the tiers that both divide. Raises FitRefusedError if worse."""
    was = np.array([name or "" for name in score(customers, tiers, former)])
    order = np.argsort(customers["customer_id"].to_numpy(dtype=str), kind="stable")
    points = _filled(standardised(customers, made.scales, made.dividing))
    new, old = [], []
    for tier, division in made.divisions.items():
        members = order[tiers[order] == tier]
        _, former_labels = np.unique(was[members], return_inverse=True)
        if division.silhouette is not None and former_labels.max() > 0:
            new.append(division.silhouette)
            old.append(_silhouette(points[members], former_labels.astype(np.int64)))
    if not new:
        return {}
    of_new, of_former = _rounded(np.mean(new)), _rounded(np.mean(old))
    found = {"silhouette": of_new, "silhouette_of_former": of_former}
    if of_new + WORSE_BY < of_former:
        numbers = f"{of_new:.3f} < {of_former:.3f}"
        raise FitRefusedError(
            Reason(
                f"the new groups would be less distinct than the former ones: silhouette {numbers}",
                f"les nouveaux groupes seraient moins distincts que les précédents : silhouette {numbers}".replace(".", ","),
            ),
            int((tiers > 0).sum()),
            found,
        )
    return found


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: look whether a new version is due, keep what comes of it, and write the run's input."""
    month = as_of.replace(day=1)

    def make(former: Fit | None) -> Outcome:
        versions = usable(attempts(home, value_thresholds.PARAMETER), month)
        if not versions:
            raise FitRefusedError(
                Reason("there are no cut points of value yet", "il n’y a pas encore de seuils de valeur"),
            )
        thresholds = value_thresholds.stored_version(home, versions[-1].parameter_version).row
        # not what a killed run has left: its names would not be those of the run that is made again
        names = [version.parameter_version for version in fitted(attempts(home, PARAMETER))]
        used = set(_of_versions(load_versions(home, CENTROIDS, CENTROID_SCHEMA), names)["micro_segment"].to_pylist())
        former_tables = None
        if former is not None:
            former_tables = {
                name: _of_versions(load_versions(home, name, schema), [former.parameter_version])
                for name, schema in SCHEMAS.items()
            }
        return attempt(read_customers(warehouse, month), thresholds, as_of, former, former_tables, used)

    return attempt_if_due(home, inputs, as_of, PARAMETER, PREFIX, SCHEMAS, make)


def _of_versions(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["parameter_version"], pa.array(names, pa.string())))


def read_customers(warehouse: Path, month: date) -> pd.DataFrame:
    """The behaviour of customers with a positive value at the start of a month, at most 30,000, by id."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found: pd.DataFrame = connection.execute(
            f"""select features.customer_id, cast(features.value_12m as double) as value_12m, features.sales_months_12m,
                {", ".join(f"behaviours.{trait}" for trait in TRAITS)}
            from intermediate.int_customer_behaviours as behaviours
            inner join intermediate.int_customer_month_features as features
                on behaviours.customer_id = features.customer_id and behaviours.month = features.month
            where features.allows_profiling and features.month = ? and features.value_12m > 0
            order by features.customer_id limit ?""",
            [month, LARGEST_SAMPLE],
        ).df()
        return found
