"""The recoveries, on truth made by hand: pairs, kappa, recalls, ranks, movements, and what a publication lacks."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from dagster_project import cli
from dagster_project.feeds.keys import key_hash
from dagster_project.simulation.evaluate import (
    EvaluationError,
    Home,
    balanced_accuracy,
    compare,
    cut_at_shares,
    hash_of,
    movement,
    pairwise,
    persons_of,
    quadratic_kappa,
    read_home,
    recalls,
    segments_of,
    spearman,
)
from dagster_project.simulation.recovery import Recovery
from dagster_project.simulation.true_effects import effects_of

PARAMETERS = {
    "as_of_date": 20251201.0,
    "people_purchases_per_year_mean": 5.0,
    "people_purchases_per_year_shape": 1.2,
    "people_yearly_lapse_rate": 0.1,
    "margin_per_ticket_mean": 40.0,
    "margin_per_ticket_variance_between": 100.0,
    "margin_per_ticket_variance_within": 400.0,
}


def test_pairs_count_what_is_linked_wrongly_and_what_is_not_linked() -> None:
    # truth: 1 has three keys (3 pairs), 2 has two (1 pair); found: a pair of 1, and the third key of 1 with one of 2
    found, true = pd.Series(["a", "a", "b", "b", None]), pd.Series([1, 1, 1, 2, 2])
    assert pairwise(found, true) == (0.5, 0.25, 4)


def test_keys_without_a_customer_are_linked_to_nothing() -> None:
    assert pairwise(pd.Series([None, None]), pd.Series([1, 1])) == (None, 0.0, 1)


def test_quadratic_kappa_is_that_of_the_definition() -> None:
    # one of four is wrong by one step; by chance every found meets every true one
    true, found = [1, 2, 3, 3], [1, 2, 3, 2]
    chance = np.mean([(f - t) ** 2 for f in found for t in true])
    assert quadratic_kappa(found, true) == pytest.approx(1 - 0.25 / chance)
    assert quadratic_kappa([1, 5], [1, 5]) == 1.0
    assert quadratic_kappa([5, 1], [1, 5]) == -1.0
    assert quadratic_kappa([3, 3], [3, 3]) is None


def test_recalls_are_of_the_true_classes_and_their_mean_is_the_balanced_accuracy() -> None:
    found, true = pd.Series(["x", "y", "y", "x"]), pd.Series(["x", "x", "x", "y"])
    assert recalls(found, true) == {"x": pytest.approx(1 / 3), "y": 0.0}
    assert balanced_accuracy(found, true) == pytest.approx(1 / 6)


def test_spearman_takes_mean_ranks_for_ties() -> None:
    assert spearman(pd.Series([1, 2, 3]), pd.Series([10, 100, 1000])) == pytest.approx(1.0)
    assert spearman(pd.Series([1, 1, 2]), pd.Series([1, 2, 3])) == pytest.approx(0.8660254)
    assert spearman(pd.Series([1, 1]), pd.Series([1, 2])) is None


def test_values_are_cut_into_segments_of_the_same_sizes() -> None:
    cut = cut_at_shares(pd.Series([30.0, 10.0, 20.0, 40.0]), pd.Series([5, 1, 1, 3]))
    assert cut.tolist() == [3, 1, 1, 5]


def months_of(person: int, segments: list[int], first: str = "2025-01-01") -> pd.DataFrame:
    return pd.DataFrame({"person_id": person, "month": pd.date_range(first, periods=len(segments), freq="MS"), "label": segments})


def people_of(
    changed_on: list[str | None], is_other: list[bool] | None = None, lapsed_on: list[str | None] | None = None
) -> pd.DataFrame:
    count = len(changed_on)
    return pd.DataFrame(
        {
            "person_id": range(1, count + 1),
            "changed_on": pd.to_datetime(changed_on),
            "is_other": is_other or [day is not None for day in changed_on],
            "lapsed_on": pd.to_datetime(lapsed_on or [None] * count),
        }
    )


def test_the_changed_have_moved_within_three_boundaries_and_the_unchanged_are_counted_by_boundary() -> None:
    months = pd.concat(
        [
            months_of(1, [2, 2, 2, 3, 3, 3]),  # moves with the second boundary after the change in February
            months_of(2, [2, 2, 2, 2, 2, 3]),  # moves too late
            months_of(3, [2, 2, 4, 4, 4, 4]),  # not changed: one of five boundaries
            months_of(4, [1, 1]),  # not changed: none of one
        ]
    )
    found = movement(months, people_of(["2025-02-01", "2025-02-01", None, None]))
    assert found.moved.to_dict() == {1: True, 2: False}
    assert (found.steps.sum(), len(found.steps)) == (1, 6)


def test_who_changed_within_the_same_true_segment_is_neither_changed_nor_unchanged() -> None:
    found = movement(months_of(1, [2, 3, 4]), people_of(["2025-01-01"], is_other=[False]))
    assert len(found.moved) == 0 and len(found.steps) == 0


def test_who_has_left_has_nothing_to_follow() -> None:
    months = pd.concat([months_of(1, [5, 5, 3, 0]), months_of(2, [1, 1, 0, 0])])
    people = people_of([None, "2025-01-01"], lapsed_on=["2025-02-10", "2025-03-20"])
    found = movement(months, people)
    # the first stays from January to February, and is gone in March; the second leaves within the three months
    assert found.steps.tolist() == [False]
    assert len(found.moved) == 0


def test_a_gap_in_the_months_is_no_boundary() -> None:
    found = movement(pd.concat([months_of(1, [1]), months_of(1, [5], "2025-04-01")]), people_of([None]))
    assert len(found.steps) == 0


def test_a_customer_is_the_person_of_most_of_its_keys() -> None:
    keys = pd.DataFrame({"customer_id": ["a", "a", "a", "b", "b", None], "key": ["1", "2", "3", "4", "5", "6"]})
    links = pd.DataFrame({"key": ["1", "2", "3", "4", "5", "6"], "person_id": [7, 7, 8, 9, 8, 9]})
    assert persons_of(keys, links).to_dict("list") == {"customer_id": ["a", "b"], "person_id": [7, 8]}


def test_the_hash_of_a_key_is_that_of_landing() -> None:
    with duckdb.connect() as connection:
        made = connection.execute(
            f"select {key_hash('$space', '$key')}", {"salt": "s", "space": "email", "key": "a@example.com"}
        ).fetchall()
    assert made == [(hash_of("s", "email", "a@example.com"),)]


CUTS = {"value_low_cut": 10.0, "value_high_cut": 100.0, "potential_low_cut": 45.0, "potential_high_cut": 60.0}
# with the margins of the five people: tiers 1 and 1, 2 and 1, 2 and 2, 3 and 2, 3 and 3
OF_FIVE_SEGMENTS = [40.0, 40.0, 50.0, 50.0, 70.0]


def small_home(
    expected: list[float | None], family: str = "unknown", segments: tuple[int, ...] = (1, 2, 3, 4, 5), **truth: object
) -> Home:
    """Five people, each found whole; by default each in the right segment. `truth` replaces columns of `people`."""
    numbers = [1, 2, 3, 4, 5]
    people = pd.DataFrame(
        {
            "person_id": numbers,
            "value_segment": numbers,
            "relational_family": ["trusting", "trusting", "autonomous", "autonomous", "soliciting"],
            "purchases_per_year": [0.5, 1.0, 2.0, 4.0, 8.0],
            "expected_margin_12m": [10.0, 20.0, 30.0, 40.0, 50.0],
            "margin_12m": [Decimal(5), Decimal(50), Decimal(50), Decimal(500), Decimal(500)],
            "potential_12m": [40.0, 40.0, 40.0, 40.0, 50.0],
            "cohort_year": 2020,
            "region": "Nord",
            "seen_days": 730.0,
            "seen_purchases": [1, 2, 4, 8, 16],
            "identified_purchases": [1, 2, 4, 8, 16],
            "identified_days_until_last": [700.0] * 5,
            "identified_share": 1.0,
            "seen_margin": [40.0, 80.0, 160.0, 320.0, 640.0],
            "seen_contacts": 3,
            "oracle_family": ["trusting", "trusting", "autonomous", "autonomous", "soliciting"],
            "changed_on": pd.to_datetime([None] * 5),
            "lapsed_on": pd.to_datetime([None] * 5),
            "former_value_segment": pd.array([None] * 5, dtype="Int64"),
            "former_relational_family": [None] * 5,
            "former_purchases_per_year": [None] * 5,
            "purchases_after_change": [None] * 5,
            "years_after_change": [None] * 5,
        }
    ).assign(**truth)
    customers = pd.DataFrame(
        {"customer_id": list("abcde"), "value_segment": segments, "relational_family": family, "lifetime_value": [None] * 5}
    )
    keys = pd.DataFrame({"customer_id": list("abcdeabcde"), "key": list("0123456789")})
    links = pd.DataFrame({"key": list("0123456789"), "person_id": numbers * 2})
    # the last of these months is that of the as-of day
    months = pd.concat(
        [
            months_of(0, [segment] * 4, "2025-09-01").assign(customer_id=name, expected_margin_12m=margin, potential_12m=margin)
            for name, segment, margin in zip("abcde", segments, expected, strict=True)
        ]
    )
    months = months.drop(columns="person_id").rename(columns={"label": "value_segment"}).assign(relational_family=family)
    months.loc[months["month"] < "2025-12-01", "expected_margin_12m"] = 0.0
    return Home(keys, links, customers, months, people, PARAMETERS, CUTS)


def by_figure(home: Home) -> dict[str, Recovery]:
    return {line.figure: line for line in compare(home)}


def test_a_perfect_publication_has_perfect_figures_and_what_is_not_there_is_said_not_to_be_computed() -> None:
    lines = by_figure(small_home([None] * 5, potential_12m=OF_FIVE_SEGMENTS))
    for figure in ("identity: precision of pairs", "identity: recall of pairs"):
        assert (lines[figure].found, lines[figure].oracle, lines[figure].is_met) == (1.0, 1.0, True)
    for figure in ("segments: quadratic kappa", "segments: recall of segment 1", "segments: recall of segment 5"):
        assert (lines[figure].found, lines[figure].is_met) == (1.0, True)
    # it sees the true value and takes all potentials of these few people for high: segments 3, 4, 4, 5, 5
    assert lines["segments: recall of segment 5"].oracle == 1.0
    assert lines["segments: recall of segment 1"].oracle == 0.0
    assert lines["segments: kappa with the levels behind the effects"].found == 1.0
    assert lines["segments: share scored 1 to 5"].found == 1.0
    for column in ("expected_margin_12m", "potential_12m", "lifetime_value"):
        line = lines[f"potential: Spearman of {column}"]
        assert (line.found, line.sample, line.note) == (None, 0, f"{column} is not filled")
    assert lines["potential: Spearman of expected_margin_12m"].oracle == pytest.approx(1.0)
    assert lines["families: share unknown"].found == 1.0
    assert lines["families: balanced accuracy"].found is None and lines["families: balanced accuracy"].oracle == 1.0
    assert lines["families: unchanged that change at a month boundary"].found is None
    assert lines["segments: unchanged that move at a month boundary"].found == 0.0
    assert lines["segments: changed that moved within 90 days"].found is None
    assert lines["re-purchase: effect on the rate of the contacted"].found is None


def test_every_home_has_the_same_figures() -> None:
    nobody = small_home([None] * 5, segments=(-2, -2, -2, -2, -2))
    assert [line.figure for line in compare(nobody)] == [line.figure for line in compare(small_home([1.0, 2.0, 3.0, 4.0, 5.0]))]
    assert by_figure(nobody)["segments: quadratic kappa"].note == "no customer has a segment of value and potential"


def test_expected_margins_are_those_of_the_as_of_month() -> None:
    lines = by_figure(small_home([5.0, 4.0, 3.0, 2.0, 1.0]))
    assert lines["potential: Spearman of expected_margin_12m"].found == pytest.approx(-1.0)
    # four of five are raised to the same upper quartile: they share a rank
    potential = lines["potential: Spearman of potential_12m"]
    assert potential.found == pytest.approx(-(0.5**0.5)) and potential.oracle == pytest.approx(1.0)


def test_filled_families_are_compared_with_the_recall_of_each() -> None:
    lines = by_figure(small_home([None] * 5, family="trusting"))
    assert lines["families: balanced accuracy"].found == pytest.approx(1 / 3)
    assert lines["families: recall of trusting"].found == 1.0
    assert lines["families: recall of soliciting"].found == 0.0
    assert lines["families: share unknown"].found == 0.0
    assert lines["families: unchanged that change at a month boundary"].found == 0.0


def test_true_segments_are_those_of_the_true_value_and_potential_by_the_published_cut_points() -> None:
    values, potentials = pd.Series([9.99, 10.0, 100.0, 100.0]), pd.Series([1000.0, 44.0, 44.0, 60.0])
    assert segments_of(values, potentials, CUTS).tolist() == [3, 2, 3, 5]
    # one too high by one segment: 1 - 1 / 20 of the expected squares
    wrong = by_figure(small_home([None] * 5, segments=(2, 2, 3, 4, 5), potential_12m=OF_FIVE_SEGMENTS))
    assert wrong["segments: recall of segment 1"].found == 0.0
    assert 0.9 < wrong["segments: quadratic kappa"].found < 1.0  # type: ignore[operator]


def test_segment_0_is_apart_and_at_the_levels_behind_the_effects_the_lowest() -> None:
    lines = by_figure(small_home([None] * 5, segments=(0, 2, 3, 4, 5), potential_12m=OF_FIVE_SEGMENTS))
    assert (lines["segments: quadratic kappa"].found, lines["segments: quadratic kappa"].sample) == (1.0, 4)
    levels = lines["segments: kappa with the levels behind the effects"]
    assert (levels.found, levels.sample, lines["segments: share scored 1 to 5"].found) == (1.0, 5, 0.8)


def test_without_published_cut_points_no_segment_is_compared() -> None:
    lines = by_figure(replace(small_home([None] * 5), cuts={}))
    assert (lines["segments: quadratic kappa"].found, lines["segments: quadratic kappa"].sample) == (None, 0)
    assert lines["segments: kappa with the levels behind the effects"].found == 1.0


def test_who_has_left_has_no_level_and_who_was_changed_has_lines_apart() -> None:
    gone = small_home([None] * 5, lapsed_on=pd.to_datetime(["2025-11-30", "2025-12-01", None, None, None]))
    assert by_figure(gone)["segments: kappa with the levels behind the effects"].sample == 4
    changed = small_home(
        [1.0, 2.0, 3.0, 4.0, 5.0],
        changed_on=pd.to_datetime(["2025-09-01", None, None, None, None]),
        former_value_segment=pd.array([4, None, None, None, None], dtype="Int64"),
        former_relational_family=["trusting", None, None, None, None],
        former_purchases_per_year=[12.0, None, None, None, None],
        purchases_after_change=[0, None, None, None, None],
        years_after_change=[0.25, None, None, None, None],
    )
    lines = by_figure(changed)
    assert lines["segments: quadratic kappa"].sample == 4
    assert lines["potential: Spearman of expected_margin_12m"].sample == 4
    moved = lines["segments: changed that moved within 90 days"]
    # from 12 purchases a year to a half: none in three months tells, and would happen by chance in 1 of 20
    assert (moved.found, moved.oracle, moved.sample) == (0.0, 1.0, 1)
    assert moved.note == "the oracle would see 5% of them change if they had not"
    # its family stayed
    assert lines["families: changed that changed within 90 days"].sample == 0


def test_a_home_without_truth_or_without_a_publication_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no truth to compare with"):
        read_home(tmp_path, "salt")
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "people.parquet").touch()
    with pytest.raises(EvaluationError, match="nothing is published yet"):
        read_home(tmp_path, "salt")
    (tmp_path / "published").mkdir()
    duckdb.connect(str(tmp_path / "published" / "service_value.duckdb")).close()
    with pytest.raises(EvaluationError, match="of another version of the program"):
        read_home(tmp_path, "salt")


def test_the_command_ends_with_1_where_nothing_can_be_compared(tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "data" / "sample"
    shutil.copy(sample / "company.yml", tmp_path)
    for folder in ("mappings", "reference"):
        shutil.copytree(sample / folder, tmp_path / folder)
    answer = CliRunner().invoke(cli.app, ["evaluate", str(tmp_path)])
    assert isinstance(answer.exception, cli.Stopped) and answer.exception.code == 1


def subscribers(probabilities: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Published scores of October of five customers, and the truth: persons 1 and 2 end in December, person 3 in January."""
    scores = pd.DataFrame({"customer_id": list("abcde"), "month": pd.Timestamp("2025-10-01"), "churn_probability": probabilities})
    rows = []
    for person, last in enumerate(("2025-12-01", "2025-12-01", "2026-01-01", "2026-01-01", "2026-01-01"), start=1):
        for month in pd.date_range("2025-10-01", last, freq="MS"):
            has_ended = person <= 3 and month == pd.Timestamp(last)
            rows.append({"person_id": person, "month": month, "monthly_hazard": 0.1 / person, "has_ended": has_ended})
    return scores, pd.DataFrame(rows)


