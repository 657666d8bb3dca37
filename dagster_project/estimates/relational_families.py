"""Parameters of the relational families: when a new fit is needed, when it is worse than the former one, and its rows.

Here: the attempt of a run (pure: tables in, outcome out) and the step that reads the warehouse. The model and its fit are
`relationship_mixture.py`; scoring is SQL (`int_customer_month_families`); versions and attempts are kept by
`parameter_versions.py`.

A fit sees four fifths of the customers and is judged on the others. It is refused when they are less likely under it than
under the former version, each by 5 % and by more than chance, and when a family has lost its meaning (`lost_meanings`). Without a former version, or with too few
customers who came often enough, the prototypes serve, and the version says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.estimates.parameter_files import load_versions
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, FitReport, Outcome, Reason, is_old
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due
from dagster_project.estimates.relationship_mixture import (
    FAMILIES,
    PREFERENCES,
    Families,
    Floats,
    Observations,
    axes,
    family_of,
    fit,
    log_evidence,
    log_likelihood,
    observe,
    property_of,
    prototypes,
)
from dagster_project.estimates.value_thresholds import WORSE_BY

PARAMETER = "relational_families"
PREFIX = "families"
# by id, which is a hash: a sample that no property of a customer decides, and the same one in every run
LARGEST_SAMPLE = 50_000
MINIMUM_INTERACTIONS = 3
# on simulated companies 0.34 to 0.94; of 600 customers that are all alike 0.00
SMALLEST_SEPARATION = 0.1
AXES_FR = {"lead": "de l’initiative", "expectation": "de l’attente"}
# Customers who came three times or more: with 110 of them a fit found 0.76 of the families of simulated companies, the
# prototypes 0.62 to 0.69; with 350 it found 0.81.
MINIMUM_CUSTOMERS = 100
# a channel that a version does not know says nothing: from a twentieth of all interactions on a new fit is needed
LARGEST_UNKNOWN_SHARE = 0.05
CHANCE = 0.1
ALL = "all"
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        # `all` for what concerns every customer alike
        pa.field("relational_family", pa.string()),
        pa.field("feature", pa.string()),
        # null where the feature is no channel
        pa.field("channel", pa.string()),
        pa.field("value", pa.float64()),
        # what the prior says of it; null where there is none
        pa.field("prototype", pa.float64()),
    ]
)
SCHEMAS = {PARAMETER: SCHEMA}
_EXPECTED_OF_ALL = ("contacts_per_month", "contacts_per_store_purchase", "contacts_per_remote_purchase")


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def _stored(families: Families) -> Families:
    """The parameters as they are stored: scores must not depend on digits that nobody sees."""
    rounded = np.vectorize(_rounded, otypes=[np.float64])
    return replace(
        families,
        **{name: rounded(getattr(families, name)) for name in ("shares", "channel_shares", "contact_rates", "contacts_per")},
        dispersion=_rounded(families.dispersion),
        expectations=None if families.expectations is None else rounded(families.expectations),
        expectation_deviation=None if families.expectation_deviation is None else _rounded(families.expectation_deviation),
    )


def as_rows(families: Families, prior: Families, as_of: date) -> pa.Table:
    """A version as rows: one per family and feature, one per family and channel, and those of `all`."""
    rows: list[dict[str, Any]] = []

    def add(family: str, feature: str, value: float | None, prototype: float | None = None, channel: str | None = None) -> None:
        if value is not None:
            told = {"relational_family": family, "feature": feature, "channel": channel, "value": _rounded(value)}
            rows.append(told | {"prototype": None if prototype is None else _rounded(prototype)})

    for number, family in enumerate(FAMILIES):
        add(family, "share", families.shares[number], prior.shares[number])
        add(family, "contact_rate", families.contact_rates[number], prior.contact_rates[number])
        if families.expectations is not None:
            told = None if prior.expectations is None else prior.expectations[number]
            add(family, "expectation", families.expectations[number], told)
        for position, channel in enumerate(families.channels):
            expected = prior.channel_shares[number, position]
            add(family, "channel", families.channel_shares[number, position], expected, channel)
    for name, value in zip(_EXPECTED_OF_ALL, families.contacts_per, strict=True):
        add(ALL, name, value)
    add(ALL, "dispersion", families.dispersion)
    add(ALL, "expectation_deviation", families.expectation_deviation)
    version = {"parameter_version": f"{PREFIX}-{as_of.isoformat()}", "fitted_as_of": as_of}
    return pa.Table.from_pylist([version | row for row in rows], schema=SCHEMA)


def families_of(rows: list[dict[str, Any]]) -> Families:
    """The parameters that the rows of one version hold."""
    found = {(row["relational_family"], row["feature"], row["channel"]): row["value"] for row in rows}
    channels = tuple(sorted({row["channel"] for row in rows if row["feature"] == "channel"}))

    def of_families(feature: str, channel: str | None = None) -> Floats:
        return np.array([found[family, feature, channel] for family in FAMILIES], dtype=np.float64)

    has_expectations = (ALL, "expectation_deviation", None) in found
    return Families(
        channels=channels,
        shares=of_families("share"),
        channel_shares=np.column_stack([of_families("channel", channel) for channel in channels]),
        contact_rates=of_families("contact_rate"),
        dispersion=found[ALL, "dispersion", None],
        contacts_per=np.array([found[ALL, name, None] for name in _EXPECTED_OF_ALL]),
        expectations=of_families("expectation") if has_expectations else None,
        expectation_deviation=found[ALL, "expectation_deviation", None] if has_expectations else None,
    )


def lost_meanings(families: Families, properties: Mapping[str, str]) -> list[str]:
    """Which families no longer deserve their names, in words; none is right.

    Of the two families on the same side of one axis, each has to stand on its own side of the other: who leads takes more
    of the channels of those who lead, who expects much comes more often. A tenth the other way is chance.
    """
    leaning = []
    for channel in families.channels:
        soliciting, time_pressed, autonomous, trusting = PREFERENCES[properties[channel]]
        leaning.append(np.log((time_pressed + autonomous) / (soliciting + trusting)))
    lead = dict(zip(FAMILIES, families.channel_shares @ np.array(leaning), strict=True))
    rate = dict(zip(FAMILIES, families.contact_rates, strict=True))
    lost = [
        f"{leading} leads less than {led}"
        for leading, led in (("autonomous", "trusting"), ("time_pressed", "soliciting"))
        if lead[leading] < lead[led] - CHANCE
    ]
    lost += [
        f"{much} contacts less than {little}"
        for much, little in (("soliciting", "trusting"), ("time_pressed", "autonomous"))
        if rate[much] < rate[little] * (1 - CHANCE)
    ]
    return lost


def attempt(
    customers: pd.DataFrame,
    interactions: pd.DataFrame,
    in_use: pd.DataFrame,
    as_of: date,
    former: Fit | None,
    former_rows: list[dict[str, Any]],
) -> Outcome:
    """What a run as of that date does about the parameters: a new version, or the former one where it still fits.

    The three tables are those of `relationship_mixture.observe`; `customers` also has `interactions_24m`, `in_use` also
    `distance` and `tempo`. Raises FitRefusedError.
    """
    if customers.empty:
        raise FitRefusedError(
            Reason("no customer is known who may be profiled", "aucun client n’est connu dont le profil puisse être établi")
        )
    often = int((customers["interactions_24m"] >= MINIMUM_INTERACTIONS).sum())
    if often == 0:
        raise FitRefusedError(
            Reason(
                f"no customer had {MINIMUM_INTERACTIONS} interactions in the 24 months before",
                f"aucun client n’a eu {MINIMUM_INTERACTIONS} interactions dans les 24 mois précédents",
            )
        )
    known = families_of(former_rows) if former is not None and former_rows else None
    found: dict[str, float | int | str | None] = {"customers": len(customers), "customers_with_interactions": often}
    reason = Reason("the first version", "première version")
    was_prototype = former is not None and former.diagnostics.get("is_prototype") == 1
    if former is not None and known is not None:
        unknown = interactions.loc[~interactions["channel"].isin(known.channels), "interactions"].sum()
        unknown_share = _rounded(float(unknown) / float(interactions["interactions"].sum()))
        found["unknown_channel_share"] = unknown_share
        if is_old(former, as_of):
            reason = Reason("the former version is a year old", "la version précédente a un an")
        elif unknown_share >= LARGEST_UNKNOWN_SHARE:
            reason = Reason("customers come on channels that are new", "les clients viennent par des canaux nouveaux")
        elif was_prototype and often >= MINIMUM_CUSTOMERS:
            reason = Reason("the prototypes served until now", "les prototypes servaient jusqu’ici")
        else:
            kept = Reason("the former version is less than a year old", "la version précédente a moins d’un an")
            return Outcome({}, len(customers), kept, found)
    seen = observe(customers, interactions, in_use)
    properties = {
        channel: property_of(channel, distance, tempo)
        for channel, distance, tempo in zip(in_use["channel"], in_use["distance"], in_use["tempo"], strict=True)
    }
    is_held_out = np.array([zlib.crc32(name.encode()) % 5 == 0 for name in seen.customer_ids])
    is_often = seen.choices.sum(axis=1) >= MINIMUM_INTERACTIONS
    prior = _stored(prototypes(seen.of(~is_held_out), properties))
    if often < MINIMUM_CUSTOMERS:
        if known is not None and not was_prototype:
            raise FitRefusedError(
                Reason(
                    f"{often} customers had {MINIMUM_INTERACTIONS} interactions, {MINIMUM_CUSTOMERS} are needed",
                    f"{often} clients ont eu {MINIMUM_INTERACTIONS} interactions, il en faut {MINIMUM_CUSTOMERS}",
                ),
                often,
                found,
            )
        because = Reason(
            f"prototypes: {often} customers had {MINIMUM_INTERACTIONS} interactions, {MINIMUM_CUSTOMERS} are needed",
            f"prototypes : {often} clients ont eu {MINIMUM_INTERACTIONS} interactions, il en faut {MINIMUM_CUSTOMERS}",
        )
        return _outcome(prior, prior, seen, is_often, as_of, often, because, found | {"is_prototype": 1})
    made = _stored(fit(seen.of(~is_held_out), prior))
    held_out = seen.of(is_held_out)
    found |= {
        "steps": made.steps,
        "held_out_log_likelihood": _rounded(log_likelihood(made, held_out)),
        "held_out_log_likelihood_of_prototypes": _rounded(log_likelihood(prior, held_out)),
    }
    if lost := lost_meanings(made, properties):
        told = "; ".join(lost)
        if known is not None:
            raise FitRefusedError(
                Reason(f"families have lost their meaning: {told}", f"des familles ont perdu leur sens : {told}"), often, found
            )
        because = Reason(f"prototypes: in the fit {told}", f"prototypes : dans l’ajustement, {told}")
        return _outcome(prior, prior, seen, is_often, as_of, often, because, found | {"is_prototype": 1})
    if known is not None:
        _compare(made, known, customers, interactions, in_use, is_held_out, often, found)
    return _outcome(made, prior, seen, is_often, as_of, often, reason, found | {"is_prototype": 0})


def _compare(
    made: Families,
    known: Families,
    customers: pd.DataFrame,
    interactions: pd.DataFrame,
    in_use: pd.DataFrame,
    is_held_out: Any,
    often: int,
    found: dict[str, float | int | str | None],
) -> None:
    """Both versions on the customers held out, by the channels that both know. Raises FitRefusedError if worse."""
    common = tuple(sorted(set(made.channels) & set(known.channels)))
    held_out = observe(customers, interactions, in_use, common).of(is_held_out)
    # expectations are compared where both versions have them
    if made.expectations is None or known.expectations is None:
        held_out = replace(held_out, expectations=np.full(len(held_out.customer_ids), np.nan))
    each_new, each_former = log_evidence(made, held_out), log_evidence(known, held_out)
    of_new, of_former = float(each_new.mean()), float(each_former.mean())
    found |= {
        "held_out_log_likelihood_on_common_channels": _rounded(of_new),
        "held_out_log_likelihood_of_former": _rounded(of_former),
    }
    # of two equally good fits every second would be refused otherwise
    error = float(np.std(each_new - each_former, ddof=1)) / len(each_new) ** 0.5
    if of_new + max(1.96 * error, WORSE_BY) < of_former:
        numbers = f"{of_new:.4f} < {of_former:.4f}"
        raise FitRefusedError(
            Reason(
                f"the families would explain customers that the fit has not seen less well than the former ones: {numbers}",
                f"les familles expliqueraient moins bien que les précédentes des clients que l’ajustement n’a pas vus : {numbers}",
            ),
            often,
            found,
        )


def _outcome(
    made: Families,
    prior: Families,
    seen: Observations,
    is_often: Any,
    as_of: date,
    often: int,
    reason: Reason,
    found: dict[str, float | int | str | None],
) -> Outcome:
    """A version with how large the families are and how far apart (0 = every customer between two, 1 = none).

    Raises FitRefusedError where they are not apart: alike customers would all get the label on whose side rounding puts them.
    """
    with np.errstate(invalid="ignore"):
        lead, expectation = axes(made, seen.of(is_often))
    if len(lead):
        names = family_of(lead, expectation)
        found |= {f"share_{family}": _rounded(float(np.mean(names == family))) for family in FAMILIES}
        for name, axis in (("lead", lead), ("expectation", expectation)):
            odds = 1 / (1 + np.exp(-np.abs(np.nan_to_num(axis))))
            found[f"separation_{name}"] = separation = _rounded(float(np.mean(2 * odds - 1)))
            # of customers who are all alike, each may be equally sure of the same side
            if not np.isfinite(axis).all() or np.ptp(axis) < SMALLEST_SEPARATION or separation < SMALLEST_SEPARATION:
                raise FitRefusedError(
                    Reason(
                        f"customers do not differ on the axis {name}",
                        f"les clients ne se distinguent pas sur l’axe {AXES_FR[name]}",
                    ),
                    often,
                    found,
                )
    return Outcome({PARAMETER: as_rows(made, prior, as_of)}, often, reason, found)


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: look whether a new version is due, keep what comes of it, and write the run's input."""

    def make(former: Fit | None) -> Outcome:
        rows = load_versions(home, PARAMETER, SCHEMA).to_pylist()
        former_rows = [row for row in rows if former is not None and row["parameter_version"] == former.parameter_version]
        return attempt(*read_observations(warehouse, as_of.replace(day=1)), as_of, former, former_rows)

    return attempt_if_due(home, inputs, as_of, PARAMETER, PREFIX, SCHEMAS, make)


