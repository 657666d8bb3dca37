"""Parameters of value and potential: cut points of the tiers and segments, and the forecast behind the potential.

Here: the fit of the cut points of value (pure: values in, cut points out), when a new one is needed, when it is worse than
the former one, and the step of a run that makes it, the potential included (`potential.py`). Scoring is SQL
(`int_customer_month_scores`); versions and attempts are kept by `parameter_versions.py`.

Cut points are order statistics of the positive values of the twelve months before the as-of month: two at the terciles
(tiers), four at the quintiles (segments), in the company's currency, rounded to cents. They are stored and then hold
for everybody until the next fit, so that nobody moves because others did. Where the histories cannot carry the forecast,
the version has no potential, says why, and segments follow value alone.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.estimates import potential
from dagster_project.estimates.parameter_files import load_versions
from dagster_project.estimates.parameter_versions import (
    STABILITY_LIMIT,
    Fit,
    FitRefusedError,
    FitReport,
    Outcome,
    Reason,
    is_old,
    stability_index,
)
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due
from dagster_project.estimates.purchase_forecast import ForecastRefusedError, PurchaseAmounts, PurchaseCounts
from dagster_project.settings import SEEDS

# tiers of value and potential, 1 to 3 each -> segment
SegmentMap = Mapping[tuple[int, int], int]

PARAMETER = "value_thresholds"
BENCHMARKS = "potential_benchmarks"
PREFIX = "value"
# by id, which is a hash: a sample that no property of a customer decides, and the same one in every run
LARGEST_SAMPLE = 100_000
# five customers in each of five segments: below, a cut point is the whim of one customer
MINIMUM_CUSTOMERS = 25
# of the twelve before: cut points of a shorter look-back would let everybody rise while the year fills
MINIMUM_SALES_MONTHS = 9
# a tier is left when a value has passed its cut point by so much: without it every tenth customer moves at each start of a
# month, by a single purchase more or less. Chosen on companies of `make truth` (docs/decisions.md)
MARGIN_SHARE = 0.2
SEGMENTS = 5
# log-likelihood per customer: each customer is 5 % less likely than under the former version
WORSE_BY = 0.05
_CENT = Decimal("0.01")
_MONEY = pa.decimal128(18, 4)
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("tier_low_cut", _MONEY),
        pa.field("tier_high_cut", _MONEY),
        *(pa.field(f"segment_cut_{number}", _MONEY) for number in range(1, 5)),
        pa.field("margin_share", pa.float64()),
        # months of sales behind the values: the cut points hold for no shorter look-back
        pa.field("sales_months", pa.int32()),
        pa.field("sample_size", pa.int64()),
        pa.field("potential_low_cut", _MONEY),
        pa.field("potential_high_cut", _MONEY),
        *(pa.field(f"bgnbd_{name}", pa.float64()) for name in ("r", "alpha", "a", "b", "log_likelihood")),
        *(pa.field(f"gamma_gamma_{name}", pa.float64()) for name in ("p", "q", "gamma", "log_likelihood")),
        pa.field("forecast_customers", pa.int64()),
        # null where there is a forecast
        pa.field("no_potential_because", pa.string()),
    ]
)
BENCHMARK_SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        # null = all
        pa.field("cohort_year", pa.int32()),
        pa.field("region", pa.string()),
        pa.field("goods_family", pa.string()),
        pa.field("expected_margin_p75", pa.float64()),
        pa.field("customers", pa.int64()),
    ]
)
SCHEMAS = {PARAMETER: SCHEMA, BENCHMARKS: BENCHMARK_SCHEMA}


@dataclass(frozen=True)
class Thresholds:
    """Cut points in the company's currency: a value at or above a cut is in the tier or segment above it."""

    tier_cuts: tuple[Decimal, Decimal]
    segment_cuts: tuple[Decimal, Decimal, Decimal, Decimal]
    sales_months: int
    sample_size: int


