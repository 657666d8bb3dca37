"""Incremental re-purchase: LaLonde's published figures, what is refused, what adds up, hold-outs, sensitivity."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.entropy_balancing import entropy_balance
from dagster_project.estimates.repurchase_increment import (
    COLUMNS,
    TOTAL,
    Units,
    balanced_effects,
    e_value,
    estimate,
    hold_out,
    is_beyond_overlap,
    pooled,
    standard_errors,
    units_of,
    variance_near_bounds,
)
from tests.truth.effect_units import ContactWorld, contact_company, effect_units

COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75", "u74", "u75"]


def lalonde(name: str) -> pd.DataFrame:
    """A data file of the package `causaldata`, which is not imported: only its data are needed."""
    found = importlib.util.find_spec("causaldata")
    assert found is not None and found.submodule_search_locations
    rows = pd.read_stata(Path(found.submodule_search_locations[0]) / name / f"{name}.dta")
    return rows.assign(u74=rows["re74"] == 0, u75=rows["re75"] == 0).astype(dict.fromkeys([*COVARIATES, "re78"], float))


def as_units(rows: pd.DataFrame) -> Units:
    return Units(
        customer=np.arange(len(rows)),
        segment=np.full(len(rows), TOTAL),
        is_treated=(rows["treat"] == 1).to_numpy(),
        weight=np.ones(len(rows)),
        outcomes=rows[["re78"] * 3].to_numpy(),
        covariates=rows[COVARIATES].to_numpy(),
    )


@pytest.fixture(scope="module")
def observed() -> Units:
    """The trainees of the experiment with the controls of the population survey: nobody drew lots."""
    trained = lalonde("nsw_mixtape").query("treat == 1")
    return as_units(pd.concat([trained, lalonde("cps_mixtape")]))


def difference_of_means(units: Units) -> float:
    outcome = units.outcomes[:, 0]
    return float(outcome[units.is_treated].mean() - outcome[~units.is_treated].mean())


def test_entropy_balancing_gives_the_known_figures_of_lalonde_where_a_naive_comparison_fails(observed: Units) -> None:
    experimental = difference_of_means(as_units(lalonde("nsw_mixtape")))
    naive = difference_of_means(observed)
    effect = balanced_effects(observed, tolerance=0)[TOTAL]
    assert (int(observed.is_treated.sum()), int((~observed.is_treated).sum())) == (185, 15992)
    assert (round(experimental, 2), round(naive, 2), round(effect.effects[0], 1)) == (1794.34, -8497.52, 1406.3)
    error = standard_errors(effect.influence, observed.customer)[0]
    assert round(error, 1) == 667.6
    assert abs(effect.effects[0] - experimental) < error < abs(naive - experimental) / 15


def test_the_variance_with_fixed_weights_is_the_known_one_and_smaller(observed: Units) -> None:
    control = ~observed.is_treated
    target = observed.covariates[observed.is_treated].mean(axis=0)
    balance = entropy_balance(
        observed.covariates[control], target, observed.covariates.std(axis=0), np.ones(int(control.sum())), tolerance=0
    )
    assert balance.worst_difference < 1e-6
    outcome, share = observed.outcomes[:, 0], balance.weights
    # HC1 of a weighted regression on the treatment: two weighted means
    of_treated = (outcome[~control] - outcome[~control].mean()) / (~control).sum()
    of_controls = share * (outcome[control] - share @ outcome[control])
    variance = ((of_treated**2).sum() + (of_controls**2).sum()) * len(outcome) / (len(outcome) - 2)
    assert round(float(np.sqrt(variance)), 1) == 654.9


def test_weights_stay_as_they_were_where_the_means_agree_already() -> None:
    controls = np.array([[0.0], [1.0], [2.0]])
    balance = entropy_balance(controls, np.array([1.0]), np.ones(1), np.array([1.0, 2.0, 1.0]))
    assert balance.weights == pytest.approx([0.25, 0.5, 0.25])


def test_means_that_no_weights_can_meet_are_told() -> None:
    balance = entropy_balance(np.array([[0.0], [1.0]]), np.array([3.0]), np.ones(1), np.ones(2))
    assert balance.worst_difference == pytest.approx(2.0, abs=0.01)


@pytest.fixture(scope="module")
def units() -> pd.DataFrame:
    return effect_units(contact_company(ContactWorld(), 3), 3)


def row_of(rows: pd.DataFrame, segment: int = TOTAL) -> pd.Series:
    return rows.set_index("value_segment").loc[segment]


def test_the_total_is_the_sum_of_the_estimated_segments_to_the_cent(units: pd.DataFrame) -> None:
    rows = estimate(units)
    segments = rows[rows["value_segment"] != TOTAL]
    assert set(segments["verdict"]) == {"estimated", "not_estimable"}
    total = row_of(rows)
    for measure in ("incremental_amount", "incremental_margin"):
        assert total[measure] == round(segments[measure].sum(), 2)
    for measure in ("treated", "treated_kept"):
        assert total[measure] == segments[measure].sum()
    assert total["kept_share"] == pytest.approx(total["treated_kept"] / total["treated"])
    assert (rows.loc[rows["verdict"] == "estimated", "worst_balance"] <= 0.1).all()


def test_the_order_of_the_rows_changes_nothing(units: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(estimate(units), estimate(units.sample(frac=1, random_state=1)), check_exact=True)


def test_segments_drawn_in_retrospect_enter_nothing_and_have_no_estimate(units: pd.DataFrame) -> None:
    in_retrospect = units.assign(is_segment_retrospective=True)
    shuffled = in_retrospect.assign(value_segment=np.random.default_rng(1).permutation(in_retrospect["value_segment"]))
    found, other = estimate(in_retrospect), estimate(shuffled)
    assert row_of(found)["verdict"] == "estimated"
    assert row_of(found)["incremental_rate"] != row_of(estimate(units))["incremental_rate"]
    measured = [name for name in found.columns if name.startswith("incremental") or name.endswith("alarm")]
    pd.testing.assert_series_equal(row_of(found)[measured], row_of(other)[measured], check_names=False)
    segments = found[found["value_segment"] != TOTAL]
    assert set(segments["verdict"]) == {"not_estimable"}
    assert segments["reason_en"].str.contains("in retrospect").all()
    assert segments["treated"].sum() == row_of(found)["treated"]


def test_a_segment_with_few_contacted_is_refused_in_words_and_leaves_the_total(units: pd.DataFrame) -> None:
    few = units[~((units["value_segment"] == 3) & units["is_treated"]) | (units.groupby("value_segment").cumcount() < 20)]
    rows = estimate(few)
    refused = row_of(rows, 3)
    count = int(((few["design"] == "main") & few["is_treated"] & (few["value_segment"] == 3)).sum())
    assert 0 < count < 30
    assert (refused["verdict"], refused["treated"], refused["treated_kept"]) == ("not_estimable", count, 0)
    assert refused["reason_en"] == f"not estimable because there are {count} contacted customers and 30 are needed"
    assert refused["reason_fr"] == f"non estimable : {count} clients contactés, il en faut 30"
    assert np.isnan(refused["incremental_rate"]) and np.isnan(refused["incremental_amount"])
    assert row_of(rows)["treated_kept"] <= row_of(rows)["treated"] - count


def test_contacted_whose_like_are_never_uncontacted_are_left_out_and_the_share_kept_is_told(units: pd.DataFrame) -> None:
    main = units[units["design"] == "main"].copy()
    # a business customer always calls: one in four of the contacted of segment 4, and no control
    main["x_is_business"] = 0.0
    always = main.index[main["is_treated"] & (main["value_segment"] == 4)][::4]
    main.loc[always, "x_is_business"] = 1.0
    main.loc[always, "outcome_amount"] += 1000.0
    beyond = is_beyond_overlap(units_of(main))
    assert beyond.sum() == len(always)
    with_them, without = row_of(estimate(main), 4), row_of(estimate(main.drop(always)), 4)
    assert with_them["treated_kept"] == without["treated"] == with_them["treated"] - len(always)
    assert with_them["incremental_amount"] == pytest.approx(without["incremental_amount"], abs=0.02)
    naive = main[main["is_treated"]]["outcome_amount"].mean() - main[~main["is_treated"]]["outcome_amount"].mean()
    assert naive > row_of(estimate(main))["incremental_amount_per_customer_high"]


def test_a_total_of_few_of_the_contacted_is_refused(units: pd.DataFrame) -> None:
    main = units[units["design"] == "main"].copy()
    # most of the contacted lie beyond all controls
    main["x_far"] = np.random.default_rng(1).normal(size=len(main)).clip(-1, 1) + 1.25 * main["is_treated"]
    rows = estimate(main)
    total = row_of(rows)
    assert rows["reason_en"].str.contains("without a contact are really like the contacted").sum() >= 3
    assert total["reason_en"].startswith("not estimable because only 16 % of the contacted customers can be compared")
    assert total[["incremental_rate", "incremental_amount", "incremental_margin_low"]].isna().all()


def test_a_covariate_that_stays_apart_refuses_the_segment() -> None:
    # every contacted customer has x = 1, and so has one control in a thousand: weights cannot be had from it
    draw = np.random.default_rng(1)
    is_treated = np.arange(400) < 60
    covariates = np.column_stack([np.where(is_treated, 1.2, draw.uniform(0, 1, 400)), draw.normal(size=400)])
    units = Units(np.arange(400), np.full(400, 3), is_treated, np.ones(400), draw.normal(size=(400, 3)), covariates)
    effect = balanced_effects(units)[3]
    assert effect.worst_balance > 0.1 and effect.refusal is not None
    assert effect.refusal[1].startswith("after weighting the two groups still differ by")
    assert np.isnan(effect.effects).all()


def test_a_margin_that_is_not_known_of_all_is_not_estimated_and_the_rest_is(units: pd.DataFrame) -> None:
    unknown = units.copy()
    unknown.loc[unknown.index[5], "outcome_margin"] = np.nan
    with_gap, whole = row_of(estimate(unknown)), row_of(estimate(units))
    assert np.isnan(with_gap["incremental_margin"]) and np.isnan(with_gap["incremental_margin_low"])
    assert with_gap["incremental_amount"] == whole["incremental_amount"]


def test_without_units_there_are_no_rows_and_all_columns(units: pd.DataFrame) -> None:
    for empty in (units.head(0), units[~units["is_treated"]], units[units["design"] != "main"]):
        assert (len(estimate(empty)), tuple(estimate(empty).columns)) == (0, COLUMNS)
    pd.testing.assert_series_equal(estimate(units.head(0)).dtypes, estimate(units).dtypes)
    assert tuple(hold_out(units).columns) == COLUMNS and hold_out(units).empty


def test_a_customer_seen_twice_adds_no_precision(units: pd.DataFrame) -> None:
    once = units_of(units[units["design"] == "main"])
    double = Units(*(np.concatenate([getattr(once, name)] * 2) for name in once.__dataclass_fields__))
    alone, twice = balanced_effects(once)[5], balanced_effects(double)[5]
    assert twice.effects == pytest.approx(alone.effects)
    assert standard_errors(twice.influence, double.customer) == pytest.approx(standard_errors(alone.influence, once.customer))
    pretended = standard_errors(twice.influence, np.arange(len(double.customer)))
    assert pretended == pytest.approx(standard_errors(alone.influence, np.arange(len(once.customer))) / np.sqrt(2))


def test_a_drawn_unit_counts_as_often_as_it_stands_for(units: pd.DataFrame) -> None:
    main = units[units["design"] == "main"]
    is_many = main["customer_number"] % 3 == 0
    weighted = balanced_effects(pooled(units_of(main.assign(weight=np.where(is_many, 2.0, 1.0)))))[TOTAL]
    repeated = balanced_effects(pooled(units_of(pd.concat([main, main[is_many]]))))[TOTAL]
    plain = balanced_effects(pooled(units_of(main)))[TOTAL]
    assert weighted.size == repeated.size > plain.size
    assert weighted.effects == pytest.approx(repeated.effects, rel=1e-6)
    assert np.abs(weighted.effects / plain.effects - 1).min() > 0.01


def experiment(seed: int, effect: float, customers: int = 3000) -> pd.DataFrame:
    """Units of a random hold-out: whom lots send to the service buys more by `effect`, beside what the past tells."""
    draw = np.random.default_rng(seed)
    past = draw.normal(size=customers)
    is_treated = draw.uniform(size=customers) < 0.7
    amount = 50 + 20 * past + 5 * draw.normal(size=customers) + effect * is_treated
    return pd.DataFrame(
        {
            "design": "hold_out",
            "quarter_start": pd.Timestamp("2025-07-01"),
            "window_days": 60,
            "customer_number": np.arange(customers),
            "value_segment": 1 + np.arange(customers) % 2,
            "is_segment_retrospective": False,
            "is_treated": is_treated,
            "weight": 1.0,
            "outcome_purchases": (amount > 50).astype(int),
            "outcome_amount": amount,
            "outcome_margin": 0.4 * amount,
            "x_past": past,
        }
    )


def test_a_hold_out_gives_the_effect_of_the_arm_that_was_drawn() -> None:
    errors, half_widths = [], []
    for seed in range(40):
        row = row_of(hold_out(experiment(seed, effect=3.0)))
        errors.append(row["incremental_amount_per_customer"] - 3.0)
        half_widths.append((row["incremental_amount_per_customer_high"] - row["incremental_amount_per_customer_low"]) / 2)
    assert (np.abs(errors) <= half_widths).mean() >= 0.9
    assert abs(np.mean(errors)) < np.std(errors) / 3
    # the past explains 94 % of the variance: without it the interval would be four times as wide
    assert np.mean(half_widths) < 0.5
    plain = row_of(hold_out(experiment(1, effect=3.0).drop(columns="x_past")))
    assert plain["incremental_amount_per_customer_high"] - plain["incremental_amount_per_customer_low"] > 2.5
    assert row["method"] == "hold_out" and pd.isna(row["placebo_alarm"])
    assert (
        row["reason_en"]
        == "because of the service, estimated: random hold-out, effect on 100 % of the customers of the treated arm"
    )


def test_a_hold_out_is_a_share_of_all_who_were_drawn() -> None:
    units = experiment(1, effect=3.0)
    grain, with_a_segment = (pd.Timestamp("2025-07-01"), 60), int(units["is_treated"].sum())
    most = row_of(hold_out(units, {grain: with_a_segment / 0.8}))
    assert (most["verdict"], round(most["kept_share"], 3), most["treated_kept"]) == ("estimated", 0.8, with_a_segment)
    few = row_of(hold_out(units, {grain: with_a_segment / 0.4}))
    assert few["reason_en"] == (
        "not estimable because only 40 % of the customers of the treated arm are in a segment that can be estimated"
    )


def test_the_e_value_is_that_of_the_paper_and_one_where_the_interval_holds_zero(units: pd.DataFrame) -> None:
    # VanderWeele and Ding (2017): a risk ratio of 3.9 has the E-value 7.26
    assert round(e_value(0.39, 0.29), 2) == 7.26
    assert e_value(0.39, 0.0) == 1.0
    assert np.isnan(e_value(0.2, 0.2))
    rows = estimate(units)
    holds_zero = rows["incremental_rate_low"].le(0) & rows["incremental_rate_high"].ge(0)
    assert holds_zero.any() and set(rows.loc[holds_zero, "sensitivity_of_interval"]) == {1.0}


def test_an_alarm_rings_where_an_exposure_without_effect_seems_to_have_one_and_not_elsewhere(units: pd.DataFrame) -> None:
    quiet = row_of(estimate(units))
    assert (quiet["placebo_alarm"], quiet["negative_control_alarm"]) == (False, False)
    biased = units.copy()
    draw = np.random.default_rng(1).uniform(size=len(units)) < 0.4
    biased.loc[biased["is_treated"] & (biased["design"] == "placebo") & draw, "outcome_purchases"] = 1
    loud = row_of(estimate(biased))
    assert (loud["placebo_alarm"], loud["negative_control_alarm"]) == (True, False)
    assert loud["incremental_rate"] == quiet["incremental_rate"]
    unknown = row_of(estimate(units[units["design"] != "placebo"]))
    assert pd.isna(unknown["placebo_alarm"])


def test_a_share_near_one_has_the_variance_of_a_success_and_a_failure_more() -> None:
    # 398 of 400: 399 of 402 instead; in the middle nothing changes
    moved, plain = 399 / 402, 398 / 400
    assert variance_near_bounds(plain, 400) == pytest.approx(moved * (1 - moved) / 402 - plain * (1 - plain) / 400)
    assert variance_near_bounds(plain, 400) == pytest.approx(variance_near_bounds(1 - plain, 400))
    assert variance_near_bounds(1.0, 400) > 0
    assert variance_near_bounds(0.5, 400) == 0


def test_where_all_buy_again_the_interval_of_the_rate_is_no_point(units: pd.DataFrame) -> None:
    everybody = units.assign(outcome_purchases=1)
    total = row_of(estimate(everybody))
    assert total["incremental_rate"] == pytest.approx(0, abs=1e-9)
    assert total["incremental_rate_low"] < -0.001 < 0.001 < total["incremental_rate_high"]
