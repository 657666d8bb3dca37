"""What the contacts of a quarter have added to purchases: the effect on the contacted, estimated or refused.

Here: the estimate from `int_effect_units` (pure: units in, rows of the mart out) with its balance, overlap, alarms and
sensitivity, and the difference of a random hold-out. Not here: who is a unit and what is known of it (dbt, intermediate/
effects), the weights (`entropy_balancing.py`), cost of the contacts and texts of the pack (marts, packs).

**Estimate.** Controls of each value segment are weighted until their covariates agree with those of the contacted of the
segment (entropy balancing); what is left of differences is corrected by a weighted linear model of the outcome among all
controls. It is right if either the weights or the outcome model are (doubly robust). The variance is that of the influence
function, summed by customer, because a customer can be contacted and a control, and a control of several quarters.

**Refusal.** A contacted customer whose like are hardly ever uncontacted (propensity above 0.9) is left out, and
so are segments with too few contacted or controls, or with a covariate that stays apart by 0.1 standard deviations. The
total is the sum of the segments that are estimated; `kept_share` says how many of the contacted it speaks of.

**Segments in retrospect.** In a quarter whose segments were drawn with parameters fitted later (a company's first run) they
enter nothing: all customers are estimated as one, and no segment is.

Sources: Hainmueller (2012); Robins, Rotnitzky and Zhao, "Estimation of regression coefficients when some regressors are not
always observed" (JASA 89, 1994); Crump, Hotz, Imbens and Mitnik, "Dealing with limited overlap" (Biometrika 96, 2009);
VanderWeele and Ding, "Sensitivity analysis in observational research: introducing the E-value" (Annals of Internal Medicine
167, 2017); Agresti and Caffo, "Simple and effective confidence intervals for proportions and differences of proportions" (The
American Statistician 54, 2000); Lin, "Agnostic notes on regression adjustments to experimental data" (Annals of Applied Statistics 7, 2013).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from dagster_project.estimates.entropy_balancing import TOLERANCE, Balance, entropy_balance

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

# below, the normal law of a mean of purchases is a hope: the project's smallest sample
MINIMUM_TREATED = 30
MINIMUM_EFFECTIVE_SAMPLE = 30.0
# the usual limit of a negligible standardised difference (Austin 2009)
WORST_BALANCE = 0.1
# Crump and others: beyond it there is less than one uncontacted customer for nine contacted with the same past
HIGHEST_PROPENSITY = 0.9
# an effect on less than half of the contacted is not the effect on the contacted
SMALLEST_KEPT_SHARE = 0.5
CONFIDENCE = 0.95
# of an arm of a hold-out, so that the model of its outcome does not follow single customers
UNITS_PER_COEFFICIENT = 10
TOTAL = -1
NOBODY_ALIKE = (
    "aucun client non contacté ne ressemble à ceux qui ont contacté le service",
    "no customer without a contact is like those who contacted the service",
)
IN_RETROSPECT = (
    "les segments de ce trimestre ont été tracés après coup ; l'effet est estimé sur tous les clients ensemble",
    "the segments of this quarter were drawn in retrospect; the effect is estimated on all customers together",
)
OUTCOMES = ("outcome_purchases", "outcome_amount", "outcome_margin")
MEASURES = ("incremental_rate", "incremental_amount_per_customer", "incremental_amount", "incremental_margin")
GRAIN = ("quarter_start", "value_segment", "window_days", "method")
COLUMNS = (
    *GRAIN,
    *(f"{measure}{suffix}" for measure in MEASURES for suffix in ("", "_low", "_high")),
    "treated",
    "treated_kept",
    "kept_share",
    "controls",
    "effective_sample",
    "worst_balance",
    "placebo_alarm",
    "negative_control_alarm",
    "sensitivity",
    "sensitivity_of_interval",
    "verdict",
    "reason_fr",
    "reason_en",
)


INTEGERS = ("value_segment", "window_days", "treated", "treated_kept", "controls")
TRUTHS = ("placebo_alarm", "negative_control_alarm")
TEXTS = ("method", "verdict", "reason_fr", "reason_en")
NOT_NUMBERS = (*INTEGERS, *TRUTHS, *TEXTS, "quarter_start")


def _not_known() -> Floats:
    return np.full(len(OUTCOMES), np.nan)


@dataclass(frozen=True)
class Units:
    """Units of one design, quarter and window as arrays, in an order that does not depend on that of the rows.

    `weight`: how many units each stands for. `outcomes`: units x OUTCOMES. `covariates`: units x what was known at time zero.
    """

    customer: npt.NDArray[np.int64]
    segment: npt.NDArray[np.int64]
    is_treated: Booleans
    weight: Floats
    outcomes: Floats
    covariates: Floats

    def where(self, chosen: Booleans) -> Units:
        return Units(*(getattr(self, item.name)[chosen] for item in fields(self)))


@dataclass(frozen=True)
class Effect:
    """The effect on the contacted of a segment.

    `size`: how many contacted customers it speaks of. `means`: their outcomes; `effects`: what the contact added to them;
    `half_widths`: of the 95 % interval; `influence`: units x outcomes, of which the sum of squares by customer is the variance.
    `refusal`: why it is not to be used (French, English).
    """

    size: float
    controls: int
    effective_sample: float
    worst_balance: float
    refusal: tuple[str, str] | None = None
    means: Floats = field(default_factory=_not_known)
    effects: Floats = field(default_factory=_not_known)
    half_widths: Floats = field(default_factory=_not_known)
    influence: Floats = field(default_factory=_not_known)


def estimate(units: pd.DataFrame, contacted: Mapping[tuple[Any, int], float] | None = None) -> pd.DataFrame:
    """Rows of `repurchase_increment` with method `estimate`, from rows of `int_effect_units`.

    `contacted`: of each quarter and window all customers contacted, those too who are no unit (who refuse profiling, or whose history
    is too short): what the total is a share of; by default the units. One row per quarter, segment with a contacted customer
    (and -1, all of them) and window. Where `verdict` is
    `not_estimable` the effects are NaN and the reasons say why. An alarm is None where it cannot be known.
    """
    rows = []
    with threadpool_limits(limits=1):
        for main, others in _groups(units, "main"):
            given = units_of(main)
            used = _without_retrospect(main, given)
            kept = used.where(~is_beyond_overlap(used))
            alarms = {f"{design}_alarm": _alarm(others[others["design"] == design]) for design in ("placebo", "negative_control")}
            rows += _rows(main, "estimate", given, kept, balanced_effects(kept), alarms, _everybody(main, contacted))
    return _frame(rows)


def hold_out(units: pd.DataFrame, drawn: Mapping[tuple[Any, int], float] | None = None) -> pd.DataFrame:
    """Rows of `repurchase_increment` with method `hold_out`, from the rows with design `hold_out`.

    `drawn`: as `contacted` of `estimate`, of each quarter and window all customers drawn into the treated arm.

    `is_treated` is the arm that was drawn, whatever happened then (intention to treat). The difference of means is
    adjusted by a linear model of the outcome in each arm (Lin 2013).
    """
    rows = []
    with threadpool_limits(limits=1):
        for arms, _ in _groups(units, "hold_out"):
            given = units_of(arms)
            used = _without_retrospect(arms, given)
            rows += _rows(arms, "hold_out", given, used, randomised_effects(used), {}, _everybody(arms, drawn))
    return _frame(rows)


def _everybody(rows: pd.DataFrame, numbers: Mapping[tuple[Any, int], float] | None) -> float:
    """How many customers the quarter and window of the rows is about; 0 where nobody has counted them."""
    return (numbers or {}).get((rows["quarter_start"].iloc[0], int(rows["window_days"].iloc[0])), 0.0)


def units_of(rows: pd.DataFrame) -> Units:
    """Arrays of the rows, sorted. Outcomes that are not known of every row (no margin rate) are NaN for all."""
    covariates = sorted(name for name in rows.columns if name.startswith("x_"))
    rows = rows.sort_values(["customer_number", "is_treated", *covariates, *OUTCOMES], kind="stable")
    outcomes = rows[list(OUTCOMES)].astype(float).to_numpy()
    outcomes[:, np.isnan(outcomes).any(axis=0)] = np.nan
    return Units(
        customer=rows["customer_number"].to_numpy(dtype=np.int64),
        segment=rows["value_segment"].to_numpy(dtype=np.int64),
        is_treated=rows["is_treated"].to_numpy(dtype=bool),
        weight=rows["weight"].to_numpy(dtype=np.float64),
        outcomes=outcomes,
        covariates=rows[covariates].to_numpy(dtype=np.float64),
    )


def pooled(units: Units) -> Units:
    """The same units as one segment: to which segment they belong becomes a covariate."""
    indicators = _indicators(units.segment)
    return replace(units, segment=np.full_like(units.segment, TOTAL), covariates=np.column_stack([units.covariates, indicators]))


def _without_retrospect(rows: pd.DataFrame, units: Units) -> Units:
    """The units, all of one segment where the segments of the quarter were drawn with parameters fitted later."""
    return replace(units, segment=np.full_like(units.segment, TOTAL)) if rows["is_segment_retrospective"].any() else units


def is_beyond_overlap(units: Units) -> Booleans:
    """Which contacted customers have hardly any like among the controls: their propensity is above HIGHEST_PROPENSITY."""
    if units.is_treated.all():
        return units.is_treated
    features = np.column_stack([units.covariates, _indicators(units.segment)])
    spread = features.std(axis=0)
    features = (features[:, spread > 0] - features[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    if features.shape[1] == 0 or not units.is_treated.any():
        return np.zeros_like(units.is_treated)
    model = LogisticRegression(max_iter=1000).fit(features, units.is_treated, sample_weight=units.weight)
    return np.asarray(units.is_treated & (model.predict_proba(features)[:, 1] > HIGHEST_PROPENSITY))


def balanced_effects(units: Units, *, tolerance: float = TOLERANCE) -> dict[int, Effect]:
    """The doubly robust effect on the contacted of every segment with one, refused where its controls are not alike."""
    found: dict[int, Effect] = {}
    weights = np.zeros(len(units.weight))
    for segment in np.unique(units.segment[units.is_treated]):
        treated = (units.segment == segment) & units.is_treated
        control = (units.segment == segment) & ~units.is_treated
        size = float(units.weight[treated].sum())
        few = _too_few(int(treated.sum()), int(control.sum()))
        if few:
            found[int(segment)] = Effect(size, int(control.sum()), float("nan"), float("nan"), few)
            continue
        weights[treated] = units.weight[treated] / size
        scale = _deviations(units.covariates, treated, units.weight)
        used = scale > 0
        target = weights[treated] @ units.covariates[treated]
        balance = entropy_balance(
            units.covariates[control][:, used], target[used], scale[used], units.weight[control], tolerance=tolerance
        )
        weights[control] = balance.weights
        found[int(segment)] = Effect(
            size, int(control.sum()), balance.effective_sample, balance.worst_difference, _unlike(balance)
        )
    return _with_effects(units, weights, found)


def _with_effects(units: Units, weights: Floats, found: Mapping[int, Effect]) -> dict[int, Effect]:
    """Augmented weighting (Robins and others 1994): differences of weighted means, corrected by one outcome model for all.

    `weights` add up to 1 among the contacted of a segment, and among its controls. The model is linear, fitted on the
    controls with weights that make each segment weigh as its contacted; what its own error adds is in the influence.
    """
    estimable = [segment for segment, effect in found.items() if effect.refusal is None]
    if not estimable:
        return dict(found)
    usable = np.isin(units.segment, estimable)
    control = usable & ~units.is_treated
    sizes = np.array([found[int(segment)].size if segment in estimable else 0.0 for segment in units.segment])
    design = np.column_stack([np.ones(len(weights)), units.covariates, _indicators(units.segment)])
    pull = design[control] * (weights * sizes)[control, None]
    inverse = np.linalg.pinv(pull.T @ design[control], hermitian=True)
    residuals = units.outcomes - design @ (inverse @ (pull.T @ units.outcomes[control]))
    codes = pd.factorize(units.customer)[0]
    effects = dict(found)
    for segment in estimable:
        treated = (units.segment == segment) & units.is_treated
        alike = (units.segment == segment) & ~units.is_treated
        mean_treated = weights[treated] @ residuals[treated]
        mean_alike = weights[alike] @ residuals[alike]
        left = weights[treated] @ design[treated] - weights[alike] @ design[alike]
        influence = np.zeros_like(units.outcomes)
        influence[treated] = weights[treated, None] * (residuals[treated] - mean_treated)
        influence[alike] = -weights[alike, None] * (residuals[alike] - mean_alike)
        influence[control] -= (pull @ (inverse @ left))[:, None] * residuals[control]
        degrees = min(int(treated.sum()), found[segment].effective_sample) - 1
        means, effect = weights[treated] @ units.outcomes[treated], mean_treated - mean_alike
        added = variance_near_bounds(means[0], 1 / (weights[treated] ** 2).sum()) + variance_near_bounds(
            means[0] - effect[0], found[segment].effective_sample
        )
        effects[segment] = replace(
            found[segment],
            means=means,
            effects=effect,
            influence=influence,
            half_widths=_half_widths(influence, codes, degrees, added),
        )
    return effects


def randomised_effects(units: Units) -> dict[int, Effect]:
    """The difference of the arms in every segment, each arm's outcome modelled linearly where it is large enough."""
    features = np.column_stack([np.ones(len(units.weight)), units.covariates, _indicators(units.segment)])
    modelled = np.zeros((2, *units.outcomes.shape))
    for arm in (False, True):
        inside = units.is_treated == arm
        if inside.sum() >= UNITS_PER_COEFFICIENT * features.shape[1]:
            root = np.sqrt(units.weight[inside])[:, None]
            fitted = np.linalg.lstsq(features[inside] * root, units.outcomes[inside] * root, rcond=None)[0]
            modelled[int(arm)] = features @ fitted
    codes = pd.factorize(units.customer)[0]
    found: dict[int, Effect] = {}
    for segment in np.unique(units.segment[units.is_treated]):
        inside = units.segment == segment
        treated, control = inside & units.is_treated, inside & ~units.is_treated
        size = float(units.weight[treated].sum())
        few = _too_few(int(treated.sum()), int(control.sum()))
        share = units.weight / units.weight[inside].sum()
        arms = {}
        influence = np.zeros_like(units.outcomes)
        if few:
            found[int(segment)] = Effect(size, int(control.sum()), float("nan"), float("nan"), few)
            continue
        for sign, drawn, model in ((1, treated, modelled[1]), (-1, control, modelled[0])):
            weight = units.weight[drawn] / units.weight[drawn].sum()
            residuals = units.outcomes[drawn] - model[drawn]
            error = weight @ residuals
            mean = share[inside] @ model[inside]
            arms[sign] = mean + error
            influence[drawn] += sign * weight[:, None] * (residuals - error)
            influence[inside] += sign * share[inside, None] * (model[inside] - mean)
        effective = float(units.weight[control].sum() ** 2 / (units.weight[control] ** 2).sum())
        degrees = min(int(treated.sum()), effective) - 1
        size_treated = float(units.weight[treated].sum() ** 2 / (units.weight[treated] ** 2).sum())
        added = variance_near_bounds(arms[1][0], size_treated) + variance_near_bounds(arms[-1][0], effective)
        scale = _deviations(units.covariates, inside, units.weight)
        apart = [
            units.weight[drawn] / units.weight[drawn].sum() @ units.covariates[drawn][:, scale > 0]
            for drawn in (treated, control)
        ]
        found[int(segment)] = Effect(
            size=size,
            controls=int(control.sum()),
            effective_sample=effective,
            worst_balance=float(np.abs((apart[0] - apart[1]) / scale[scale > 0]).max(initial=0.0)),
            means=arms[1],
            effects=arms[1] - arms[-1],
            influence=influence,
            half_widths=_half_widths(influence, codes, degrees, added),
        )
    return found


