"""What customers answered, on a small survey worked out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.marts.conftest import Rows, contact
from tests.marts.inputs import build, query, write_inputs

QUESTIONS = [
    {"question_code": "satisfied", "construct": "csat", "scale_min": 1, "scale_max": 5, "higher_is_better": "true"},
    {"question_code": "satisfied_10", "construct": "csat", "scale_min": 0, "scale_max": 10, "higher_is_better": "true"},
    {"question_code": "effort", "construct": "ces", "scale_min": 1, "scale_max": 7, "higher_is_better": "false"},
    {"question_code": "recommend", "construct": "nps", "scale_min": 0, "scale_max": 10, "higher_is_better": "true"},
    {"question_code": "recommend_5", "construct": "nps", "scale_min": 1, "scale_max": 5, "higher_is_better": "true"},
]
MARCH, APRIL, MAY = date(2024, 3, 1), date(2024, 4, 1), date(2024, 5, 1)


def _row(response_id: str, question: str, score: object, **more: Any) -> dict[str, Any]:
    row = {
        "response_id": response_id,
        "survey_id": "S",
        "question_code": question,
        "customer_id": f"C{response_id}",
        "sent_at": "2024-04-02 09:00:00",
        "answered_at": None if score is None else "2024-04-03 09:00:00",
        "score": score,
    }
    return row | more


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Any, ...], dict[str, Any]]:
    after = {"contact_id": "K1", "customer_id": None, "sent_at": "2024-04-01 09:00:00"}
    rows: Rows = {
        "crm_contacts": [
            # In Paris it is still March when it opens, and April when the survey is answered.
            contact("K1", "C1", "2024-03-31 21:59:59", closed_at="2024-03-31 22:30:00"),
            contact("K2", "C2", "2024-03-15 09:00:00", closed_at="2024-03-15 09:30:00", channel="email"),
        ],
        "survey_responses": [
            # Two satisfied of four: 4 of 5 (0.75 of the range) and 8 of 10 (0.80); 3 of 5 and 7 of 10 are not.
            _row("1", "satisfied", 4, **after),
            _row("2", "satisfied", 3, contact_id="K2", customer_id=None),
            _row("3", "satisfied_10", 8, contact_id="K2", customer_id=None),
            _row("4", "satisfied_10", 7, **after),
            # Answers about no contact belong to their own month, April: 9, 10 promote, 7 is passive, 6 detracts.
            *[_row(f"n{number}", "recommend", score) for number, score in enumerate((9, 10, 7, 6))],
            # On five points recommendation is another question; 11 is off the scale; no answer is no answer.
            _row("o1", "recommend_5", 5),
            _row("o2", "recommend", 11),
            _row("o3", "recommend", None),
            # After a contact: another series.
            _row("a1", "recommend", 0, **after),
            # Effort 1, 3 and 4 where 1 is the least: ease 7, 5 and 4; easy are 7 and 5.
            _row("e1", "effort", 1),
            _row("e2", "effort", 3),
            _row("e3", "effort", 4),
            # One respondent in two waves of a barometer: both count, in their months; within a wave the last.
            _row("w1", "satisfied", 1, customer_id="W", sent_at="2024-04-05 09:00:00", answered_at="2024-04-06 09:00:00"),
            _row("w2", "satisfied", 5, customer_id="W", sent_at="2024-04-05 09:00:00", answered_at="2024-04-07 09:00:00"),
            _row("w3", "satisfied", 2, customer_id="W", sent_at="2024-05-05 09:00:00", answered_at="2024-05-25 09:00:00"),
        ],
    }
    inputs = write_inputs(tmp_path_factory.mktemp("satisfaction") / "inputs", rows, reference={"survey_questions": QUESTIONS})
    warehouse: Path = build(inputs, "+satisfaction")
    return {
        (row["period_start"], row["construct"], row["channel"], row["value_segment"]): row
        for row in query(warehouse, "select * from marts.satisfaction where relational_family = 'all'")
    }


def test_the_top_boxes_are_those_from_three_quarters_of_the_range(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    row = cells[(MARCH, "csat", "all", -1)]
    assert (row["numerator"], row["denominator"], row["value"]) == (2, 4, 0.5)


def test_an_answer_about_a_contact_has_its_month_and_channel(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    assert cells[(MARCH, "csat", "phone", -1)]["numerator"] == 1
    assert cells[(MARCH, "csat", "email", -1)]["numerator"] == 1
    assert (MARCH, "csat", "unknown", -1) not in cells


def test_the_mean_is_on_nought_to_one_whatever_the_scale(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    # 0.75 + 0.50 + 0.80 + 0.70 = 2.75 over 4.
    row = cells[(MARCH, "csat_mean", "all", -1)]
    assert (float(row["numerator"]), row["value"]) == (2.75, 0.6875)


def test_recommendation_after_a_contact_and_of_the_relationship_are_two_series(
    cells: dict[tuple[Any, ...], dict[str, Any]],
) -> None:
    relation = cells[(APRIL, "nps_relation", "all", -1)]
    assert (relation["numerator"], relation["denominator"], relation["value"]) == (1, 4, 25.0)
    after = cells[(MARCH, "nps", "phone", -1)]
    assert (after["numerator"], after["denominator"], after["value"]) == (-1, 1, -100.0)


def test_scores_off_the_scale_are_no_answers_and_are_counted(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    # The 11 and the answer on five points.
    assert cells[(APRIL, "nps_relation", "all", -1)]["invalid_answers"] == 2


def test_effort_is_turned_so_that_seven_is_the_least(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    mean, easy = cells[(APRIL, "ces_mean", "all", -1)], cells[(APRIL, "ces_easy", "all", -1)]
    assert mean["value"] == pytest.approx((7 + 5 + 4) / 3, abs=1e-7)
    assert mean["numerator"] == 16  # a third of the range is no decimal: the sum had a tail of 2e-9
    assert (easy["numerator"], easy["denominator"]) == (2, 3)


def test_waves_about_no_contact_stay_apart_and_the_last_answer_of_each_counts(
    cells: dict[tuple[Any, ...], dict[str, Any]],
) -> None:
    assert (cells[(APRIL, "csat", "all", -1)]["numerator"], cells[(APRIL, "csat", "all", -1)]["denominator"]) == (1, 1)
    assert (cells[(MAY, "csat", "all", -1)]["numerator"], cells[(MAY, "csat", "all", -1)]["denominator"]) == (0, 1)


def test_an_answer_after_fourteen_days_counts_for_the_score_and_not_for_the_response_rate(
    cells: dict[tuple[Any, ...], dict[str, Any]],
) -> None:
    may = cells[(MAY, "csat", "all", -1)]
    assert (may["sent"], may["answered"], may["response_rate"], may["denominator"]) == (1, 0, 0.0, 1)
    relation = cells[(APRIL, "nps_relation", "all", -1)]
    # Seven invitations (four valid answers, two off the scale, one without answer).
    assert (relation["sent"], relation["answered"]) == (7, 4)


def test_weights_for_non_response_are_not_estimated_yet(cells: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    assert {row["weighted_value"] for row in cells.values()} == {None}


def test_the_response_rate_of_a_month_is_that_of_the_invitations_of_the_month(tmp_path: Path) -> None:
    # Ten asked on 25 January, five answer on 2 February: half of January's, and not all of February's.
    rows: Rows = {
        "survey_responses": [
            {
                "response_id": f"R{number}",
                "survey_id": "relation",
                "question_code": "recommend",
                "customer_id": f"C{number}",
                "sent_at": "2024-01-25 09:00:00",
                "answered_at": "2024-02-02 09:00:00" if number < 5 else "2024-01-26 09:00:00" if number == 9 else None,
                "score": 9 if number in (0, 1, 2, 3, 4, 9) else None,
            }
            for number in range(10)
        ]
    }
    inputs = write_inputs(tmp_path / "inputs", rows, reference={"survey_questions": QUESTIONS})
    warehouse = build(inputs, "+satisfaction")
    found = query(
        warehouse,
        """select period_start, denominator, sent, answered, response_rate from marts.satisfaction
           where channel = 'all' and value_segment = -1 and relational_family = 'all' order by period_start""",
    )
    assert [tuple(row.values()) for row in found] == [
        (date(2024, 1, 1), 1, 10, 6, 0.6),
        (date(2024, 2, 1), 5, None, None, None),
    ]


def test_an_answer_that_came_before_its_days_are_over_is_not_counted_as_awaited_too(tmp_path: Path) -> None:
    sent = {"survey_id": "relation", "question_code": "recommend", "sent_at": "2024-06-25 09:00:00"}
    answered = {"answered_at": "2024-06-26 09:00:00", "score": 9}
    rows: Rows = {
        "survey_responses": [
            sent | answered | {"response_id": "R1", "customer_id": "C1"},
            sent | {"response_id": "R2", "customer_id": "C2"},
            sent | {"response_id": "R3", "customer_id": "C3"},
        ]
    }
    inputs = write_inputs(tmp_path / "inputs", rows, reference={"survey_questions": QUESTIONS})
    warehouse = build(inputs, "+satisfaction")
    [row] = query(
        warehouse,
        "from marts.satisfaction where channel = 'all' and value_segment = -1 and relational_family = 'all'",
    )
    assert (row["denominator"], row["immature_count"], row["sent"]) == (1, 2, 0)
