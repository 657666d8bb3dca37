"""Who is who, from raw rows to the published tables."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import build, key_hash, query, write_inputs

SELECTION = "+customer_keys +customers +purchases +int_contacts"


def company() -> Rows:
    """Five people and a shared telephone.

    Anne (crm C1) gave her e-mail to the CRM and to the shop. Bruno is C2 in the CRM and 77 at the till: the company
    says so. C3, C4 and C5 share a telephone with Anne and Bruno: it is the switchboard of an office. C9 is in no
    customer file.
    """
    office = "+33 1 00 00 00 00"
    names = ("C1", "C2", "C3", "C4", "C5")
    return {
        "crm_customers": [
            {
                "customer_id": name,
                "phone": office,
                "created_at": "2024-01-01 09:00:00",
                "email": "Anne@Example.org " if name == "C1" else None,
            }
            for name in names
        ],
        "crm_contacts": [
            contact("K1", "C9", "2024-05-01 09:00:00", closed_at="2024-05-01 09:05:00"),
            contact("K2", "C2", "2024-05-02 09:00:00", closed_at="2024-05-02 09:05:00"),
            contact("K3", None, "2024-05-03 09:00:00", closed_at="2024-05-03 09:05:00"),
        ],
        "identity_links": [{"key_space_a": "crm", "key_a": "C2", "key_space_b": "pos", "key_b": "77"}],
        "loyalty_members": [{"loyalty_card_id": "F1", "email": "anne@example.org", "joined_at": "2024-02-01 09:00:00"}],
        "pos_transactions": [
            line("T1", "2024-03-01 09:00:00", "10", email="anne@example.org"),
            line("T2", "2024-03-02 09:00:00", "20", loyalty_card_id="F1"),
            line("T3", "2024-03-03 09:00:00", "30", customer_id="77", customer_id_key_space="pos"),
            line("T4", "2024-03-04 09:00:00", "40"),
            line("T5", "2024-03-05 09:00:00", "50", email="nobody"),
            line("T6", "2024-03-06 09:00:00", "60", email="new@example.org"),
        ],
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = write_inputs(tmp_path_factory.mktemp("identity") / "inputs", company(), context={"shared_key_limit": 4})
    return build(inputs, SELECTION)


def purchase_customers(warehouse: Path) -> dict[str, str | None]:
    return {row["transaction_id"]: row["customer_id"] for row in query(warehouse, "from marts.purchases")}


def test_an_e_mail_ties_the_shop_and_the_card_to_the_customer_of_the_crm(warehouse: Path) -> None:
    anne = key_hash("crm", "C1")
    found = purchase_customers(warehouse)
    assert found["T1"] == anne
    assert found["T2"] == anne


def test_what_the_company_says_ties_the_till_to_the_crm(warehouse: Path) -> None:
    assert purchase_customers(warehouse)["T3"] == key_hash("crm", "C2")


def test_a_shared_telephone_does_no_harm(warehouse: Path) -> None:
    customers = {row["customer_id"] for row in query(warehouse, "from marts.customers")}
    assert {key_hash("crm", f"C{number}") for number in range(1, 6)} <= customers
    phone = key_hash("phone", "33100000000")
    assert phone not in customers
    [row] = query(warehouse, f"from marts.customer_keys where source_key_hash = '{phone}'")
    assert (row["customer_id"], row["match_rule"]) == (None, "shared_by_too_many")


def test_a_couple_with_one_address_and_a_shop_with_one_number_stay_as_many_customers_as_they_are(tmp_path: Path) -> None:
    people = [("Anne", "Morel", "1980-05-02"), ("Bruno", "Morel", "1979-08-11"), ("Chloé", "Petit", "1991-01-07")]
    customers = [
        {
            "customer_id": f"C{number}",
            "first_name": first,
            "last_name": last,
            "birth_date": birth,
            "email": "morel@example.org" if last == "Morel" else None,
            "phone": "+33144000000",
            "created_at": "2024-01-01 09:00:00",
        }
        for number, (first, last, birth) in enumerate(people)
    ]
    sales = [
        line("T1", "2024-02-01 10:00:00", "30", email="morel@example.org"),
        line("T2", "2024-02-01 10:00:00", "9", customer_id="C1"),
    ]
    warehouse = build(
        write_inputs(tmp_path / "inputs", {"crm_customers": customers, "pos_transactions": sales}),
        "+customers +customer_keys +purchases",
        with_tests=True,
    )
    assert len(query(warehouse, "from marts.customers")) == 3
    shared = query(warehouse, "from marts.customer_keys where match_rule = 'shared_by_different_people'")
    assert {(row["key_space"], row["customer_id"]) for row in shared} == {("email", None), ("phone", None)}
    assert purchase_customers(warehouse) == {"T1": None, "T2": key_hash("crm", "C1")}


def test_an_id_that_the_crm_does_not_know_makes_a_customer(warehouse: Path) -> None:
    unknown = key_hash("crm", "C9")
    [row] = query(warehouse, f"from marts.customers where customer_id = '{unknown}'")
    assert row["is_member"] is False
    assert str(row["first_seen_at"]) == "2024-05-01 09:00:00"


def test_an_event_without_a_usable_key_has_no_customer(warehouse: Path) -> None:
    found = purchase_customers(warehouse)
    assert found["T4"] is None
    assert found["T5"] is None
    contacts = query(warehouse, "select contact_id from intermediate.int_contacts where customer_id is null")
    assert [row["contact_id"] for row in contacts] == ["K3"]


def test_an_e_mail_that_only_the_shop_knows_is_a_customer_of_its_own(warehouse: Path) -> None:
    assert purchase_customers(warehouse)["T6"] == key_hash("email", "new@example.org")


def test_the_customers_are_those_of_the_keys_and_each_merge_lists_the_retired_ids(warehouse: Path) -> None:
    [counts] = query(
        warehouse,
        """select (select count(*) from marts.customers) as customers,
            (select count(distinct customer_id) from marts.customer_keys) as of_keys""",
    )
    # C1 to C5, C9 and the e-mail that only the shop knows
    assert counts == {"customers": 7, "of_keys": 7}
    anne = key_hash("crm", "C1")
    retired = query(warehouse, f"select retired_customer_id from marts.customer_keys where customer_id = '{anne}'")
    assert {row["retired_customer_id"] for row in retired} == {
        None,
        key_hash("email", "anne@example.org"),
        key_hash("loyalty", "F1"),
    }


def test_a_first_key_is_valid_from_the_first_row_that_carried_it(warehouse: Path) -> None:
    [card] = query(warehouse, f"from marts.customer_keys where source_key_hash = '{key_hash('loyalty', 'F1')}'")
    assert str(card["valid_from"]) == "2024-02-01 09:00:00"


def test_no_published_table_holds_a_clear_key(warehouse: Path) -> None:
    for table in ("customers", "customer_keys", "purchases"):
        text = str(query(warehouse, f"from marts.{table}"))
        assert "example.org" not in text
        assert "C1" not in text
        assert "F1" not in text


def test_the_order_of_arrival_does_not_matter(warehouse: Path, tmp_path: Path) -> None:
    shuffled = company()
    chance = random.Random(7)
    for rows in shuffled.values():
        chance.shuffle(rows)
    other = build(write_inputs(tmp_path / "inputs", shuffled, context={"shared_key_limit": 4}), SELECTION)
    for table in ("customers", "customer_keys", "purchases"):
        statement = f"from marts.{table} order by all"
        assert query(other, statement) == query(warehouse, statement)
    identity = Path("identity") / "clusters.parquet"
    first = warehouse.parent.parent / "inputs" / identity
    assert (tmp_path / "inputs" / identity).read_bytes() == first.read_bytes()


def test_keys_that_are_not_trusted_or_blocked_tie_nobody(tmp_path: Path) -> None:
    inputs = write_inputs(
        tmp_path / "inputs",
        company(),
        trusted_keys=("crm", "loyalty", "phone"),
        blocked_keys=("77",),
        context={"shared_key_limit": 10},
    )
    found = purchase_customers(build(inputs, "+purchases"))
    # e-mail is not trusted: the card is a customer of its own, the e-mail none; 77 is blocked
    assert found["T1"] is None
    assert found["T2"] == key_hash("loyalty", "F1")
    assert found["T3"] is None


def test_a_later_file_that_merges_two_customers_restates_the_whole_history(tmp_path: Path) -> None:
    """The till knows 77 from 2023 on, the CRM C2; in June 2024 a file says that they are one."""
    rows: Rows = {
        "crm_customers": [{"customer_id": "C2", "created_at": "2024-01-10 09:00:00"}],
        "crm_contacts": [contact("K1", "C2", "2024-02-02 09:00:00", closed_at="2024-02-02 09:05:00")],
        "pos_transactions": [
            line("T1", "2023-03-01 09:00:00", "10", customer_id="77", customer_id_key_space="pos"),
            line("T2", "2024-01-15 09:00:00", "20", customer_id="77", customer_id_key_space="pos"),
            line("T3", "2024-03-01 09:00:00", "40", customer_id="C2"),
        ],
    }
    link = {"identity_links": [{"key_space_a": "crm", "key_a": "C2", "key_space_b": "pos", "key_b": "77"}]}
    selection = f"{SELECTION} +customer_months"
    before = build(write_inputs(tmp_path / "before", rows), selection, with_tests=True)
    after = build(write_inputs(tmp_path / "after", rows | link), selection, with_tests=True)
    crm, till = key_hash("crm", "C2"), key_hash("pos", "77")

    def months(warehouse: Path) -> dict[tuple[str, str], tuple[Any, Any, Any]]:
        return {
            (row["customer_id"], str(row["period_start"])): (row["purchases_12m"], row["net_amount_12m"], row["contacts_12m"])
            for row in query(warehouse, "from marts.customer_months")
        }

    assert purchase_customers(before) == {"T1": till, "T2": till, "T3": crm}
    assert purchase_customers(after) == {"T1": crm, "T2": crm, "T3": crm}
    two, one = months(before), months(after)
    assert {customer for customer, _ in two} == {crm, till}
    # nothing of the customer who is no more, and each month of the one who stays is what both were together
    assert {customer for customer, _ in one} == {crm}
    for (_, month), figures in one.items():
        parts = [two[part] for part in ((crm, month), (till, month)) if part in two]
        for place, figure in enumerate(figures):
            known = [part[place] for part in parts if part[place] is not None]
            assert figure == (sum(known) if known else None), (month, place)
    assert one[crm, "2024-02-01"][0] == 2
    assert one[crm, "2024-06-01"] == (2, 60, 1)
    # the till's id is retired, and says by which rule
    keys = {
        row["source_key_hash"]: (row["customer_id"], row["retired_customer_id"], row["match_rule"])
        for row in query(after, "from marts.customer_keys")
    }
    assert keys[till] == (crm, till, "identity_link")
    assert keys[crm][:2] == (crm, None)