@dataclass(frozen=True)
class Potential:
    """The forecast, the cut points of the tiers of potential, and the benchmarks of comparable customers."""

    counts: PurchaseCounts
    amounts: PurchaseAmounts
    tier_cuts: tuple[Decimal, Decimal]
    benchmarks: pd.DataFrame


def _cuts(values: Sequence[Decimal], parts: int) -> tuple[Decimal, ...]:
    """The values at which ascending `values` split into equal parts, rounded to cents. Exact: no floating point."""
    cuts = [values[number * len(values) // parts] for number in range(1, parts)]
    return tuple(cut.quantize(_CENT, rounding=ROUND_HALF_UP) for cut in cuts)


def fit(values: pd.DataFrame) -> Thresholds:
    """Cut points of the column `value_12m` (Decimal, company's currency), one row a customer, in any order.

    `sales_months_12m` is the number of months (0..12) of the twelve before that the sales cover, the same in all rows.

    Raises FitRefusedError with nobody to profile, no sales, fewer than 25 positive values, or when two cut points coincide (too many equal values).
    """
    if values.empty:
        raise FitRefusedError(
            Reason("no customer is known who may be profiled", "aucun client n’est connu dont le profil puisse être établi")
        )
    if values["sales_months_12m"].isna().all():
        raise FitRefusedError(Reason("no sales are known before the month", "aucune vente n’est connue avant le mois"))
    positive = sorted(value for value in values["value_12m"] if value is not None and value > 0)
    if len(positive) < MINIMUM_CUSTOMERS:
        raise FitRefusedError(
            Reason(
                f"{len(positive)} customers had a positive value in the year before, {MINIMUM_CUSTOMERS} are needed",
                f"{len(positive)} clients avaient une valeur positive l’année précédente, il en faut {MINIMUM_CUSTOMERS}",
            )
        )
    sales_months = int(values["sales_months_12m"].min())
    if sales_months < MINIMUM_SALES_MONTHS:
        raise FitRefusedError(
            Reason(
                f"{sales_months} months of sales are known, {MINIMUM_SALES_MONTHS} of the twelve before are needed",
                f"{sales_months} mois de ventes sont connus, il en faut {MINIMUM_SALES_MONTHS} sur les douze précédents",
            )
        )
    tiers, segments = _cuts(positive, 3), _cuts(positive, 5)
    for name, cuts, french in (("tier", tiers, "niveaux"), ("segment", segments, "segments")):
        if any(low >= high for low, high in itertools.pairwise(cuts)):
            listed = ", ".join(map(str, cuts))
            in_french = "\u202f; ".join(str(cut).replace(".", ",") for cut in cuts)
            raise FitRefusedError(
                Reason(
                    f"too many customers have the same value: the cut points of the {name}s ({listed}) tell nobody apart",
                    f"trop de clients ont la même valeur : les seuils des {french} ({in_french}) ne séparent personne",
                )
            )
    return Thresholds(
        (tiers[0], tiers[1]),
        (segments[0], segments[1], segments[2], segments[3]),
        sales_months,
        len(positive),
    )


def fit_potential(customers: pd.DataFrame) -> Potential:
    """The forecast and what follows from it, on customers with a purchase (columns of `potential.py` and `value_12m`).

    The cut points are breaks among those with a positive value, whom alone they serve. Raises ForecastRefusedError.
    """
    counts, amounts = fit_forecast(customers)
    scored = customers.assign(expected_margin=potential.expected_margin(counts, amounts, customers))
    marks = potential.benchmarks(scored)
    marks["expected_margin_p75"] = marks["expected_margin_p75"].map(_rounded)
    scored["potential"] = potential.potential(scored, marks)
    cuts = potential.tier_cuts(scored.loc[scored["value_12m"].astype(float) > 0, "potential"].tolist())
    if cuts is None:
        raise ForecastRefusedError(
            "the potentials of all customers are alike: they make no tiers",
            "les potentiels de tous les clients se ressemblent : ils ne forment pas de niveaux",
        )
    return Potential(counts, amounts, cuts, marks)


def fit_forecast(customers: pd.DataFrame) -> tuple[PurchaseCounts, PurchaseAmounts]:
    """Both models with their parameters as they are stored: scores must not depend on digits that nobody sees."""
    counts, amounts = potential.fit_forecast(customers)
    return _stored(counts), _stored(amounts)


def _stored(model: Any) -> Any:
    return replace(model, **{name: _rounded(value) for name, value in asdict(model).items() if isinstance(value, float)})


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def segment_map_of(inputs: Path) -> SegmentMap:
    """The segment of each pair of tiers (value, potential): the home's own table in the inputs of a run, else the project's."""
    of_home = inputs / "reference" / "segment_map.parquet"
    rows = pd.read_parquet(of_home) if of_home.exists() else pd.DataFrame()
    if rows.empty:
        rows = pd.read_csv(SEEDS / "segment_map.csv")
    pairs = zip(rows["value_tier"].astype(int), rows["potential_tier"].astype(int), strict=True)
    return dict(zip(pairs, rows["value_segment"].astype(int), strict=True))


def shares_by_segment(
    customers: pd.DataFrame, version: Mapping[str, Any], marks: pd.DataFrame, segment_map: SegmentMap
) -> list[float]:
    """Shares of the customers without positive value (0) and in segments 1 to 5, as a month is scored: by the tiers of value and
    potential, or where the version has no forecast by fifths of value. `marks`: the benchmarks of the version."""
    values = customers["value_12m"].astype(float).fillna(0.0).to_numpy()
    forecast = forecast_of(version)
    if forecast is None:
        segments = 1 + np.digitize(values, [float(version[f"segment_cut_{number}"]) for number in range(1, 5)])
    else:
        buyers = (customers["purchase_days"] > 0).to_numpy(dtype=bool)
        potentials = np.zeros(len(customers))
        if buyers.any():
            known = customers[buyers].reset_index(drop=True)
            known["expected_margin"] = potential.expected_margin(*forecast, known)
            potentials[buyers] = potential.potential(known, marks)
        tiers = [
            np.digitize(figures, [float(version[f"{name}_low_cut"]), float(version[f"{name}_high_cut"])])
            for name, figures in (("tier", values), ("potential", potentials))
        ]
        segments = np.array([segment_map[low + 1, high + 1] for low, high in zip(*tiers, strict=True)], dtype=int)
    counts = np.bincount(np.where(values > 0, segments, 0), minlength=SEGMENTS + 1)
    return [float(share) for share in counts / max(counts.sum(), 1)]


def as_row(thresholds: Thresholds, as_of: date, forecast: Potential | None = None, because: str | None = None) -> pa.Table:
    """A version as one row."""
    told: dict[str, Any] = {"no_potential_because": because}
    if forecast is not None:
        told |= {f"bgnbd_{name}": value for name, value in asdict(forecast.counts).items() if name != "customers"}
        told |= {f"gamma_gamma_{name}": value for name, value in asdict(forecast.amounts).items() if name != "customers"}
        told |= dict(zip(("potential_low_cut", "potential_high_cut"), forecast.tier_cuts, strict=True))
        told["forecast_customers"] = forecast.counts.customers
    cuts = dict(zip(("tier_low_cut", "tier_high_cut"), thresholds.tier_cuts, strict=True))
    cuts |= {f"segment_cut_{number}": cut for number, cut in enumerate(thresholds.segment_cuts, start=1)}
    row = {
        "parameter_version": f"{PREFIX}-{as_of.isoformat()}",
        "fitted_as_of": as_of,
        **cuts,
        "margin_share": MARGIN_SHARE,
        "sales_months": thresholds.sales_months,
        "sample_size": thresholds.sample_size,
        **told,
    }
    return pa.Table.from_pylist([row], schema=SCHEMA)


def benchmark_rows(forecast: Potential | None, as_of: date) -> pa.Table:
    """The benchmarks of a version as rows; none where it has no forecast."""
    if forecast is None:
        return BENCHMARK_SCHEMA.empty_table()
    rows = forecast.benchmarks.astype(object).where(forecast.benchmarks.notna(), None)
    version = {"parameter_version": f"{PREFIX}-{as_of.isoformat()}", "fitted_as_of": as_of}
    return pa.Table.from_pylist(
        [
            version | row | {"cohort_year": None if row["cohort_year"] is None else int(row["cohort_year"])}
            for row in rows.to_dict("records")
        ],
        schema=BENCHMARK_SCHEMA,
    )


def forecast_of(row: Mapping[str, Any]) -> tuple[PurchaseCounts, PurchaseAmounts] | None:
    """The forecast of a stored version; None where it has none."""
    if row["bgnbd_r"] is None:
        return None
    customers = int(row["forecast_customers"])
    counts = {name: float(row[f"bgnbd_{name}"]) for name in ("r", "alpha", "a", "b", "log_likelihood")}
    amounts = {name: float(row[f"gamma_gamma_{name}"]) for name in ("p", "q", "gamma", "log_likelihood")}
    return PurchaseCounts(**counts, customers=customers), PurchaseAmounts(**amounts, customers=customers)


@dataclass(frozen=True)
class Version:
    """A version that a home keeps: its row and its benchmarks."""

    row: Mapping[str, Any]
    marks: pd.DataFrame


def stored_version(home: Path, parameter_version: str) -> Version:
    """Read a version back."""
    rows, marks = (load_versions(home, name, schema) for name, schema in SCHEMAS.items())
    row = next(row for row in rows.to_pylist() if row["parameter_version"] == parameter_version)
    return Version(row, _benchmarks(marks.filter(pc.equal(marks["parameter_version"], parameter_version))))


def _benchmarks(marks: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = marks.drop_columns(["parameter_version", "fitted_as_of"]).to_pandas()
    return frame


def attempt(customers: pd.DataFrame, as_of: date, former: Fit | None, stored: Version | None, segment_map: SegmentMap) -> Outcome:
    """What a run as of that date does about the parameters: a new version, or the former one where it still fits.

    `customers`: one row a customer as `read_customers` gives them; `stored`: the version that `former` made. A new version is due when there is none, when the former
    one is a year old or of less than a year of sales, and when the stability index of the shares by segment passes 0.2.
    Raises FitRefusedError; worse than the former one is a forecast under which a fifth of the customers, who were left out
    of its fit, are less likely than under the former parameters, each by 5 % and by more than chance (two standard errors), and a version without forecast after one that had it.
    """
    reason = Reason("the first version", "première version")
    found: dict[str, float | int | str | None] = {}
    if former is not None and stored is not None:
        expected = [float(former.diagnostics[f"share_{number}"]) for number in range(SEGMENTS + 1)]
        index = stability_index(expected, shares_by_segment(customers, stored.row, stored.marks, segment_map))
        found["stability_index"] = _rounded(index)
        if is_old(former, as_of):
            reason = Reason("the former version is a year old", "la version précédente a un an")
        elif stored.row["sales_months"] < 12:
            reason = Reason(
                "the former version knew less than a year of sales", "la version précédente connaissait moins d’un an de ventes"
            )
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
            return Outcome({}, len(customers), kept, found)
    thresholds = fit(customers)
    buyers = customers[customers["purchase_days"] > 0].reset_index(drop=True)
    forecast, because = None, None
    try:
        forecast = fit_potential(buyers)
    except ForecastRefusedError as refusal:
        because = Reason(str(refusal), refusal.french)
    former_forecast = forecast_of(stored.row) if stored is not None else None
    if former_forecast is not None:
        if forecast is None:
            raise FitRefusedError(
                Reason(
                    f"no forecast can be fitted any more ({because.en if because else ''}): the former version has one",
                    f"plus aucune prévision ne peut être ajustée ({because.fr if because else ''}) : la version précédente en a une",
                ),
                len(buyers),
                found,
            )
        found |= _compare(buyers, former_forecast)
    if forecast is not None:
        found |= {
            "forecast_customers": forecast.counts.customers,
            "forecast_log_likelihood": _rounded(forecast.counts.log_likelihood + forecast.amounts.log_likelihood),
            "potential_low_cut": float(forecast.tier_cuts[0]),
            "potential_high_cut": float(forecast.tier_cuts[1]),
        }
    found |= {
        "value_low_cut": float(thresholds.tier_cuts[0]),
        "value_high_cut": float(thresholds.tier_cuts[1]),
        "no_potential_because": because.en if because else None,
    }
    if because is not None:
        reason = Reason(f"{reason.en}; without potential: {because.en}", f"{reason.fr} ; sans potentiel : {because.fr}")
    tables = {
        PARAMETER: as_row(thresholds, as_of, forecast, because.en if because else None),
        BENCHMARKS: benchmark_rows(forecast, as_of),
    }
    shares = shares_by_segment(customers, tables[PARAMETER].to_pylist()[0], _benchmarks(tables[BENCHMARKS]), segment_map)
    found |= {f"share_{number}": share for number, share in enumerate(shares)}
    return Outcome(tables, thresholds.sample_size, reason, found)


def _compare(buyers: pd.DataFrame, former: tuple[PurchaseCounts, PurchaseAmounts]) -> dict[str, float]:
    """Held-out log-likelihood per customer of a new fit and of the former parameters. Raises FitRefusedError if worse."""
    is_held_out = buyers["customer_id"].map(lambda name: zlib.crc32(name.encode()) % 5 == 0).to_numpy(dtype=bool)
    held_out = buyers[is_held_out]
    try:
        new = fit_forecast(buyers[~is_held_out])
    except ForecastRefusedError as refusal:
        raise FitRefusedError(
            Reason(
                f"too few customers to compare with the former version: {refusal}",
                f"trop peu de clients pour comparer à la version précédente : {refusal.french}",
            )
        ) from refusal
    each_new, each_former = potential.log_likelihoods(*new, held_out), potential.log_likelihoods(*former, held_out)
    of_new, of_former = float(each_new.mean()), float(each_former.mean())
    found = {"held_out_log_likelihood": _rounded(of_new), "held_out_log_likelihood_of_former": _rounded(of_former)}
    # of two equally good fits every second would be refused otherwise
    error = float(np.std(each_new - each_former, ddof=1)) / len(held_out) ** 0.5
    if of_new + max(1.96 * error, WORSE_BY) < of_former:
        numbers = f"{of_new:.4f} < {of_former:.4f}"
        raise FitRefusedError(
            Reason(
                f"the forecast would be worse than the former one on customers that it has not seen: {numbers} per customer",
                f"la prévision serait moins bonne que la précédente sur des clients qu’elle n’a pas vus : {numbers} par client",
            ),
            len(buyers),
            found,
        )
    return found


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: look whether a new version is due, keep what comes of it, and write the run's input."""

    def make(former: Fit | None) -> Outcome:
        stored = None if former is None else stored_version(home, former.parameter_version)
        return attempt(read_customers(warehouse, as_of.replace(day=1)), as_of, former, stored, segment_map_of(inputs))

    return attempt_if_due(home, inputs, as_of, PARAMETER, PREFIX, SCHEMAS, make)


def read_customers(warehouse: Path, month: date) -> pd.DataFrame:
    """What is known at the start of a month of those who may be profiled, at most `LARGEST_SAMPLE` of them, by id."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(
            """select features.customer_id, features.value_12m, features.sales_months_12m,
                coalesce(features.purchase_days, 0) as purchase_days, features.repeat_days,
                features.age_days, features.recency_days, features.value_before,
                origins.cohort_year, origins.region, origins.goods_family
            from intermediate.int_customer_month_features as features
            left join intermediate.int_customer_origins as origins on features.customer_id = origins.customer_id
            where features.allows_profiling and features.month = ?
            order by features.customer_id limit ?""",
            [month, LARGEST_SAMPLE],
        )
        names = [column[0] for column in cursor.description or []]
        return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object).astype({"purchase_days": int})
