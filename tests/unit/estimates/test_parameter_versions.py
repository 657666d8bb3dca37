"""Attempts and versions: when a look is due, what a run may use, what a refusal leaves, the stability index by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.estimates.parameter_versions import (
    Fit,
    FitRefusedError,
    Outcome,
    Reason,
    attempts,
    fit_if_due,
    is_due,
    is_old,
    stability_index,
    usable,
)

SCHEMA = pa.schema([("parameter_version", pa.string()), ("fitted_as_of", pa.date32()), ("weight", pa.float64())])
WORDS = Reason("because", "parce que")


def fit(day: str, verdict: str = "fitted") -> Fit:
    return Fit("weights", f"w-{day}", date.fromisoformat(day), verdict, False, 1, WORDS)  # type: ignore[arg-type]


def test_a_look_is_due_in_the_first_run_of_a_month_after_all_former_ones() -> None:
    tried = [fit("2024-01-31"), fit("2024-02-10", "kept")]
    assert is_due([], date(2024, 1, 31))
    assert not is_due(tried, date(2024, 2, 29))
    assert is_due(tried, date(2024, 3, 1))
    assert is_due(tried, date(2025, 1, 1))
    # a back-fill changes nothing that later dates have published
    assert not is_due(tried, date(2023, 6, 1))


def test_without_any_version_every_run_tries_because_what_was_missing_may_have_come() -> None:
    assert is_due([fit("2024-01-31", "refused")], date(2024, 1, 31))


def test_a_version_is_old_after_twelve_months_and_one_of_29_february_on_the_28th() -> None:
    assert not is_old(fit("2024-01-31"), date(2025, 1, 30))
    assert is_old(fit("2024-01-31"), date(2025, 1, 31))
    assert is_old(fit("2024-02-29"), date(2025, 2, 28))


def test_a_run_may_use_the_versions_fitted_by_its_as_of_date_else_the_first_in_retrospect() -> None:
    tried = [fit("2023-06-01"), fit("2023-09-01", "refused"), fit("2024-06-01")]
    assert [used.parameter_version for used in usable(tried, date(2024, 6, 1))] == ["w-2023-06-01", "w-2024-06-01"]
    assert [used.parameter_version for used in usable(tried, date(2024, 5, 31))] == ["w-2023-06-01"]
    assert [used.parameter_version for used in usable(tried, date(2020, 1, 1))] == ["w-2023-06-01"]
    assert usable([], date(2024, 6, 1)) == []


def run(home: Path, day: str, make: object) -> list[dict[str, object]]:
    """A step as of that day, and the weights that its run may use."""
    fit_if_due(home, home / "inputs", date.fromisoformat(day), "weights", "w", {"weights": SCHEMA}, make)  # type: ignore[arg-type]
    return pq.read_table(home / "inputs" / "parameters" / "weights.parquet").to_pylist()


def made(day: str, weight: float) -> Outcome:
    row = {"parameter_version": f"w-{day}", "fitted_as_of": date.fromisoformat(day), "weight": weight}
    return Outcome({"weights": pa.Table.from_pylist([row], schema=SCHEMA)}, 7, WORDS, {"score": 0.5})


def test_a_refused_fit_leaves_the_former_version_in_use_and_its_reason_is_kept(tmp_path: Path) -> None:
    def refuse(former: Fit | None) -> Outcome:
        raise FitRefusedError(Reason("worse", "moins bon"), 9, {"score": 0.4})

    first = run(tmp_path, "2024-01-31", lambda former: made("2024-01-31", 1.0))
    assert run(tmp_path, "2024-02-29", refuse) == first
    assert [row["weight"] for row in first] == [1.0]
    told = pq.read_table(tmp_path / "inputs" / "parameters" / "fits.parquet").to_pylist()
    assert [(row["verdict"], row["is_retrospective"], row["reason_fr"], row["diagnostics"]) for row in told] == [
        ("fitted", True, "parce que", '{"score": 0.5}'),
        ("refused", False, "moins bon", '{"score": 0.4}'),
    ]
    # as of a date before the refusal it is not known yet
    run(tmp_path, "2024-02-01", refuse)
    assert len(pq.read_table(tmp_path / "inputs" / "parameters" / "fits.parquet")) == 1


def test_what_a_killed_run_leaves_of_a_version_does_not_count_and_is_written_again(tmp_path: Path) -> None:
    run(tmp_path, "2024-01-31", lambda former: made("2024-01-31", 1.0))
    (tmp_path / "parameters" / "fits" / "weights-2024-01-31.parquet").unlink()
    assert run(tmp_path, "2024-01-31", lambda former: made("2024-01-31", 2.0))[0]["weight"] == 2.0


def test_of_the_refusals_of_a_month_without_any_version_the_last_is_kept(tmp_path: Path) -> None:
    def refuse(former: Fit | None) -> Outcome:
        raise FitRefusedError(WORDS)

    for day in ("2024-01-30", "2024-01-31", "2024-02-01"):
        assert run(tmp_path, day, refuse) == []
    assert [str(tried.fitted_as_of) for tried in attempts(tmp_path, "weights")] == ["2024-01-31", "2024-02-01"]


def test_the_stability_index_by_hand() -> None:
    # 0.5 -> 0.6 and 0.5 -> 0.4: 0.1 ln 1.2 - 0.1 ln 0.8
    assert stability_index([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * 0.1823216 + 0.1 * 0.2231436, abs=1e-6)
    assert stability_index([0.5, 0.5], [0.5, 0.5]) == 0
    # a class that nobody is in any more: finite, and large
    assert 4 < stability_index([0.5, 0.5], [1.0, 0.0]) < 6
