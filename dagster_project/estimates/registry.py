"""All fitted parameters that versions are kept of: their tables, and what concerns all of them at once.

To add one: a module with `PARAMETER`, `SCHEMAS` and a step, and a line in `PARAMETERS`; the source tables are declared in
`dbt/models/sources.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa

from dagster_project.estimates import churn, lifetime_value, micro_segments, relational_families, value_thresholds
from dagster_project.estimates.parameter_versions import attempts, is_due, write_fits, write_input

PARAMETERS: Mapping[str, Mapping[str, pa.Schema]] = {
    value_thresholds.PARAMETER: value_thresholds.SCHEMAS,
    lifetime_value.PARAMETER: lifetime_value.SCHEMAS,
    relational_families.PARAMETER: relational_families.SCHEMAS,
    micro_segments.PARAMETER: micro_segments.SCHEMAS,
    **{churn.PARAMETERS[kind]: churn.schemas(kind) for kind in churn.CRITERIA},
}


TABLES: tuple[str, ...] = tuple(table for schemas in PARAMETERS.values() for table in schemas)


def refusals(home: Path, as_of: date) -> dict[str, str]:
    """Parameters whose newest attempt by that date was refused, with the reason."""
    found = {}
    for parameter in PARAMETERS:
        tried = [fit for fit in attempts(home, parameter) if fit.fitted_as_of <= as_of]
        if tried and tried[-1].verdict == "refused":
            found[parameter] = tried[-1].reason.en
    return found


def is_any_due(home: Path, as_of: date) -> bool:
    """Whether a run as of that date has to look at any parameter."""
    return any(is_due(attempts(home, parameter), as_of) for parameter in PARAMETERS)


def write_inputs(home: Path, inputs: Path, as_of: date) -> list[str]:
    """Write the parameters of a run's inputs; returns the versions in them, by parameter and age."""
    write_fits(home, inputs, as_of)
    return [
        version for parameter, schemas in PARAMETERS.items() for version in write_input(home, inputs, as_of, parameter, schemas)
    ]
