"""The contact policy wanted beside the one practised, on four customers worked out by hand and on a made company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.marts.conftest import Rows, contact
from tests.marts.inputs import build, query, write_inputs


def _email(contact_id: str, customer_id: str, day: str, answered_at: str, **more: Any) -> dict[str, Any]:
    times = {"answered_at": f"{day} {answered_at}:00", "closed_at": f"{day} 23:00:00"}
    return contact(contact_id, customer_id, f"{day} 08:00:00", channel="email", **times, **more)


def _call(contact_id: str, customer_id: str, day: str, **more: Any) -> dict[str, Any]:
    times = {"answered_at": f"{day} 08:00:10", "closed_at": f"{day} 08:05:00"}
    return contact(contact_id, customer_id, f"{day} 08:00:00", **times, **more)


def _csat(response_id: str, contact_id: str, score: int) -> dict[str, Any]:
    asked = {
        "survey_id": "after",
        "question_code": "csat",
        "sent_at": "2024-05-01 09:00:00",
        "answered_at": "2024-05-02 09:00:00",
    }
    return asked | {"response_id": response_id, "contact_id": contact_id, "score": score}


CUSTOMERS = [{"customer_id": f"C{number}", "created_at": "2023-01-05 09:00:00"} for number in range(1, 5)]
REFUSES = {"customer_id": "C5", "created_at": "2023-01-05 09:00:00", "allows_profiling": "false"}
INBOUND = [
    # a case begun by e-mail, with a call four days later: the customer had to come back
    _email("K1", "C1", "2024-03-01", "09:30", case_id="D1", reason="delivery"),
    _call("K2", "C1", "2024-03-05", case_id="D1", reason="delivery"),
    _email("K3", "C1", "2024-04-01", "11:00", reason="bill"),
    _email("K4", "C2", "2024-03-01", "18:00", case_id="D2", reason="bill"),
    _call("K6", "C3", "2024-03-01", reason="hours"),
    _call("K7", "C5", "2024-03-01", reason="hours"),  # refuses profiling: in no cell
    _call("K8", "C3", "2024-06-01", reason="other"),  # the as-of month itself
]
OUTBOUND = _call("K5", "C2", "2024-03-02", case_id="D2", reason="bill", direction="outbound")
BEFORE = _call("K0", "C4", "2023-02-01", reason="hours")
ANSWERS = [_csat("Q1", "K1", 5), _csat("Q2", "K4", 2), _csat("Q3", "K6", 4)]
THREE = {"minimum_sample": 3}


def _total(warehouse: Path) -> dict[str, Any]:
    [row] = query(warehouse, "from marts.relationship_models where value_segment = -1 and relational_family = 'all'")
    return row


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows: Rows = {
        "crm_customers": [*CUSTOMERS, REFUSES],
        "crm_contacts": [*INBOUND, OUTBOUND, BEFORE],
        "survey_responses": ANSWERS,
    }
    inputs = write_inputs(tmp_path_factory.mktemp("relationships") / "inputs", rows, context=THREE)
    return build(inputs, "+relationship_models +customers", with_tests=True)


def test_four_matters_of_four_customers_are_one_a_year_and_six_contacts_one_and_a_half(warehouse: Path) -> None:
    # Matters: D1, K3, D2, K6. Contacts: K1, K2, K3, K4, K5, K6. Each of the four customers is known all of the 366 days.
    row = _total(warehouse)
    assert (row["customers"], row["recommended_frequency"], row["practised_frequency"]) == (4, 1.0, 1.5)


def test_customers_begin_in_writing_and_end_on_the_telephone(warehouse: Path) -> None:
    # Begun by e-mail: D1, K3, D2 of four. Ended on the telephone: D1 (K2), D2 (the call of the company) and K6.
    row = _total(warehouse)
    assert (row["recommended_tempo"], row["practised_tempo"]) == ("asynchronous", "synchronous")
    assert (row["recommended_distance"], row["practised_distance"]) == ("remote", "remote")


def test_one_return_in_four_matters_wants_the_company_to_take_the_first_step(warehouse: Path) -> None:
    # D1 came back (25 % against 20 %); the company called in D2 (25 % against 10 %).
    row = _total(warehouse)
    assert (row["proactivity"], row["practised_proactivity"]) == ("proactive", "proactive")


def test_the_median_wait_is_that_of_the_three_e_mails_and_what_they_accept_is_not_known(warehouse: Path) -> None:
    # 1.5, 3 and 10 hours
    row = _total(warehouse)
    assert (row["practised_reply_within_hours"], row["reply_within_hours"]) == (3.0, None)


def test_two_satisfied_of_three_have_the_wilson_interval_of_three(warehouse: Path) -> None:
    row = _total(warehouse)
    assert (row["satisfaction"], row["answers"]) == (pytest.approx(2 / 3, abs=1e-9), 3)
    # Wilson for p = 2/3, n = 3: (p + z2/2n -+ z sqrt(p (1 - p)/n + z2/4n2)) / (1 + z2/n)
    z2 = 1.959963984540054**2
    centre, half = 2 / 3 + z2 / 6, (z2 * (2 / 27 + z2 / 36)) ** 0.5
    assert row["satisfaction_low"] == pytest.approx((centre - half) / (1 + z2 / 3), abs=1e-8)
    assert row["satisfaction_high"] == pytest.approx((centre + half) / (1 + z2 / 3), abs=1e-8)
    assert row["is_publishable"]


def test_the_gap_and_the_reason_say_it_in_words(warehouse: Path) -> None:
    row = _total(warehouse)
    assert row["gap"] == "tempo,frequency"
    assert row["because_en"] == (
        "100% of the matters begin at a distance; 100% end at a distance. "
        "75% of the matters begin with a later reply; 25% end with a later reply. "
        "Matters a customer and year: 1.00; contacts: 1.50. "
        "In 25% of the matters the customer had to come back; the company called or wrote in 25% of all matters, those that it "
        "began included. Later replies: not enough answers to tell; median wait: 3.0 h."
    )
    assert row["because"] == row["because_fr"]
    assert "Demandes par client et par an\u00a0: 1,00\u00a0; contacts\u00a0: 1,50." in row["because_fr"]


def test_two_tempos_are_compared_by_those_who_used_both(warehouse: Path) -> None:
    # C1 and C2 did (C2 was called), and answered about e-mails; C3 only telephones, and no one used both distances.
    rows = query(
        warehouse,
        """select subset, satisfied, answers from intermediate.int_overlay_satisfaction
           where value_segment = -1 and relational_family = 'all' and band_hours = 0 order by subset""",
    )
    assert [tuple(row.values()) for row in rows] == [("all", 2, 3), ("asynchronous", 1, 2)]


def test_what_is_not_recorded_or_not_known_for_a_year_is_null_and_said(tmp_path: Path) -> None:
    # no outbound contact in the feed, and no contact before March
    rows: Rows = {"crm_customers": [*CUSTOMERS, REFUSES], "crm_contacts": INBOUND}
    inputs = write_inputs(tmp_path / "inputs", rows, context=THREE | {"language": "en"})
    row = _total(build(inputs, "+relationship_models", with_tests=True))
    assert (row["practised_proactivity"], row["recommended_frequency"], row["practised_frequency"]) == (None, None, None)
    # D2 ends by e-mail now: two of four end on the telephone, and equal halves are no gap
    assert row["gap"] == ""
    assert not row["is_publishable"]
    assert row["because"] == row["because_en"]
    assert "outbound contacts are not recorded." in row["because"]
    assert "Frequency: less than a year of contacts is known." in row["because"]


def test_under_the_minimum_sample_nothing_is_recommended(whole_company: Path) -> None:
    row = _total(whole_company)
    wanted = ("recommended_distance", "recommended_tempo", "recommended_frequency", "proactivity", "reply_within_hours")
    practised = [f"practised_{name.removeprefix('recommended_')}" for name in wanted]
    assert [row[name] for name in (*wanted, *practised)] == [None] * 10
    assert row["because_en"].startswith("Not enough matters in 12 months (3) to tell what these customers want.")


def test_every_customer_who_may_be_profiled_is_in_one_cell_and_the_totals_are_the_sums(whole_company: Path) -> None:
    [counts] = query(
        whole_company,
        """select
            (select count(*) from marts.customers where allows_profiling) as profiled,
            (select sum(customers) from marts.relationship_models where value_segment <> -1 and relational_family <> 'all') as cells,
            (select sum(customers) from marts.relationship_models where value_segment <> -1 and relational_family = 'all') as rows_all,
            (select sum(customers) from marts.relationship_models where value_segment = -1 and relational_family <> 'all') as column_all,
            (select sum(customers) from marts.relationship_models where value_segment = -1 and relational_family = 'all') as total""",
    )
    assert set(counts.values()) == {3}  # C1, C2 and C9; C3 refuses