def variance_near_bounds(share: float, size: float) -> float:
    """What Agresti and Caffo (2000) add to the variance of a share of `size` customers: a success and a failure more.

    Next to nothing in the middle. Of 400 customers of whom 398 buy again it is as large as the variance itself, which is
    smallest where chance has made the share largest: without it the interval of the rate held a true 0 in 0.85 of 200
    assignments of contacts to real tickets, where 995 of 1,000 buy again within 60 days.
    """
    inside = min(max(share, 0.0), 1.0)
    moved = (inside * size + 1) / (size + 2)
    return max(0.0, moved * (1 - moved) / (size + 2) - inside * (1 - inside) / size)


def _half_widths(influence: Floats, codes: npt.NDArray[np.int64], degrees: float, added_variance: float) -> Floats:
    """Of the 95 % intervals of OUTCOMES; `added_variance` is of the first, the rate."""
    errors = standard_errors(influence, codes)
    errors[0] = np.sqrt(errors[0] ** 2 + added_variance)
    return np.asarray(student.ppf((1 + CONFIDENCE) / 2, degrees) * errors, dtype=np.float64)


def standard_errors(influence: Floats, codes: npt.NDArray[np.int64]) -> Floats:
    """Roots of the summed squares of the influence of each customer (`codes`: 0, 1, ... per unit)."""
    by_customer = np.column_stack([np.bincount(codes, weights=column) for column in influence.T])
    return np.asarray(np.sqrt((by_customer**2).sum(axis=0)), dtype=np.float64)


