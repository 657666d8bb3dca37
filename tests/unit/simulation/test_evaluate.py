"""The recoveries, on truth made by hand: pairs, kappa, recalls, ranks, movements, the oracle against closed forms."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from dagster_project import cli
from dagster_project.feeds.keys import key_hash
from dagster_project.simulation.evaluate import (
    EvaluationError,
    Home,
    Recovery,
    balanced_accuracy,
    compare,
    credible_margins,
    cut_at_shares,
    expected_rates,
    hash_of,
    mean_over_homes,
    pairwise,
    persons_of,
    quadratic_kappa,
    read_home,
    recalls,
    share_moved,
    spearman,
)
from dagster_project.simulation.recovery_table import NOT_COMPUTED, recovery_table

PARAMETERS = {
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
    return pd.DataFrame(
        {"person_id": person, "month": pd.date_range(first, periods=len(segments), freq="MS"), "value_segment": segments}
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
    people = pd.DataFrame({"person_id": [1, 2, 3, 4], "changed_on": pd.to_datetime(["2025-02-01", "2025-02-01", None, None])})
    moved, changed, steps, boundaries = share_moved(months, people)
    assert (moved, changed) == (0.5, 2)
    assert (steps, boundaries) == (pytest.approx(1 / 6), 6)


def test_a_gap_in_the_months_is_no_boundary() -> None:
    months = pd.concat([months_of(1, [1]), months_of(1, [5], "2025-04-01")])
    assert share_moved(months, pd.DataFrame({"person_id": [1], "changed_on": pd.to_datetime([None])})) == (None, 0, None, 0)


def test_without_lapses_the_oracle_is_the_gamma_posterior() -> None:
    purchases, days = np.array([0.0, 3.0, 40.0]), np.array([365.25, 730.5, 730.5])
    rate, alive = expected_rates(purchases, days * 0.5, days, mean=5.0, shape=1.2, lapse_rate=0.0)
    assert rate == pytest.approx((1.2 + purchases) / (1.2 / 5.0 + days / 365.25), rel=1e-3)
    assert alive == pytest.approx(rate)


def test_the_oracle_agrees_with_a_simulation_of_its_own_model() -> None:
    generator = np.random.default_rng(3)
    count, years = 400_000, 2.0
    rates = generator.gamma(1.2, 5.0 / 1.2, count)
    lives = generator.exponential(1 / 0.4, count)
    purchases = generator.poisson(rates * np.minimum(lives, years))
    last = np.minimum(lives, years) * generator.beta(np.maximum(purchases, 1), 1)
    rate, alive = expected_rates(
        np.array([4.0]), np.array([1.0]) * 365.25, np.array([years]) * 365.25, mean=5.0, shape=1.2, lapse_rate=0.4
    )
    chosen = (purchases == 4) & (abs(last - 1.0) < 0.1)
    assert chosen.sum() > 1000
    assert rate[0] == pytest.approx(rates[chosen].mean(), rel=0.04)
    assert alive[0] == pytest.approx((rates * (lives > years))[chosen].mean(), rel=0.08)


def test_a_longer_silence_means_less() -> None:
    last = np.array([700.0, 400.0, 100.0])
    _, alive = expected_rates(np.full(3, 12.0), last, np.full(3, 730.0), mean=5.0, shape=1.2, lapse_rate=0.1)
    assert alive[0] > alive[1] > alive[2]


def test_margins_are_drawn_to_the_mean_by_the_known_variances() -> None:
    margins = credible_margins(np.array([0.0, 400.0]), np.array([0.0, 4.0]), mean=40.0, between=100.0, within=400.0)
    assert margins.tolist() == [40.0, 70.0]
    assert credible_margins(np.array([400.0]), np.array([4.0]), mean=40.0, between=0.0, within=400.0).tolist() == [40.0]


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


def small_home(lifetime_value: list[float | None], family: str = "unknown") -> Home:
    """Five people, each found whole and in the right segment."""
    numbers = [1, 2, 3, 4, 5]
    people = pd.DataFrame(
        {
            "person_id": numbers,
            "value_segment": numbers,
            "relational_family": ["trusting", "trusting", "autonomous", "autonomous", "soliciting"],
            "expected_margin_12m": [10.0, 20.0, 30.0, 40.0, 50.0],
            "seen_days": 730.0,
            "seen_purchases": [1, 2, 4, 8, 16],
            "seen_days_until_last": [700.0] * 5,
            "seen_margin": [40.0, 80.0, 160.0, 320.0, 640.0],
            "seen_contacts": 3,
            "oracle_family": ["trusting", "trusting", "autonomous", "autonomous", "soliciting"],
            "changed_on": pd.to_datetime([None] * 5),
        }
    )
    customers = pd.DataFrame(
        {
            "customer_id": list("abcde"),
            "value_segment": numbers,
            "potential_tier": [None] * 5,
            "relational_family": family,
            "lifetime_value": lifetime_value,
        }
    )
    keys = pd.DataFrame({"customer_id": list("abcdeabcde"), "key": list("0123456789")})
    links = pd.DataFrame({"key": list("0123456789"), "person_id": numbers * 2})
    months = pd.concat(
        [months_of(0, [number] * 2).assign(customer_id=name) for name, number in zip("abcde", numbers, strict=True)]
    )
    return Home(keys, links, customers, months.drop(columns="person_id"), people, PARAMETERS)


def by_figure(home: Home) -> dict[str, Recovery]:
    return {line.figure: line for line in compare(home)}


def test_a_perfect_publication_has_perfect_figures_and_what_is_not_there_is_said_not_to_be_computed() -> None:
    lines = by_figure(small_home([None] * 5))
    for figure in (
        "identity: precision of pairs",
        "identity: recall of pairs",
        "segments: quadratic kappa",
        "segments: recall of segment 5",
    ):
        assert (lines[figure].found, lines[figure].oracle) == (1.0, 1.0)
    assert lines["segments: share scored 1 to 5"].found == 1.0
    assert lines["potential: Spearman of lifetime_value"] == Recovery(
        "potential: Spearman of lifetime_value", None, pytest.approx(1.0), 0, "lifetime_value is not filled"
    )
    assert lines["families: share unknown"].found == 1.0
    assert lines["families: balanced accuracy"].found is None and lines["families: balanced accuracy"].oracle == 1.0
    assert lines["changes: unchanged that move at a month boundary"].found == 0.0
    assert lines["changes: changed that moved within 90 days"].found is None
    assert lines["re-purchase effect"].found is None


def test_filled_columns_are_compared() -> None:
    lines = by_figure(small_home([5.0, 4.0, 3.0, 2.0, 1.0], family="trusting"))
    assert lines["potential: Spearman of lifetime_value"].found == pytest.approx(-1.0)
    assert lines["families: balanced accuracy"].found == pytest.approx(1 / 3)
    assert lines["families: share unknown"].found == 0.0


def test_the_mean_over_homes_leaves_out_what_is_not_computed() -> None:
    first = [Recovery("a", 0.5, 1.0, 10), Recovery("b", None, None, 0, "nothing")]
    second = [Recovery("a", 0.7, 0.8, 30), Recovery("b", 0.4, None, 5)]
    assert mean_over_homes([first, second]) == [
        Recovery("a", pytest.approx(0.6), pytest.approx(0.9), 40),
        Recovery("b", 0.4, None, 5),
    ]


def test_the_table_says_what_is_not_computed_and_why() -> None:
    table = recovery_table([Recovery("a", 0.45, 0.5, 1234), Recovery("b", None, None, 0, "no feed")], 1)
    cells = [list(column.cells) for column in table.columns]
    assert [column[0] for column in cells] == ["a", "0.450", "0.500", "0.900", "1,234", ""]
    assert [column[1] for column in cells] == ["b", NOT_COMPUTED, "", "", "0", "no feed"]


def test_a_home_without_truth_or_without_a_publication_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no truth to compare with"):
        read_home(tmp_path, "salt")
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "people.parquet").touch()
    with pytest.raises(EvaluationError, match="nothing is published yet"):
        read_home(tmp_path, "salt")


def test_the_command_ends_with_1_where_nothing_can_be_compared(tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "data" / "sample"
    shutil.copy(sample / "company.yml", tmp_path)
    for folder in ("mappings", "reference"):
        shutil.copytree(sample / folder, tmp_path / folder)
    answer = CliRunner().invoke(cli.app, ["evaluate", str(tmp_path)])
    assert isinstance(answer.exception, cli.Stopped) and answer.exception.code == 1