def churn_lines(probabilities: list[float], parameters: dict[str, float] | None = None) -> tuple[Recovery, Recovery]:
    home = small_home([None] * 5)
    scores, hazards = subscribers(probabilities)
    lines = by_figure(replace(home, churn=scores, hazards=hazards, parameters={**home.parameters, **(parameters or {})}))
    return lines["churn: AUC out of time"], lines["churn: calibration slope out of time"]


def test_churn_is_judged_by_who_ends_within_three_months() -> None:
    auc, _ = churn_lines([0.5, 0.3, 0.2, 0.1, 0.05], {"churn_unused_ratio": 3.0})
    # person 3 ends in the fourth month: of the two that ended both rank above the three that did not
    assert (auc.found, auc.oracle, auc.sample, auc.is_met) == (1.0, 1.0, 5, True)
    turned, _ = churn_lines([0.05, 0.1, 0.2, 0.3, 0.5], {"churn_unused_ratio": 3.0})
    assert (turned.found, turned.is_met) == (0.0, False)


def test_churn_is_required_only_where_something_drives_subscribers_away() -> None:
    driven, _ = churn_lines([0.5, 0.3, 0.2, 0.1, 0.05], {"churn_unused_ratio": 3.0})
    calm, slope = churn_lines([0.5, 0.3, 0.2, 0.1, 0.05], {"churn_unused_ratio": 1.0})
    assert driven.requirement is not None and calm.requirement is None and slope.requirement is None
    assert calm.note == "no criterion drives subscribers away in this world"
    nobody = by_figure(replace(small_home([None] * 5), parameters={**PARAMETERS, "churn_new_ratio": 2.0}))
    assert nobody["churn: AUC out of time"].is_met is False
    assert nobody["churn: AUC out of time"].note == "no subscriber is scored by a version fitted before"