def total_effect(units: Units, effects: Mapping[int, Effect]) -> Effect | None:
    """The effect on all contacted of the segments that are not refused; None where all are."""
    kept = [effect for effect in effects.values() if effect.refusal is None]
    if not kept:
        return None
    size = sum(effect.size for effect in kept)
    shares = np.array([effect.size / size for effect in kept])
    influence = np.einsum("s,suo->uo", shares, np.stack([effect.influence for effect in kept]))
    effective = float(1 / (shares**2 @ [1 / effect.effective_sample for effect in kept]))
    degrees = min(float(units.is_treated.sum()), effective) - 1
    means, found = shares @ np.stack([effect.means for effect in kept]), shares @ np.stack([effect.effects for effect in kept])
    weight = units.weight[units.is_treated]
    size_treated = float(weight.sum() ** 2 / (weight**2).sum())
    added = variance_near_bounds(means[0], size_treated) + variance_near_bounds(means[0] - found[0], effective)
    return Effect(
        size=size,
        controls=sum(effect.controls for effect in kept),
        effective_sample=effective,
        worst_balance=max(effect.worst_balance for effect in kept),
        means=means,
        effects=found,
        influence=influence,
        half_widths=_half_widths(influence, pd.factorize(units.customer)[0], degrees, added),
    )


