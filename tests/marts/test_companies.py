"""The whole project builds, with all its dbt tests, on companies that have everything or only one thing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.marts.conftest import ONE_VERSION, Rows, contact, every_feed, line
from tests.marts.inputs import build, key_hash, query, write_inputs


def test_a_company_with_every_feed_builds_and_every_dbt_test_passes(whole_company: Path) -> None:
    [counts] = query(
        whole_company,
        """select (select count(*) from marts.customers) as customers,
            (select count(*) from marts.purchases) as purchases, (select count(*) from marts.contacts) as contacts""",
    )
    # C1, C2 (with card F2 and an e-mail), C3 and C9, whom the CRM does not know; T6 is cancelled
    assert counts == {"customers": 4, "purchases": 6, "contacts": 4}


def test_purchases_add_up_to_the_lines_that_are_not_cancelled(whole_company: Path) -> None:
    [total] = query(whole_company, "select sum(net_amount) as net_amount from marts.purchases")
    assert total["net_amount"] == Decimal("100") + 60 + 40 - 10 + 15 + Decimal("7.50")


def test_a_customer_has_the_segment_of_the_value_before_the_as_of_month(whole_company: Path) -> None:
    rows = {row["customer_id"]: row for row in query(whole_company, "from marts.customers")}
    # June 2023 to May 2024. C1: 100 and 60 at a margin of 40 %: 64. C2: 40 - 10 + 15 without a known margin: 45
    assert rows[key_hash("crm", "C1")]["value_segment"] == 4
    assert rows[key_hash("crm", "C1")]["value_tier"] == 3
    assert rows[key_hash("crm", "C2")]["value_segment"] == 4
    assert rows[key_hash("crm", "C2")]["value_tier"] == 2
    assert rows[key_hash("crm", "C3")]["value_segment"] == -2
    assert rows[key_hash("crm", "C9")]["value_segment"] == 0
    assert rows[key_hash("crm", "C1")]["tier"] == "gold"


def test_the_first_day_of_the_year_before_still_counts_and_the_as_of_month_does_not(whole_company: Path) -> None:
    months = query(
        whole_company,
        f"""select period_start, net_amount_12m, value_12m from marts.customer_months
            where customer_id = '{key_hash("crm", "C1")}' and period_start >= '2024-05-01' order by period_start""",
    )
    assert [(str(row["period_start"]), row["net_amount_12m"], row["value_12m"]) for row in months] == [
        ("2024-05-01", 160, 64),
        ("2024-06-01", 160, 64),
    ]


def test_an_amount_in_dollars_is_in_euros_in_staging(whole_company: Path) -> None:
    columns = "monthly_amount, source_monthly_amount, currency"
    [row] = query(whole_company, f"select {columns} from staging.stg_crm__subscriptions")
    assert row == {"monthly_amount": Decimal("9"), "source_monthly_amount": Decimal("10"), "currency": "EUR"}


def test_the_dimensions_name_every_member_in_both_languages(whole_company: Path) -> None:
    channels = {row["channel"]: row for row in query(whole_company, "from marts.channels")}
    assert channels["phone"]["label_fr"] == "Téléphone"
    assert channels["all"]["label_en"] == "All channels"
    labels = query(whole_company, "select value_segment from marts.segment_labels where axis = 'value_segment'")
    assert {row["value_segment"] for row in labels} == {-2, -1, 0, 1, 2, 3, 4, 5}
    stores = {row["store_id"]: row["label"] for row in query(whole_company, "from marts.stores")}
    assert stores == {"M1": "Centre", "M2": "M2"}
    [day] = query(whole_company, "from marts.calendar where day = '2024-02-29'")
    assert (day["weekday_fr"], day["month_en"], day["is_weekend"]) == ("jeudi", "February", False)


@pytest.mark.parametrize(
    ("feed", "table", "count"),
    [("pos_transactions", "purchases", 6), ("crm_contacts", "contacts", 4), ("survey_responses", "customers", 2)],
)
def test_a_company_with_one_feed_only_builds_and_every_dbt_test_passes(feed: str, table: str, count: int, tmp_path: Path) -> None:
    rows = every_feed()[feed]
    if feed == "crm_contacts":
        rows = [row | {"customer_id": None} for row in rows]
    warehouse = build(write_inputs(tmp_path / "inputs", {feed: rows}), with_tests=True)
    assert len(query(warehouse, f"from marts.{table}")) == count
    assert query(warehouse, "from marts.kpi_values")


def test_what_no_feed_tells_is_null_and_never_zero(tmp_path: Path) -> None:
    contacts: Rows = {"crm_contacts": [contact("K1", "C1", "2024-04-02 09:00:00"), contact("K2", "C1", "2024-05-02 09:00:00")]}
    warehouse = build(write_inputs(tmp_path / "contacts" / "inputs", contacts), "+customer_months +customers")
    months = query(warehouse, "from marts.customer_months order by period_start")
    assert {row["purchases_12m"] for row in months} == {row["value_12m"] for row in months} == {None}
    assert [row["contacts_12m"] for row in months] == [None, 1, 2]  # nothing is known before the day of the first contact
    assert query(warehouse, "select is_member, value_segment from marts.customers") == [{"is_member": None, "value_segment": -2}]
    tickets: Rows = {"pos_transactions": [line("T1", "2024-04-02 09:00:00", "9", customer_id="C1")]}
    warehouse = build(write_inputs(tmp_path / "tickets" / "inputs", tickets), "+customer_months +customers")
    months = query(warehouse, "from marts.customer_months order by period_start")
    assert [row["purchases_12m"] for row in months] == [None, 1, 1]
    assert [row["sales_months_12m"] for row in months] == [0, 1, 2]
    assert {row["contacts_12m"] for row in months} == {None}


def test_who_refuses_profiling_has_no_last_contact_purchase_or_tier_while_the_facts_stay(tmp_path: Path) -> None:
    day = "2024-03-01 09:00:00"
    people = {"C1": "true", "C2": "false"}
    rows: Rows = {
        "crm_customers": [
            {"customer_id": name, "allows_profiling": allows, "created_at": day} for name, allows in people.items()
        ],
        "crm_contacts": [contact(f"K{name}", name, day, closed_at=day) for name in people],
        "pos_transactions": [line(f"T{name}", day, "50", customer_id=name) for name in people],
        "loyalty_members": [
            {"loyalty_card_id": f"F{name}", "customer_id": name, "tier": "gold", "joined_at": day} for name in people
        ],
    }
    warehouse = build(write_inputs(tmp_path / "inputs", rows), "+customers +contacts +purchases")
    columns = "tier, last_contact_at, last_purchase_at"
    found = {
        row.pop("allows_profiling"): row for row in query(warehouse, f"select allows_profiling, {columns} from marts.customers")
    }
    assert found[True]["tier"] == "gold"
    assert str(found[True]["last_contact_at"]) == str(found[True]["last_purchase_at"]) == day
    assert found[False] == {"tier": None, "last_contact_at": None, "last_purchase_at": None}
    refuses = f"where customer_id = '{key_hash('crm', 'C2')}'"
    [facts] = query(
        warehouse,
        f"""select (select count(*) from marts.contacts {refuses}) as contacts,
            (select count(*) from marts.purchases {refuses}) as purchases""",
    )
    assert facts == {"contacts": 1, "purchases": 1}


def test_a_refusal_outlives_the_record_and_holds_for_earlier_dates(tmp_path: Path) -> None:
    # as of 30 June 2024
    before, after = "2024-03-01 09:00:00", "2024-08-01 09:00:00"

    def said(name: str, allows: str, at: str) -> dict[str, object]:
        return {"customer_id": name, "allows_profiling": allows, "created_at": before, "updated_at": at}

    gone = {"is_tombstone": True, "version_at": before, "sequence": 2}
    rows: Rows = {
        "crm_customers": [
            said("allows", "true", before),
            said("refused and vanished", "false", before),
            {"customer_id": "refused and vanished"} | gone,
            said("vanished", "true", before),
            {"customer_id": "vanished"} | gone,
            said("vanished and came back", "true", before),
            {"customer_id": "vanished and came back"} | gone,
            said("vanished and came back", "true", before) | {"sequence": 3},
            said("refuses later", "true", before),
            said("refuses later", "false", after),
            said("refuses later only", "false", after),
            said("allows later", "false", before),
            said("allows later", "true", after),
        ],
    }
    names = [*dict.fromkeys(str(row["customer_id"]) for row in rows["crm_customers"]), "unknown to the CRM"]
    rows["pos_transactions"] = [line(f"T{name}", "2024-04-01 09:00:00", "50", customer_id=name) for name in names]
    warehouse = build(write_inputs(tmp_path / "inputs", rows), "+customers")
    found = {row["customer_id"]: row["allows_profiling"] for row in query(warehouse, "from marts.customers")}
    allowed = {name for name in names if found[key_hash("crm", name)]}
    assert allowed == {"allows", "vanished and came back", "allows later", "unknown to the CRM"}


def test_a_contact_merged_into_another_counts_once_everywhere(tmp_path: Path) -> None:
    rows: Rows = {
        "crm_contacts": [
            contact("K1", "C1", "2024-03-01 09:00:00", closed_at="2024-03-01 10:00:00"),
            contact(
                "K2", "C1", "2024-03-02 09:00:00", closed_at="2024-03-02 10:00:00", merged_into_contact_id="K1", outcome=None
            ),
        ]
    }
    warehouse = build(write_inputs(tmp_path / "inputs", rows), "+customer_months +customers +service_operations")
    [month] = query(warehouse, "from marts.customer_months where period_start = '2024-04-01'")
    [customer] = query(warehouse, "from marts.customers")
    assert (month["contacts_12m"], str(customer["last_contact_at"])) == (1, "2024-03-01 09:00:00")
    [volume] = query(
        warehouse,
        """from marts.service_operations
           where kpi = 'inbound_contacts' and period_grain = 'month' and channel = 'all' and queue = 'all' and value_segment = -1""",
    )
    assert volume["value"] == 1


def test_a_contact_older_than_the_history_has_no_known_segment(tmp_path: Path) -> None:
    rows: Rows = {
        "crm_contacts": [contact("K1", "C1", "2021-03-01 09:00:00"), contact("K2", "C1", "2024-06-01 09:00:00")],
        "pos_transactions": [line("T1", "2020-12-02 09:00:00", "500", customer_id="C1")],
    }
    inputs = write_inputs(tmp_path / "inputs", rows, context={"history_months": 24}, value_thresholds=[ONE_VERSION])
    warehouse = build(inputs, "+contacts")
    segments = {row["contact_id"]: row["value_segment"] for row in query(warehouse, "from marts.contacts")}
    assert segments == {"K1": -2, "K2": 0}