def test_the_command_prints_only_the_figures_asked_for_and_judges_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(Path(__file__).parents[3] / "data" / "sample" / "company.yml", tmp_path)
    for folder in ("mappings", "reference"):
        shutil.copytree(Path(__file__).parents[3] / "data" / "sample" / folder, tmp_path / folder)
    monkeypatch.setattr("dagster_project.simulation.evaluate.read_home", lambda *_: small_home([None] * 5))
    printed = io.StringIO()
    monkeypatch.setattr(cli, "console", Console(file=printed, width=200))
    answer = CliRunner().invoke(cli.app, ["evaluate", "--only", "churn", "--strict", str(tmp_path)])
    assert answer.exception is None, "nothing of churn is required in this world"
    assert "churn: AUC" in printed.getvalue() and "segments:" not in printed.getvalue()
    assert CliRunner().invoke(cli.app, ["evaluate", "--strict", str(tmp_path)]).exit_code != 0


# --- the effect of contacts on purchases ----------------------------------------------------------------------------


def published_contacts(folder: Path) -> tuple[Path, Path]:
    """Four customers contacted in a quarter; truth says that contacts caused T1 and T3.

    1 bought T1 because of the contact (its case). 2 bought T2 anyway. 3 bought T3 because of it and T4 anyway. 4 bought nothing.
    5 was contacted without a purchase before, and 1 again after 20 days: neither is a time zero.
    """
    database, truth = folder / "service_value.duckdb", folder / "truth"
    truth.mkdir()
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            """
            create table contacts as
            select contact_id, case_id, customer_id, 'inbound' as direction, true as is_handled, false as is_set_aside, opened_at
            from (values
                ('K1', 'D1', '1', timestamp '2025-07-10 10:00:00'), ('K2', 'D2', '2', timestamp '2025-07-11 10:00:00'),
                ('K3', null, '3', timestamp '2025-08-01 10:00:00'), ('K4', 'D4', '4', timestamp '2025-08-02 10:00:00'),
                ('K5', 'D5', '5', timestamp '2025-08-03 10:00:00'), ('K6', 'D6', '1', timestamp '2025-07-30 10:00:00')
            ) as made (contact_id, case_id, customer_id, opened_at);
            create table purchases as
            select transaction_id, customer_id, sold_at, cast(sold_at as date) as sold_on, true as is_net_positive
            from (values
                ('T1', '1', timestamp '2025-07-20 10:00:00'), ('T2', '2', timestamp '2025-07-20 10:00:00'),
                ('T3', '3', timestamp '2025-08-20 10:00:00'), ('T4', '3', timestamp '2025-09-20 10:00:00'),
                ('B1', '1', timestamp '2025-01-02 10:00:00'), ('B2', '2', timestamp '2025-01-02 10:00:00'),
                ('B3', '3', timestamp '2025-01-02 10:00:00'), ('B4', '4', timestamp '2025-01-02 10:00:00')
            ) as made (transaction_id, customer_id, sold_at);
            create table repurchase_increment as
            select date '2025-07-01' as period_start, segment as value_segment, days as window_days, 'estimate' as method,
                verdict, 4 as treated_kept, 0.3 as incremental_rate, 0.1 as incremental_rate_low, 0.5 as incremental_rate_high
            from (values (-1, 60, 'estimated'), (1, 60, 'estimated'), (-1, 30, 'estimated')) as made (segment, days, verdict)
            """
        )
        connection.execute(
            f"""
            copy (select * from (values ('K9', 'D1', timestamp '2025-07-12 10:00:00', 'T1'), ('K3', 'D3', timestamp '2025-08-01 10:00:00', 'T3'))
                as made (contact_id, case_id, opened_at, transaction_id))
            to '{truth / "contact_effects.parquet"}'
            """
        )
    return database, truth


def test_the_true_effect_is_of_those_who_bought_because_of_the_contact_only(tmp_path: Path) -> None:
    [quarter] = effects_of(*published_contacts(tmp_path)).to_dict("records")
    assert (quarter["contacted"], quarter["true_rate"]) == (4, 0.25)
    assert (float(quarter["rate_low"]), float(quarter["rate"]), float(quarter["rate_high"])) == (0.1, 0.3, 0.5)


def test_the_estimate_stands_beside_the_true_effect_and_the_interval_is_asked_whether_it_holds_it() -> None:
    effects = pd.DataFrame(
        {"contacted": [300, 100], "true_rate": [0.1, 0.3], "rate": [0.2, 0.2], "rate_low": [0.05, 0.1], "rate_high": [0.3, 0.25]}
    )
    lines = by_figure(replace(small_home([None] * 5), effects=effects))
    mean = lines["re-purchase: effect on the rate of the contacted"]
    assert (mean.found, mean.oracle, mean.sample) == (pytest.approx(0.2), pytest.approx(0.15), 400)
    assert lines["re-purchase: quarters whose interval holds the truth"].found == 0.5