def e_value(rate: float, effect: float) -> float:
    """VanderWeele and Ding (2017): by how much a hidden factor would have to multiply both the chance to contact the service
    and the chance to buy again, beyond all that is known of the customer, to account for the whole `effect` on `rate`.

    1: no factor is needed. NaN where without the contacts nobody would have bought.
    """
    without = rate - effect
    if not (rate > 0 and without > 0):
        return float("nan")
    ratio = max(rate / without, without / rate)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def _alarm(units: pd.DataFrame) -> bool | None:
    """Whether an exposure that has no effect seems to have one: the 95 % interval of the rate leaves out 0.

    All segments together, each a covariate: the question is whether contacted and controls differ beyond what is known.
    """
    if not units["is_treated"].any():
        return None
    given = pooled(_without_retrospect(units, units_of(units)))
    effect = balanced_effects(given.where(~is_beyond_overlap(given))).get(TOTAL)
    if effect is None or effect.refusal is not None:
        return None
    return bool(abs(effect.effects[0]) > effect.half_widths[0])


def _groups(units: pd.DataFrame, design: str) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The rows of the design for each quarter and window with a contacted customer, and all rows of the same."""
    for _, rows in units.groupby(["quarter_start", "window_days"], sort=True):
        chosen = rows[rows["design"] == design]
        if chosen["is_treated"].any():
            yield chosen, rows


def _rows(
    rows: pd.DataFrame,
    method: str,
    given: Units,
    kept: Units,
    effects: Mapping[int, Effect],
    alarms: Mapping[str, bool | None],
    counted: float,
) -> list[dict[str, Any]]:
    """One row per segment with a contacted customer, and the total: the sum of the segments that are estimated, or all as one."""
    treated = {
        int(segment): float(given.weight[given.is_treated & (given.segment == segment)].sum())
        for segment in np.unique(given.segment[given.is_treated])
    }
    nobody = Effect(0.0, 0, float("nan"), float("nan"), IN_RETROSPECT if TOTAL in effects else NOBODY_ALIKE)
    segments = [_row(segment, size, effects.get(segment, nobody), method) for segment, size in treated.items()]
    everybody = max(counted, sum(treated.values()))
    total = _row(TOTAL, everybody, _total(kept, effects, everybody, method), method)
    for measure in ("incremental_amount", "incremental_margin"):
        if total["verdict"] == "estimated" and TOTAL not in effects:
            # to the cent what the rows above add up to
            total[measure] = round(sum(row[measure] for row in segments if row["verdict"] == "estimated"), 2)
    grain = {name: rows[name].iloc[0] for name in ("quarter_start", "window_days")} | {"method": method}
    return [{**grain, **row, **alarms} for row in (total, *segments)]


def _total(kept: Units, effects: Mapping[int, Effect], treated: float, method: str) -> Effect:
    total = total_effect(kept, effects)
    if total is None:
        none = effects[TOTAL].refusal if TOTAL in effects else ("aucun segment n'est estimable", "no segment can be estimated")
        return Effect(0.0, sum(effect.controls for effect in effects.values()), float("nan"), float("nan"), none)
    if total.size < SMALLEST_KEPT_SHARE * treated:
        share = f"{100 * total.size / treated:.0f}"
        comparable = (
            f"seuls {share} % des clients contactés sont comparables à des clients non contactés",
            f"only {share} % of the contacted customers can be compared with customers without a contact",
        )
        drawn = (
            f"seuls {share} % des clients du groupe traité sont dans un segment estimable",
            f"only {share} % of the customers of the treated arm are in a segment that can be estimated",
        )
        return replace(total, refusal=drawn if method == "hold_out" else comparable)
    return total


def _row(segment: int, treated: float, effect: Effect, method: str) -> dict[str, Any]:
    is_estimated = effect.refusal is None
    size = effect.size if is_estimated else 0.0
    low, high = effect.effects - effect.half_widths, effect.effects + effect.half_widths
    row: dict[str, Any] = {"value_segment": segment}
    for measure, outcome, factor in (
        ("incremental_rate", 0, None),
        ("incremental_amount_per_customer", 1, None),
        ("incremental_amount", 1, size),
        ("incremental_margin", 2, size),
    ):
        for suffix, values in (("", effect.effects), ("_low", low), ("_high", high)):
            value = float(values[outcome]) if is_estimated else float("nan")
            row[measure + suffix] = value if factor is None else round(value * factor, 2)
    rate = float(effect.means[0])
    # the end of the interval that is nearer to 0, or 0 itself
    nearest = max(0.0, float(low[0])) + min(0.0, float(high[0]))
    fr, en = effect.refusal or _reasons(size, treated, method)
    return {
        **row,
        "treated": round(treated),
        "treated_kept": round(size),
        "kept_share": size / treated,
        "controls": effect.controls,
        "effective_sample": effect.effective_sample,
        "worst_balance": effect.worst_balance,
        "sensitivity": e_value(rate, float(effect.effects[0])) if is_estimated else float("nan"),
        "sensitivity_of_interval": e_value(rate, nearest) if is_estimated else float("nan"),
        "verdict": "estimated" if is_estimated else "not_estimable",
        "reason_fr": fr if is_estimated else f"non estimable : {fr}",
        "reason_en": en if is_estimated else f"not estimable because {en}",
    }


def _reasons(size: float, treated: float, method: str) -> tuple[str, str]:
    share = f"{100 * size / treated:.0f}"
    if method == "hold_out":
        return (
            f"grâce au service, estimé : groupe témoin tiré au sort, effet sur {share} % des clients du groupe traité",
            f"because of the service, estimated: random hold-out, effect on {share} % of the customers of the treated arm",
        )
    return (
        f"grâce au service, estimé : effet sur {share} % des clients contactés, comparés à des clients semblables non contactés",
        f"because of the service, estimated: effect on {share} % of the contacted customers, compared with similar customers without a contact",
    )


def _too_few(treated: int, controls: int) -> tuple[str, str] | None:
    if treated < MINIMUM_TREATED:
        return (
            f"{treated} clients contactés, il en faut {MINIMUM_TREATED}",
            f"there are {treated} contacted customers and {MINIMUM_TREATED} are needed",
        )
    if controls < MINIMUM_EFFECTIVE_SAMPLE:
        return (
            f"{controls} clients non contactés, il en faut {MINIMUM_EFFECTIVE_SAMPLE:.0f}",
            f"there are {controls} customers without a contact and {MINIMUM_EFFECTIVE_SAMPLE:.0f} are needed",
        )
    return None


def _unlike(balance: Balance) -> tuple[str, str] | None:
    if balance.worst_difference > WORST_BALANCE:
        return (
            f"après pondération les deux groupes diffèrent encore de {_comma(balance.worst_difference)} écart-type",
            f"after weighting the two groups still differ by {balance.worst_difference:.2f} standard deviations",
        )
    if balance.effective_sample < MINIMUM_EFFECTIVE_SAMPLE:
        return (
            f"seulement {balance.effective_sample:.0f} clients non contactés ressemblent vraiment aux contactés",
            f"only {balance.effective_sample:.0f} customers without a contact are really like the contacted",
        )
    return None


def _comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def _deviations(covariates: Floats, chosen: Booleans, weight: Floats) -> Floats:
    """The standard deviation of each covariate among the chosen, else (where they are all alike) among everybody."""
    own = _deviation(covariates[chosen], weight[chosen])
    return np.where(own > 0, own, _deviation(covariates, weight))


def _deviation(values: Floats, weight: Floats) -> Floats:
    share = weight / weight.sum()
    deviation = np.sqrt(share @ (values - share @ values) ** 2)
    # what is left of a constant is rounding
    return np.where(deviation > 1e-9 * np.abs(values).max(axis=0, initial=1.0), deviation, 0.0)


def _indicators(segment: npt.NDArray[np.int64]) -> Floats:
    """Columns that say which segment a unit is in, all but the first."""
    return np.asarray(segment[:, None] == np.unique(segment)[None, 1:], dtype=np.float64)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows with COLUMNS and their types, whether there are any or none."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    types = {name: "float64" for name in COLUMNS if name not in NOT_NUMBERS}
    frame = frame.astype(
        types | dict.fromkeys(INTEGERS, "int64") | dict.fromkeys(TRUTHS, "boolean") | dict.fromkeys(TEXTS, "str")
    )
    frame["quarter_start"] = pd.to_datetime(frame["quarter_start"]).dt.date
    return frame.sort_values(list(GRAIN), kind="stable", ignore_index=True)
