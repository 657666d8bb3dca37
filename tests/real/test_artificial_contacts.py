"""Artificial contacts on real tickets, 12 assignments; 200 of them are in `make truth-effect`.

A contact that does nothing must be seen to do nothing, where a comparison of contacted and uncontacted says otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.real.artificial_contacts import ADDED_SHARE, assigned, judged, tickets

pytestmark = pytest.mark.real
ASSIGNMENTS = 12


@pytest.fixture(scope="module")
def folder() -> Path:
    named = os.environ.get("SERVICE_VALUE_REAL_DATA")
    if not named:
        pytest.fail("SERVICE_VALUE_REAL_DATA is not set; it must name the folder of the real data (make test-real sets it)")
    return Path(named)


def test_what_a_contact_adds_is_a_fifth_of_the_purchases_after_it(folder: Path) -> None:
    bought = tickets(folder)
    company = assigned(bought, 1, added_share=ADDED_SHARE)
    added = company.purchases[company.purchases["case"] >= 0].merge(company.contacts, on="case", suffixes=("", "_of_contact"))
    assert len(added) == len(company.purchases) - len(bought) > 1000
    assert (added["customer"] == added["customer_of_contact"]).all()
    assert (added["day"] - added["day_of_contact"]).between(0, 60).all()
    assert len(assigned(bought, 1).purchases) == len(bought)


def test_contacts_that_do_nothing_are_found_to_do_nothing_and_a_naive_comparison_is_far_off(folder: Path) -> None:
    found = judged(folder, ASSIGNMENTS, 0.0)
    assert found["estimated"] == 1.0
    # 9 of 12 or fewer would come with a chance of 2 % where the truth is 0.95
    assert found["amount_coverage"] > 0.75 and found["rate_coverage"] > 0.75
    assert found["amount_naive_bias"] > 8
    assert abs(found["amount_bias"]) < 1


def test_a_fifth_more_purchases_after_contacts_is_found(folder: Path) -> None:
    found: pd.Series = judged(folder, ASSIGNMENTS, ADDED_SHARE)
    # it is found in 0.93 of many: 8 of 12 or fewer would come with a chance of 1 %
    assert found["amount_positive"] >= 0.75 and found["amount_true"] > 40
    assert found["amount_coverage"] > 0.7
