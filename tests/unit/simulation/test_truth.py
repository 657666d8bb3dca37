"""The truth of a simulated company: it is what was simulated, and every effect can be switched off by its parameter."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from dagster_project.simulation.evaluate import balanced_accuracy
from dagster_project.simulation.parameters import (
    NO_EFFECTS,
    Changes,
    Churn,
    Confounding,
    ParameterError,
    People,
    Quality,
    Service,
    Shopping,
    SimulationParameters,
    Story,
    parameters_with,
)
from dagster_project.simulation.simulate import SimulationError, simulate
from tests.unit.simulation.test_simulate import contents, rows_of, text_of

END = date(2025, 12, 31)
# no line that must end in quarantine, no ticket of another month: what is exported is what was sold
CLEAN = SimulationParameters(shopping=Shopping(broken_line_share=0, late_ticket_share=0, corrected_line_share=0))


def make(home: Path, parameters: SimulationParameters = CLEAN, customers: int = 300, months: int = 10, threads: int = 2) -> Path:
    simulate(home, customers=customers, months=months, seed=11, end=END, parameters=parameters, threads=threads)
    return home


def truth(home: Path, name: str) -> pd.DataFrame:
    with duckdb.connect() as reader:
        return reader.read_parquet(str(home / "truth" / f"{name}.parquet")).df()


def values_of(home: Path, effect: str) -> set[float]:
    effects = truth(home, "effects")
    return set(effects.loc[effects["effect"] == effect, "value"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("truth") / "home")


def test_the_true_margin_of_all_is_that_of_the_exported_lines(home: Path) -> None:
    rates = {row["Code"]: Decimal(row["Taux de marge"].replace(",", ".")) for row in rows_of(home, "caisse/articles*", ";")}
    net = margin = Decimal(0)
    for row in rows_of(home, "caisse/tickets_*", ";"):
        if row["Annulé"] == "non" and row["Date heure"][3:10] != "12/2025":
            amount = Decimal(row["Montant net HT"].replace(",", "."))
            net += amount
            margin += amount * rates[row["Article"]]
    people = truth(home, "people")
    assert (people["margin_12m"].sum(), people["net_amount_12m"].sum()) == pytest.approx((float(margin), float(net)), abs=0.01)


def test_expected_margins_agree_with_what_was_sold(home: Path) -> None:
    people = truth(home, "people").dropna(subset=["seen_days"])
    expected = (people["margin_per_ticket"] * people["seen_purchases"]).sum()
    # four standard errors of some 1,000 tickets
    assert expected == pytest.approx(people["seen_margin"].sum(), rel=0.15)


def test_who_has_left_has_no_potential_and_who_has_not_come_none_is_known(home: Path) -> None:
    people = truth(home, "people")
    as_of = pd.Timestamp("2025-12-01")
    gone = people[pd.to_datetime(people["lapsed_on"]) < as_of]
    coming = people[pd.to_datetime(people["first_day"]) >= as_of]
    assert len(gone) and set(gone["expected_margin_12m"]) == {0.0}
    assert len(coming) and coming["expected_margin_12m"].isna().all() and coming["margin_12m"].isna().all()
    alive = people.drop(gone.index.union(coming.index))
    assert (alive["expected_margin_12m"] > 0).all()
    assert (alive["potential_12m"] >= alive["expected_margin_12m"]).all()


def test_without_lapses_the_expected_margin_is_rate_times_margin_per_ticket(tmp_path: Path) -> None:
    people = truth(make(tmp_path, replace(CLEAN, people=People(yearly_lapse_rate=0.0)), customers=60, months=2), "people").dropna(
        subset=["expected_margin_12m"]
    )
    assert people["expected_margin_12m"].to_numpy() == pytest.approx(
        people["purchases_per_year"] * people["margin_per_ticket"], abs=1e-3
    )


def test_every_comment_of_the_export_has_its_theme_and_sentiment(home: Path) -> None:
    answers = [
        json.loads(line) for path in sorted((home / "inbox" / "enquetes").iterdir()) for line in text_of(path).splitlines()
    ]
    verbatims = truth(home, "verbatims")
    assert verbatims["response_id"].is_unique
    assert set(verbatims["sentiment"]) == {"positive", "neutral", "negative"}
    assert {answer["id"] for answer in answers if answer["commentaire"]} == set(verbatims["response_id"])


def test_the_satisfaction_curve_falls_with_the_wait_and_is_flat_without_the_effect(home: Path, tmp_path: Path) -> None:
    curves = truth(home, "satisfaction_curves").sort_values(["segment", "channel", "wait_seconds"])
    for _, curve in curves.groupby(["segment", "channel"]):
        assert curve["satisfaction"].is_monotonic_decreasing
        assert curve["satisfaction"].iloc[0] > curve["satisfaction"].iloc[-1]
        assert curve["satisfied_share"].is_monotonic_decreasing
    flat = truth(make(tmp_path, replace(CLEAN, effects=NO_EFFECTS)), "satisfaction_curves")
    assert set(flat.groupby(["segment", "channel"])["satisfaction"].nunique()) == {1}


def test_a_purchase_that_a_contact_added_is_in_the_export_within_60_days_after_it(home: Path, tmp_path: Path) -> None:
    caused = truth(home, "contact_effects")
    contacts = {row["id_contact"]: row for row in rows_of(home, "crm/contacts_*")}
    tickets = {row["Ticket"] for row in rows_of(home, "caisse/tickets_*", ";")}
    assert len(caused) and caused["transaction_id"].is_unique and set(caused["transaction_id"]) <= tickets
    assert {contacts[contact]["issue"] for contact in caused["contact_id"]} == {"résolu"}
    assert [contacts[contact]["id_dossier"] for contact in caused["contact_id"]] == list(caused["case_id"])
    assert ((caused["sold_at"] - caused["opened_at"]).dt.days).between(0, 70).all()
    assert truth(make(tmp_path, replace(CLEAN, effects=NO_EFFECTS)), "contact_effects").empty


def test_without_bias_and_slip_two_gradings_of_a_contact_agree(home: Path, tmp_path: Path) -> None:
    assert set(truth(home, "evaluators")["bias"]) != {0.0}
    make(tmp_path, replace(CLEAN, quality=Quality(evaluator_bias=0.0, evaluator_slip=0.0)), customers=800)
    assert set(truth(tmp_path, "evaluators")["bias"]) == {0.0}
    levels: dict[tuple[str, str], list[str]] = {}
    for row in rows_of(tmp_path, "qualite/evaluations*"):
        levels.setdefault((row["contact_id"], row["critere"]), []).append(row["niveau"])
    twice = [found for found in levels.values() if len(found) == 2]
    assert twice and all(first == second for first, second in twice)


def test_the_bias_of_an_evaluator_moves_the_grades(tmp_path: Path) -> None:
    make(tmp_path, replace(CLEAN, quality=Quality(evaluator_bias=3.0)), customers=800)
    bias = truth(tmp_path, "evaluators").set_index("evaluator_id")["bias"]
    points = {"unacceptable": 0, "to_improve": 1, "compliant": 2, "excellent": 3}
    rows = [row for row in rows_of(tmp_path, "qualite/evaluations*") if row["niveau"]]
    means = pd.Series([points[row["niveau"]] for row in rows]).groupby([row["evaluator_id"] for row in rows]).mean()
    assert means.corr(bias) > 0.8


def test_in_a_low_mood_of_full_strength_nobody_buys_and_nobody_calls(tmp_path: Path) -> None:
    # one mood for the whole time, and no contact that follows from a purchase
    world = replace(
        CLEAN,
        people=People(joining_share=0.0, yearly_lapse_rate=0.0, purchases_per_year_shape=20.0),
        service=Service(
            contact_per_store_ticket=0, contact_per_web_ticket=0, contact_per_returned_ticket=0, own_contacts_per_year=12.0
        ),
        effects=NO_EFFECTS,
        story=Story(is_told=False),
    )
    calm = truth(make(tmp_path / "calm", world), "people")
    moved_home = make(tmp_path / "moved", replace(world, confounding=Confounding(strength=1.0, months=120)))
    moved = truth(moved_home, "people")
    low = moved["seen_purchases"] == 0
    assert low.mean() == pytest.approx(0.5, abs=0.12)
    assert (moved["seen_contacts"] == 0).tolist() == low.tolist()
    assert (calm["seen_purchases"] > 0).mean() > 0.9 and (calm["seen_contacts"] > 0).mean() > 0.9
    # the mean stays
    assert moved["seen_purchases"].sum() == pytest.approx(calm["seen_purchases"].sum(), rel=0.2)
    assert values_of(moved_home, "hidden_mood_on_purchases_and_contacts") == {1.0}
    assert values_of(tmp_path / "calm", "hidden_mood_on_purchases_and_contacts") == {0.0}


def test_a_changed_customer_buys_at_the_new_rate_and_is_of_another_family(home: Path, tmp_path: Path) -> None:
    people = truth(make(tmp_path, replace(CLEAN, changes=Changes(share=1.0, months_before_end=5, rate_factor=4.0))), "people")
    changed = people[people["changed_on"].notna()]
    assert set(pd.to_datetime(changed["changed_on"])) == {pd.Timestamp("2025-07-01")}
    assert (changed["relational_family"] != changed["former_relational_family"]).all()
    assert (changed["value_segment"] != changed["former_value_segment"]).mean() > 0.7
    alive = changed[changed["lapsed_on"].isna()]
    bought, meant = alive["seen_purchases"].sum(), (alive["purchases_per_year"] * alive["seen_days"] / 365.25).sum()
    assert bought == pytest.approx(meant, rel=0.2)
    before = truth(home, "people").set_index("person_id")["purchases_per_year"]
    ratios = changed["purchases_per_year"].to_numpy() / before.loc[changed["person_id"]].to_numpy()
    assert {round(float(ratio), 2) for ratio in ratios} <= {4.0, 0.25}
    assert len({round(float(ratio), 2) for ratio in ratios}) == 2


def test_between_the_ends_the_low_buy_more_the_high_less_and_the_middle_stays(tmp_path: Path) -> None:
    world = replace(CLEAN, changes=Changes(share=1.0, months_before_end=3, rate_factor=12.0, is_between_ends=True))
    people = truth(make(tmp_path, world, customers=600), "people")
    changed = people[people["changed_on"].notna()]
    assert set(pd.to_datetime(changed["changed_on"])) == {pd.Timestamp("2025-09-01")}
    factors = (changed["purchases_per_year"] / changed["former_purchases_per_year"]).round(2)
    assert set(factors[changed["former_value_segment"] < 3]) == {12.0}
    assert set(factors[changed["former_value_segment"] > 3]) == {0.08}
    assert 3 not in set(changed["former_value_segment"])
    staying = people[
        people["changed_on"].isna() & people["lapsed_on"].isna() & (pd.to_datetime(people["first_day"]) < "2025-09-01")
    ]
    assert set(staying["value_segment"]) == {3}
    assert staying["former_purchases_per_year"].isna().all() and staying["purchases_after_change"].isna().all()
    # December, the fourth month of the new rate, has more than a quarter of its purchases
    alive = changed[changed["lapsed_on"].isna()]
    assert (alive["years_after_change"].between(0.2, 0.25)).all()
    meant = (alive["purchases_per_year"] * alive["years_after_change"] * alive["identified_share"]).sum()
    assert alive["purchases_after_change"].sum() == pytest.approx(meant, rel=0.1)
    # all of them are purchases since the change, and three months is all there is
    assert (alive["purchases_after_change"] == alive["identified_purchases"]).all()


def test_the_months_after_an_earlier_change_are_three(tmp_path: Path) -> None:
    people = truth(make(tmp_path, replace(CLEAN, changes=Changes(share=1.0, months_before_end=8)), months=12), "people")
    changed = people[people["changed_on"].notna()]
    assert changed["years_after_change"].between(0.2, 0.3).all()
    assert changed["purchases_after_change"].sum() < 0.6 * changed["identified_purchases"].sum()


def test_the_share_of_purchases_that_name_the_customer_is_as_said(home: Path, tmp_path: Path) -> None:
    people = truth(make(tmp_path, customers=1500), "people").dropna(subset=["seen_days"])
    for _, part in people.groupby(pd.cut(people["identified_share"], [0, 0.5, 0.8, 1.0])):
        expected = part["identified_share"] * part["seen_purchases"]
        deviation = (expected * (1 - part["identified_share"])).sum() ** 0.5
        assert part["identified_purchases"].sum() == pytest.approx(expected.sum(), abs=4 * deviation)
    assert (people["identified_purchases"] <= people["seen_purchases"]).all()
    last = people.dropna(subset=["identified_days_until_last"])
    assert (last["identified_days_until_last"] <= last["seen_days_until_last"]).all()
    # and they are those of the export: a till names a customer, a card or an address
    rows = rows_of(tmp_path, "caisse/tickets_*", ";")
    returns = {row["Ticket"] for row in rows if row["Quantité"].startswith("-")}
    sold = {row["Ticket"]: row for row in rows if row["Ticket"] not in returns and row["Date heure"][3:10] != "12/2025"}
    named = [row for row in sold.values() if row["Client"] or row["Carte"] or row["E-mail"]]
    assert (len(named), len(sold)) == (people["identified_purchases"].sum(), people["seen_purchases"].sum())


def test_the_oracle_of_families_sees_no_more_than_24_months(tmp_path: Path) -> None:
    world = replace(CLEAN, people=People(joining_share=0.0, yearly_lapse_rate=0.0), story=Story(is_told=False))
    short, long = (
        truth(make(tmp_path / str(months), world, months=months), "people")["seen_contacts"].mean() for months in (25, 49)
    )
    assert long == pytest.approx(short, rel=0.15)


def test_without_changes_nobody_is_changed_and_a_change_of_nothing_changes_nothing(home: Path, tmp_path: Path) -> None:
    assert truth(home, "people")["changed_on"].isna().all()
    people = truth(make(tmp_path, replace(CLEAN, changes=Changes(share=1.0, rate_factor=1.0, is_family_changed=False))), "people")
    changed = people[people["changed_on"].notna()]
    assert len(changed)
    assert (changed["relational_family"] == changed["former_relational_family"]).all()
    assert (changed["value_segment"] == changed["former_value_segment"]).all()


def test_families_that_choose_alike_cannot_be_told_apart_and_those_far_apart_can(tmp_path: Path) -> None:
    reached = {}
    for contrast in (0.0, 4.0):
        world = replace(CLEAN, service=Service(channel_contrast=contrast, own_contacts_per_year=6.0))
        people = truth(make(tmp_path / str(contrast), world, months=14), "people")
        seen = people[people["seen_contacts"] >= 3]
        reached[contrast] = balanced_accuracy(seen["oracle_family"], seen["relational_family"]) or 0.0
    assert reached[0.0] < 0.55 and reached[4.0] > 0.85


def churning(**settings: Any) -> SimulationParameters:
    return replace(CLEAN, churn=Churn(mean_days=300.0, **settings))


CRITERIA = {
    "unresolved_ratio": "is_unresolved",
    "dissatisfied_ratio": "is_dissatisfied",
    "unused_ratio": "is_unused",
    "new_ratio": "is_new",
    "dearer_plan_ratio": "is_dearer_plan",
    "intent_ratio": "has_intent",
}


def test_without_criteria_the_hazard_is_the_same_for_all(home: Path) -> None:
    hazards = truth(home, "churn_hazards")
    assert set(hazards.groupby("month")["monthly_hazard"].nunique()) == {1}
    assert (hazards["monthly_hazard"] == hazards["monthly_hazard_without_rescue"]).all()
    for ratio in CRITERIA:
        assert values_of(home, f"churn_{ratio.removesuffix('_ratio')}") == {0.0}
    assert values_of(home, "rescue_on_churn") == {0.0}


def test_each_criterion_of_churn_acts_where_it_holds_and_nowhere_else(tmp_path: Path) -> None:
    for ratio, flag in CRITERIA.items():
        made = make(tmp_path / ratio, churning(**{ratio: 3.0}), customers=600, months=8)
        hazards = truth(made, "churn_hazards")
        held, others = hazards[hazards[flag]], hazards[~hazards[flag]]
        assert set(others.groupby("month")["monthly_hazard"].nunique()) == {1}
        if ratio != "intent_ratio":
            assert len(held)
        if len(held):
            assert held["monthly_hazard"].min() > others["monthly_hazard"].max()
        assert list(values_of(made, f"churn_{ratio.removesuffix('_ratio')}")) == pytest.approx([math.log(3)])


def test_subscriptions_end_as_often_as_their_hazards_say(tmp_path: Path) -> None:
    made = make(tmp_path, churning(unused_ratio=4.0, unresolved_ratio=3.0), customers=4000, months=8)
    hazards = truth(made, "churn_hazards")
    # whole months at risk: neither begun within the month
    hazards = hazards[~hazards["is_new"]]
    for _, part in hazards.groupby("is_unused"):
        expected = part["monthly_hazard"].sum()
        assert part["has_ended"].sum() == pytest.approx(expected, abs=4 * expected**0.5)


def test_a_full_rescue_keeps_everybody_and_none_keeps_nobody(tmp_path: Path) -> None:
    kept = truth(make(tmp_path / "kept", churning(rescue=1.0), customers=1500, months=8), "churn_hazards")
    assert kept["is_rescued"].any() and not (kept["is_rescued"] & kept["has_ended"]).any()
    assert set(kept.loc[kept["is_rescued"], "monthly_hazard"]) == {0.0}
    lost = truth(make(tmp_path / "lost", churning(), customers=1500, months=8), "churn_hazards")
    assert (lost["is_rescued"] & lost["has_ended"]).any()


def test_every_ended_subscription_of_the_export_ended_in_a_month_of_truth(tmp_path: Path) -> None:
    made = make(tmp_path, churning(unused_ratio=3.0), customers=1500, months=8)
    exported = {
        row["subscription_id"]
        for row in rows_of(made, "abonnements/abonnements*")
        if row["ended_at"] and row["ended_at"] >= "2025-05-01"
    }
    hazards = truth(made, "churn_hazards")
    assert exported and exported == set(hazards.loc[hazards["has_ended"], "subscription_id"])


def test_with_everything_switched_on_two_threads_give_the_same_bytes(tmp_path: Path) -> None:
    world = replace(
        churning(unused_ratio=2.0, rescue=0.4), changes=Changes(share=0.2), confounding=Confounding(strength=0.5, months=2)
    )
    one, two = make(tmp_path / "one", world, threads=1), make(tmp_path / "two", world, threads=2)
    first, second = contents(one), contents(two)
    assert [name for name in first if first[name] != second.get(name)] == []
    assert sorted(first) == sorted(second)


def test_parameters_are_set_by_name(tmp_path: Path) -> None:
    world = parameters_with(["changes.share=0.05", "story.is_told=false", "effects.purchase_after_resolved=0,0,0,0,0.2"])
    assert world.changes.share == 0.05 and not world.story.is_told and world.effects.purchase_after_resolved[4] == 0.2
    assert parameters_with([]) == SimulationParameters()
    numbers = truth(make(tmp_path, world, customers=30, months=1), "parameters").set_index("parameter")["value"]
    assert (numbers["changes_share"], numbers["effects_purchase_after_resolved_5"], numbers["seed"]) == (0.05, 0.2, 11)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("changes.shares=1", "expected group.field=value"),
        ("change.share=1", "expected group.field=value"),
        ("changes.share", "expected group.field=value"),
        ("changes.share=many", "expected a float"),
        ("story.is_told=perhaps", "expected a bool"),
        ("effects.purchase_after_resolved=1,2", "expected 5 numbers"),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_in_words(setting: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        parameters_with([setting])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("confounding.strength=1.5", "confounding.strength is 1.5; expected 0 to 1"),
        ("changes.rate_factor=0", "changes.rate_factor is 0.0"),
        ("churn.rescue=-1", "churn.rescue is -1.0"),
        ("churn.unused_ratio=0", "churn.unused_ratio is 0.0; expected a ratio above 0"),
    ],
)
def test_a_world_that_cannot_be_drawn_is_refused_before_anything_is_written(tmp_path: Path, setting: str, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        make(tmp_path, parameters_with([setting]), customers=10, months=1)
    assert list(tmp_path.iterdir()) == []