def read_observations(warehouse: Path, month: date) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What is known at the start of a month: customers who may be profiled (at most `LARGEST_SAMPLE`, by id), their
    interactions of the 24 months before, and the channels in use in these months."""
    number = month.year * 12 + month.month - 1
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def read(query: str, *parameters: object) -> pd.DataFrame:
            cursor = connection.execute(query, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

        customers = read(
            """select customer_id, interactions_24m, contacts_24m, seen_days_24m, store_purchases_24m,
                remote_purchases_24m, expectation
            from intermediate.int_customer_month_interactions
            where allows_profiling and month = ?
            order by customer_id limit ?""",
            month,
            LARGEST_SAMPLE,
        )
        last = customers["customer_id"].max() if len(customers) else ""
        interactions = read(
            """select interactions.customer_id, interactions.month_number, interactions.channel, count(*) as interactions
            from intermediate.int_interactions as interactions
            inner join intermediate.int_customer_month_interactions as customers
                on interactions.customer_id = customers.customer_id and customers.month = ? and customers.allows_profiling
            where interactions.month_number between ? - 24 and ? - 1
                and coalesce(interactions.void_month_number >= ?, true)
                and interactions.customer_id <= ?
            group by all order by all""",
            month,
            number,
            number,
            number,
            last,
        )
        in_use = read(
            """select month_number, channel, distance, tempo from intermediate.int_interaction_channels
            where month_number between ? - 24 and ? - 1 order by all""",
            number,
            number,
        )
    return customers, interactions, in_use
