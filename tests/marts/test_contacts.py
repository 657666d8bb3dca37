"""Published contacts: what was known at the time, and what counts as what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.marts.conftest import Rows, contact
from tests.marts.inputs import build, key_hash, query, write_inputs


def _answer(response_id: str, question: str, score: str | None, at: str | None, **more: Any) -> dict[str, Any]:
    row = {
        "response_id": response_id,
        "survey_id": "S",
        "question_code": question,
        "contact_id": "K1",
        "sent_at": "2024-03-01 12:00:00",
        "answered_at": at,
        "score": score,
    }
    return row | more


QUESTIONS = [
    {"question_code": "satisfied", "construct": "csat", "scale_min": 1, "scale_max": 5, "higher_is_better": "true"},
    {"question_code": "effort", "construct": "ces", "scale_min": 1, "scale_max": 7, "higher_is_better": "false"},
    {"question_code": "recommend", "construct": "nps", "scale_min": 0, "scale_max": 10, "higher_is_better": "true"},
]


@pytest.fixture(scope="module")
def contacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rows: Rows = {
        "crm_customers": [{"customer_id": "C2", "created_at": "2023-01-01 00:00:00", "allows_profiling": "false"}],
        "crm_contacts": [
            contact(
                "K1",
                "C1",
                "2024-03-01 09:00:00",
                answered_at="2024-03-01 09:00:10",
                closed_at="2024-03-01 10:00:00",
                agent_id="A1",
                talk_seconds=300,
                hold_seconds=None,
                wrap_up_seconds=60,
                reason="late",
            ),
            # Contacted again on the last day before the window of the first one ends.
            contact(
                "K2",
                "C1",
                "2024-03-08 10:00:00",
                answered_at="2024-03-08 10:00:10",
                closed_at="2024-03-08 11:00:00",
                agent_id="A1",
                reason="late",
            ),
            # Closed after the as-of date: outcome, closing and wrap-up are not known yet.
            contact(
                "K3",
                "C2",
                "2024-06-30 09:00:00",
                answered_at="2024-06-30 09:00:10",
                closed_at="2024-07-02 09:00:00",
                wrap_up_seconds=60,
                agent_id="A2",
            ),
            contact("K4", None, "2024-03-02 09:00:00", closed_at="2024-03-02 09:10:00", outcome="spam"),
        ],
        "crm_agents": [
            {
                "agent_id": "A1",
                "team": "North",
                "hourly_cost": "30",
                "valid_from": "2024-01-01 00:00:00",
                "valid_to": "2024-03-05 00:00:00",
            },
            {"agent_id": "A1", "team": "South", "hourly_cost": "30", "valid_from": "2024-03-06 00:00:00"},
        ],
        "survey_responses": [
            _answer("R1", "satisfied", "2", "2024-03-01 13:00:00"),
            _answer("R2", "satisfied", "4", "2024-03-01 14:00:00"),
            _answer("R3", "satisfied", "99", "2024-03-01 15:00:00"),
            _answer("R4", "effort", "1", "2024-03-01 15:00:00"),
            _answer("R5", "recommend", "9", "2024-03-01 15:00:00"),
        ],
    }
    inputs = write_inputs(tmp_path_factory.mktemp("contacts") / "inputs", rows, reference={"survey_questions": QUESTIONS})
    warehouse: Path = build(inputs, "+contacts")
    return {row["contact_id"]: row for row in query(warehouse, "select * from marts.contacts")}


def test_every_contact_is_published_and_spam_counts_as_nothing(contacts: dict[str, dict[str, Any]]) -> None:
    assert set(contacts) == {"K1", "K2", "K3", "K4"}
    assert contacts["K4"]["is_handled"] is False
    assert contacts["K4"]["is_within_threshold"] is None


def test_the_team_is_the_one_of_the_agent_at_the_time(contacts: dict[str, dict[str, Any]]) -> None:
    assert (contacts["K1"]["team"], contacts["K2"]["team"], contacts["K3"]["team"]) == ("North", "South", None)


def test_agents_are_hashed(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts["K1"]["agent_id"] == key_hash("agent", "A1")


def test_a_contact_at_the_last_second_of_seven_days_is_a_repeat(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts["K1"]["is_first_contact_resolution"] is False
    assert contacts["K2"]["is_first_contact_resolution"] is True


def test_what_happens_after_the_as_of_date_is_not_known(contacts: dict[str, dict[str, Any]]) -> None:
    late = contacts["K3"]
    assert (late["closed_at"], late["outcome"], late["handle_seconds"]) == (None, None, None)
    assert late["is_handled"] is True
    assert late["is_first_contact_resolution"] is None


def test_handling_time_adds_what_is_known(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts["K1"]["handle_seconds"] == 360
    assert contacts["K2"]["handle_seconds"] is None


def test_the_last_valid_answer_of_each_construct_stands_beside_the_contact(contacts: dict[str, dict[str, Any]]) -> None:
    # Satisfaction 4 on 1 to 5; effort 1 on a scale where 1 is the least: 7; the code 99 is no answer.
    assert (contacts["K1"]["csat"], contacts["K1"]["ces"], contacts["K1"]["nps_answer"]) == (0.75, 7.0, 9.0)
    assert contacts["K2"]["csat"] is None


def test_customers_who_refuse_profiling_are_in_the_member_not_profiled(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts["K3"]["value_segment"] == -2
    assert contacts["K4"]["value_segment"] == -2
    assert contacts["K4"]["customer_id"] is None
