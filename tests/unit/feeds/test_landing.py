"""Landing from end to end: bad input of every kind, idempotence, whole dumps, supersession, reconciliation."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.company.errors import ConfigurationError
from dagster_project.feeds import landing, readers
from dagster_project.feeds.batches import active_batches
from dagster_project.feeds.contract import FEEDS, raw_schema
from dagster_project.feeds.errors import FeedBlocked, FeedError, ReconciliationError
from dagster_project.feeds.landing import preflight
from tests.unit.feeds.homes import CLOCK, CONTACTS, MEMBERS, PRODUCTS, RESOURCES, TICKET_HEADER, TICKETS, Home, query

GOOD = ("T1;1;05/03/2024 09:05;1;1 234,50;C1", "T1;2;5/3/2024 9:05;2;12,75;", "T2;1;06/03/2024 10:00;-1;-10,5;C2")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, pos_transactions=TICKETS)


def with_options(**options: object) -> dict[str, object]:
    return TICKETS | {"options": TICKETS["options"] | options}


# -- good input --------------------------------------------------------------------------------------------------------


def test_french_amounts_and_day_first_dates_come_out_exact(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    report = home.land("pos_transactions")
    assert (report.status, report.rows_read, report.rows_accepted) == ("landed", 3, 3)
    assert home.raw("pos_transactions", "transaction_id, line_number, sold_at, quantity, net_amount, source_line") == [
        ("T1", 1, datetime(2024, 3, 5, 8, 5), Decimal("1.0000"), Decimal("1234.5000"), 2),
        ("T1", 2, datetime(2024, 3, 5, 8, 5), Decimal("2.0000"), Decimal("12.7500"), 3),
        ("T2", 1, datetime(2024, 3, 6, 9, 0), Decimal("-1.0000"), Decimal("-10.5000"), 4),
    ]
    assert report.money["net_amount"].read == report.money["net_amount"].accepted == "1236.7500"


def test_a_decimal_after_25_000_integers_is_not_rounded(home: Home) -> None:
    home.tickets("a.csv", *(f"T{number};1;05/03/2024 09:05;1;13;" for number in range(25_000)), "X;1;05/03/2024 09:05;1;12,75;")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "net_amount")[-1] == (Decimal("12.7500"),)


def test_raw_has_exactly_the_columns_of_the_contract(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    report = home.land("pos_transactions")
    with duckdb.connect() as connection:
        described = connection.execute(
            f"describe select * from '{home.path}/raw/pos_transactions/{report.batch_id}/rows.parquet'"
        ).fetchall()
    assert {str(row[0]): str(row[1]).lower() for row in described} == raw_schema(FEEDS["pos_transactions"])


def test_the_key_of_a_customer_is_hashed_with_salt_and_key_space(home: Home) -> None:
    import hashlib

    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1; C1 ")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id_key_space, customer_id_key, customer_id_hash") == [
        ("crm", "C1", hashlib.sha256(b"saltcrm:C1").hexdigest())
    ]


def test_the_salt_is_nowhere_under_the_home(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    landing.land_feed(
        home.path,
        home.company,
        "pos_transactions",
        salt="a-very-secret-salt",
        clock=datetime.fromisoformat("2025-01-01T00:00Z"),
        references={},
    )
    for path in home.path.rglob("*"):
        assert not path.is_file() or b"a-very-secret-salt" not in path.read_bytes()


def test_a_report_can_be_written_as_json_and_holds_no_value_of_a_row(home: Home) -> None:
    home.tickets("a.csv", *GOOD, "T3;1;05/03/2024 09:05;1;secretvalue;SecretCustomer")
    text = json.dumps(home.land("pos_transactions").to_dict())
    assert "ecret" not in text


# -- daylight saving ---------------------------------------------------------------------------------------------------


def test_the_night_with_an_hour_twice_takes_the_later_instant_and_is_counted(home: Home) -> None:
    home.tickets("a.csv", "T1;1;27/10/2024 02:30;1;1;", "T2;1;27/10/2024 03:30;1;1;", "T3;1;27/10/2024 01:59;1;1;")
    report = home.land("pos_transactions")
    assert [row[0] for row in home.raw("pos_transactions", "sold_at")] == [
        datetime(2024, 10, 27, 1, 30),
        datetime(2024, 10, 27, 2, 30),
        datetime(2024, 10, 26, 23, 59),
    ]
    assert (report.instants_ambiguous, report.instants_missing) == (1, 0)


def test_the_night_without_an_hour_shifts_forward_and_is_counted(home: Home) -> None:
    home.tickets("a.csv", "T1;1;31/03/2024 02:30;1;1;", "T2;1;31/03/2024 03:30;1;1;", "T3;1;31/03/2024 01:30;1;1;")
    report = home.land("pos_transactions")
    assert [row[0] for row in home.raw("pos_transactions", "sold_at")] == [
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 3, 31, 0, 30),
    ]
    assert (report.instants_ambiguous, report.instants_missing) == (0, 1)


def test_clocks_that_move_by_half_an_hour_are_counted_too(home: Home) -> None:
    home.configure(pos_transactions=TICKETS | {"time_zone": "Australia/Lord_Howe"})
    home.tickets("a.csv", "T1;1;07/04/2024 01:45;1;1;", "T2;1;07/04/2024 01:15;1;1;", "T3;1;06/10/2024 02:15;1;1;")
    report = home.land("pos_transactions")
    assert (report.instants_ambiguous, report.instants_missing) == (1, 1)


def test_an_instant_with_its_offset_written_needs_no_time_zone(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_contacts=CONTACTS)
    home.put_lines(
        "crm/a.csv", "id,channel,opened,answered,closed", "K1,phone,2024-10-27 02:30:00+02:00,2024-10-27T02:30:00+0100,"
    )
    report = home.land("crm_contacts")
    assert home.raw("crm_contacts", "opened_at, answered_at") == [(datetime(2024, 10, 27, 0, 30), datetime(2024, 10, 27, 1, 30))]
    assert report.instants_ambiguous == 0


def test_a_source_that_has_days_only_means_the_days_of_the_company(tmp_path: Path) -> None:
    # midnight in Tokyo is still the day before in Paris: a ticket of 1 April was counted in March
    days = {"time_zone": "Asia/Tokyo", "date_precision": "day"}
    home = Home(tmp_path, pos_transactions=TICKETS | days | {"options": {"delimiter": ";", "date_format": "%d/%m/%Y"}})
    home.tickets("a.csv", "T1;1;01/04/2024;1;10;C1")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "sold_at") == [(datetime(2024, 3, 31, 22),)]


# -- rows that are refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("T1;1;05/03/2107 09:05;1;1;", "sold_at lies in the future: 05/03/2107 09:05"),
        ("T1;1;05/03/1807 09:05;1;1;", "sold_at is before 1900: 05/03/1807 09:05"),
        ("T1;1;31/02/2024 09:05;1;1;", "sold_at is not a date and time (%d/%m/%Y %H:%M): 31/02/2024 09:05"),
        (
            "T1;1;05/03/2024 09:05;1;12a,5;",
            "net_amount is not an exact amount with at most 4 decimals (decimal sign ','): 12a,5",
        ),
        (
            "T1;1;05/03/2024 09:05;1;12.5;",
            "net_amount is not an exact amount with at most 4 decimals (decimal sign ','): 12.5",
        ),
        (
            "T1;1;05/03/2024 09:05;1;1,23456;",
            "net_amount is not an exact amount with at most 4 decimals (decimal sign ','): 1,23456",
        ),
        (
            "T1;1;05/03/2024 09:05;1;1e3;",
            "net_amount is not an exact amount with at most 4 decimals (decimal sign ','): 1e3",
        ),
        (
            "T1;1;05/03/2024 09:05;1;12 34;",
            "net_amount is not an exact amount with at most 4 decimals (decimal sign ','): 12 34",
        ),
        (";1;05/03/2024 09:05;1;1;", "transaction_id is missing"),
        ("T1;1,5;05/03/2024 09:05;1;1;", "line_number is not a whole number (decimal sign ','): 1,5"),
        ("T1;1;05/03/2024 09:05;1", "the line has fewer columns than the header"),
        ("T1;1;05/03/2024 09:05;1;1;C;more", "the line has more columns than the header"),
    ],
)
def test_a_bad_row_is_quarantined_with_column_value_file_hash_and_line(home: Home, line: str, reason: str) -> None:
    path = home.tickets("a.csv", GOOD[0], line, GOOD[2])
    report = home.land("pos_transactions")
    assert (report.rows_accepted, report.rows_quarantined) == (2, 1)
    assert home.quarantine("pos_transactions") == [(3, [reason])]
    ((file, digest),) = home.quarantine("pos_transactions", "source_file, file_hash")
    assert (file, digest) == ("inbox/pos/a.csv", readers.describe_file(home.path, path).sha256)


def test_a_row_with_several_faults_is_one_quarantined_row_with_every_reason(home: Home) -> None:
    home.tickets("a.csv", *GOOD, ";x;05/03/2107 09:05;1;12a;Jo")
    report = home.land("pos_transactions")
    ((line, reasons, original),) = home.quarantine("pos_transactions", "source_line, reasons, original")
    assert report.rows_quarantined == 1
    assert line == 5
    assert [reason.split(" ")[0] for reason in reasons] == ["transaction_id", "line_number", "sold_at", "net_amount"]
    assert json.loads(original) == {
        "ticket": None,
        "ligne": "x",
        "date": "05/03/2107 09:05",
        "qte": "1",
        "montant": "12a",
        "client": "Jo",
    }


def test_an_unknown_channel_is_quarantined_and_lands_once_the_reference_knows_it(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_contacts=CONTACTS)
    home.put_lines(
        "crm/a.csv", "id,channel,opened,answered,closed", "K1,phone,2024-01-01 10:00,,", "K2,pigeon,2024-01-01 10:00,,"
    )
    report = home.land("crm_contacts")
    assert (report.rows_accepted, report.rows_quarantined) == (1, 1)
    assert home.quarantine("crm_contacts") == [(3, ["channel is not a member of the reference table channels.channel: pigeon"])]


def test_a_negative_wait_is_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_contacts=CONTACTS)
    home.put_lines(
        "crm/a.csv",
        "id,channel,opened,answered,closed",
        "K1,phone,2024-01-01 10:00,2024-01-01 10:01,2024-01-01 10:05",
        "K2,phone,2024-01-01 10:00,2024-01-01 09:59,2024-01-01 10:05",
    )
    report = home.land("crm_contacts")
    assert home.quarantine("crm_contacts") == [(3, ["answered_at is before opened_at"])]
    assert report.reasons == {"answered_at is before opened_at": 1}


def test_another_currency_is_quarantined_without_a_rate_and_accepted_with_one(home: Home) -> None:
    columns = TICKETS["columns"] | {"currency": "devise"}
    home.configure(pos_transactions=TICKETS | {"columns": columns})
    home.put_lines(
        "pos/a.csv",
        "ticket;ligne;date;qte;montant;client;devise",
        "T1;1;05/03/2024 09:05;1;1;;EUR",
        "T2;1;05/03/2024 09:05;1;1;;USD",
    )
    assert home.land("pos_transactions").rows_quarantined == 1
    assert "currency is not EUR" in home.quarantine("pos_transactions")[0][1][0]
    (home.path / "reference").mkdir()
    (home.path / "reference" / "exchange_rates.csv").write_text(
        "currency,valid_from,rate\nUSD,2020-01-01,0.9\n", encoding="utf-8"
    )
    from dagster_project.company.reference import load_references
    from tests.unit.feeds.homes import SEEDS

    report = landing.land_feed(
        home.path,
        home.company,
        "pos_transactions",
        salt="salt",
        clock=CLOCK,
        references=load_references(home.path, SEEDS),
    )
    assert (report.rows_accepted, report.files_superseded) == (2, 1)


def test_a_formula_in_a_text_cell_is_kept_as_text_and_harmless_in_the_readable_file(home: Home) -> None:
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;=1+1", "=cmd();x;05/03/2024 09:05;1;1;C")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id") == [("=1+1",)]
    (folder,) = (home.path / "quarantine" / "pos_transactions").iterdir()
    assert json.loads(home.quarantine("pos_transactions", "original")[0][0])["ticket"] == "=cmd()"
    assert "=cmd()" in (folder / "first_rows.csv").read_text(encoding="utf-8")
    assert ";=cmd" not in (folder / "first_rows.csv").read_text(encoding="utf-8")


def test_tickets_of_customers_unknown_to_the_crm_are_never_quarantined(home: Home) -> None:
    home.tickets("a.csv", *(f"T{number};1;05/03/2024 09:05;1;1;nobody{number}" for number in range(20)))
    assert home.land("pos_transactions").rows_accepted == 20


# -- files that are refused --------------------------------------------------------------------------------------------


def test_a_wrong_delimiter_names_the_file_the_column_and_the_likely_cause(home: Home) -> None:
    home.configure(pos_transactions=with_options(delimiter=","))
    home.tickets("a.csv", *GOOD)
    with pytest.raises(FeedError) as caught:
        home.land("pos_transactions")
    message = str(caught.value)
    assert "inbox/pos/a.csv" in message
    assert "found one column 'ticket;ligne;date;qte;montant;client': is options.delimiter right? It looks like ';'" in message
    assert home.batches("pos_transactions") == []


def test_a_missing_column_names_file_column_and_configuration_key(home: Home) -> None:
    home.put_lines("pos/a.csv", "ticket;ligne;date;montant;client", "T1;1;05/03/2024 09:05;1;")
    with pytest.raises(
        FeedError,
        match=r"inbox/pos/a.csv: the column 'qte' is missing \(needed by feeds.pos_transactions.columns.quantity\)",
    ):
        home.land("pos_transactions")


def test_a_column_renamed_in_one_file_of_several_names_that_file_and_the_likely_new_name(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.put_lines("pos/b.csv", "ticket;ligne;date;qte;montants;client", "T9;1;05/03/2024 09:05;1;1;")
    with pytest.raises(FeedError, match=r"inbox/pos/b.csv: the column 'montant' is missing .*was it renamed to montants\?"):
        home.land("pos_transactions")
    assert home.batches("pos_transactions") == []


def test_an_optional_column_may_be_absent_from_a_file(home: Home) -> None:
    home.configure(pos_transactions=with_options(optional_columns=["client"]))
    home.tickets("a.csv", *GOOD)
    home.put_lines("pos/b.csv", "ticket;ligne;date;qte;montant", "T9;1;05/03/2024 09:05;1;1")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, customer_id")[-1] == ("T9", None)


def test_files_with_columns_in_another_order_are_united_by_name(home: Home) -> None:
    home.tickets("a.csv", GOOD[0])
    home.put_lines("pos/b.csv", "montant;extra;client;qte;date;ligne;ticket", "7,5;?;C9;1;06/03/2024 10:00;1;T9")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, net_amount, customer_id, source_file") == [
        ("T1", Decimal("1234.5000"), "C1", "inbox/pos/a.csv"),
        ("T9", Decimal("7.5000"), "C9", "inbox/pos/b.csv"),
    ]


def test_latin_1_text_read_as_utf_8_is_quarantined_with_the_remedy(home: Home) -> None:
    home.put(
        "pos/a.csv",
        f"{TICKET_HEADER}\nT1;1;05/03/2024 09:05;1;1;Hélène\nT2;1;05/03/2024 09:05;1;1;Jo\n".encode("cp1252"),
    )
    report = home.land("pos_transactions")
    assert (report.rows_accepted, report.rows_quarantined) == (1, 1)
    ((line, reasons),) = home.quarantine("pos_transactions")
    assert line == 2
    assert "is options.encoding right?" in reasons[0]


def test_the_right_encoding_reads_the_same_file(home: Home) -> None:
    home.configure(pos_transactions=with_options(encoding="cp1252"))
    home.put("pos/a.csv", f"{TICKET_HEADER}\nT1;1;05/03/2024 09:05;1;1\u00a0234,50;Hélène\n".encode("cp1252"))
    report = home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id, net_amount") == [("Hélène", Decimal("1234.5000"))]
    assert report.warnings == []


def test_utf_8_text_read_as_latin_1_is_a_warning(home: Home) -> None:
    home.configure(pos_transactions=with_options(encoding="latin-1"))
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;Hélène")
    (warning,) = home.land("pos_transactions").warnings
    assert "UTF-8 text read as latin-1" in warning


def test_utf_16_read_as_utf_8_is_refused_and_reads_well_when_said(home: Home) -> None:
    home.put("pos/a.csv", f"{TICKET_HEADER}\n{GOOD[0]}\n".encode("utf-16"))
    with pytest.raises(FeedError, match=r"options\.encoding"):
        home.land("pos_transactions")
    home.configure(pos_transactions=with_options(encoding="utf-16"))
    assert home.land("pos_transactions").rows_accepted == 1


def test_a_file_that_was_cut_in_its_last_cell_loses_that_row_and_says_so(home: Home) -> None:
    header = "ticket;ligne;date;qte;client;montant"
    home.put("pos/a.csv", f"{header}\nT1;1;06/03/2024 10:00;1;C1;3,50\nT7;1;06/03/2024 10:00;1;C7;12,")
    home.put("pos/b.csv", f"{header}\nT8;1;06/03/2024 10:00;1;C8;12,75\n")
    report = home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id") == [("T1",), ("T8",)]
    assert report.rows_quarantined == 1
    assert report.warnings == ["1 file(s) may be cut off, the last line has no end: inbox/pos/a.csv"]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(home: Home) -> None:
    home.put("pos/a.csv", "\ufeff".encode() + "\r\n".join([TICKET_HEADER, *GOOD, ""]).encode())
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, source_line") == [("T1", 2), ("T1", 3), ("T2", 4)]


@pytest.mark.parametrize("content", ["", TICKET_HEADER + "\n", "\n\n"])
def test_a_feed_whose_only_file_is_empty_is_a_failure(home: Home, content: str) -> None:
    home.put("pos/a.csv", content)
    with pytest.raises(FeedError, match=r"empty|no row"):
        home.land("pos_transactions")


@pytest.mark.parametrize("content", ["", TICKET_HEADER + "\n"])
def test_an_empty_file_among_others_is_a_warning(home: Home, content: str) -> None:
    home.put("pos/a.csv", content)
    home.tickets("b.csv", *GOOD)
    report = home.land("pos_transactions")
    assert report.rows_accepted == 3
    assert any("inbox/pos/a.csv" in warning for warning in report.warnings)


def test_a_location_without_any_file_is_a_failure(home: Home) -> None:
    with pytest.raises(FeedError, match=r"no file matches 'inbox/pos/\*.csv'"):
        home.land("pos_transactions")


def zipped(name: str, content: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture
def archives(tmp_path: Path) -> Home:
    return Home(tmp_path, pos_transactions=TICKETS | {"reader": "csv", "location": "inbox/pos/*"})


def test_zip_and_gz_are_read_with_file_member_and_line(archives: Home) -> None:
    archives.put("pos/a.zip", zipped("day.csv", "\n".join([TICKET_HEADER, GOOD[0]])))
    archives.put("pos/b.csv.gz", gzip.compress("\n".join([TICKET_HEADER, GOOD[2]]).encode()))
    archives.land("pos_transactions")
    assert archives.raw("pos_transactions", "transaction_id, source_file, source_line") == [
        ("T1", "inbox/pos/a.zip/day.csv", 2),
        ("T2", "inbox/pos/b.csv.gz", 2),
    ]


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz"])
def test_a_truncated_archive_is_refused(archives: Home, name: str) -> None:
    text = "\n".join([TICKET_HEADER, *(f"T{number};1;05/03/2024 09:05;1;{number};" for number in range(5000))])
    whole = zipped("a.csv", text) if name.endswith("zip") else gzip.compress(text.encode())
    archives.put(f"pos/{name}", whole[: len(whole) // 2])
    with pytest.raises(FeedError, match=f"inbox/pos/{name}: the archive is damaged or cut short"):
        archives.land("pos_transactions")
    assert archives.batches("pos_transactions") == []


def test_an_archive_packed_in_a_way_that_is_not_known_is_not_called_damaged(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS | {"location": "inbox/pos/*.zip", "reader": "csv"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", f"{TICKET_HEADER}\n")
    content = bytearray(packed.getvalue())
    # the method of compression, in the header of the member and in the directory: 97 is WavPack
    content[8:10] = content[content.index(b"PK\x01\x02") + 10 : content.index(b"PK\x01\x02") + 12] = b"\x61\x00"
    home.put("pos/a.zip", bytes(content))
    with pytest.raises(FeedError, match="is packed in a way that is not known"):
        home.land("pos_transactions")


def test_an_archive_under_a_csv_name_is_refused(home: Home) -> None:
    home.put("pos/a.csv", zipped("a.csv", TICKET_HEADER))
    with pytest.raises(FeedError, match="is an archive or a workbook under another name"):
        home.land("pos_transactions")


def test_an_archive_without_a_file_is_refused_by_name(archives: Home) -> None:
    target = io.BytesIO()
    zipfile.ZipFile(target, "w").close()
    archives.put("pos/a.zip", target.getvalue())
    with pytest.raises(FeedError, match=r"inbox/pos/a\.zip: is an archive without any file in it"):
        archives.land("pos_transactions")


@pytest.mark.parametrize("inner", ["day.zip", "day.csv.gz"])
def test_an_archive_inside_an_archive_is_refused_by_name(archives: Home, inner: str) -> None:
    content = zipped("day.csv", TICKET_HEADER) if inner.endswith("zip") else gzip.compress(TICKET_HEADER.encode())
    archives.put("pos/a.zip", zipped(inner, content))
    with pytest.raises(FeedError, match=rf"inbox/pos/a\.zip/{inner}: is an archive inside an archive"):
        archives.land("pos_transactions")


def test_a_zip_bomb_is_refused(archives: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "RATIO_MATTERS_FROM_BYTES", 1 << 20)
    archives.put("pos/a.zip", zipped("a.csv", TICKET_HEADER + "\n" + "0" * (5 << 20)))
    with pytest.raises(FeedError, match="zip bomb"):
        archives.land("pos_transactions")


def test_a_zip_whose_names_leave_the_archive_is_refused(archives: Home) -> None:
    archives.put("pos/a.zip", zipped("../../evil.csv", TICKET_HEADER))
    with pytest.raises(FeedError, match="leaves the archive"):
        archives.land("pos_transactions")


def test_an_encrypted_zip_is_refused(archives: Home) -> None:
    content = bytearray(zipped("a.csv", TICKET_HEADER))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archives.put("pos/a.zip", bytes(content))
    with pytest.raises(FeedError, match="is encrypted"):
        archives.land("pos_transactions")


def test_a_link_that_leaves_the_home_is_refused(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.csv"
    outside.write_text(TICKET_HEADER, encoding="utf-8")
    (home.path / "inbox" / "pos").mkdir(parents=True)
    (home.path / "inbox" / "pos" / "a.csv").symlink_to(outside)
    with pytest.raises(FeedError, match="link out of the home"):
        home.land("pos_transactions")


# -- once and only once ------------------------------------------------------------------------------------------------


def test_a_second_landing_writes_nothing(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.land("pos_transactions")
    before = {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}
    report = home.land("pos_transactions")
    assert (report.status, report.files_already_known, report.batch_id) == ("nothing_new", 1, None)
    assert {path: path.stat().st_mtime_ns for path in home.path.rglob("*")} == before


def test_a_duplicate_under_another_name_is_reported_and_not_landed(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.tickets("b.csv", *GOOD)
    report = home.land("pos_transactions")
    assert report.files_duplicate == {"inbox/pos/b.csv": "inbox/pos/a.csv"}
    home.tickets("c.csv", *GOOD)
    again = home.land("pos_transactions")
    assert again.files_duplicate["inbox/pos/c.csv"] == "inbox/pos/a.csv"
    assert len(home.raw("pos_transactions")) == 3


@pytest.mark.parametrize("after", [f"{TICKET_HEADER}\n{GOOD[2]}\n", f"{TICKET_HEADER[:10]}\n"])
def test_a_file_that_changes_while_it_is_read_is_not_landed_and_may_be_tried_again(
    home: Home, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    path = home.tickets("a.csv", GOOD[0])
    real = landing.read_files

    def changing(*arguments: Any) -> readers.Reading:
        path.write_text(after, encoding="utf-8")
        return real(*arguments)

    monkeypatch.setattr(landing, "read_files", changing)
    with pytest.raises(OSError, match=r"inbox/pos/a\.csv changed while it was read"):
        home.land("pos_transactions")
    monkeypatch.undo()
    assert home.batches("pos_transactions") == []
    home.tickets("a.csv", GOOD[2])
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id") == [("T2",)]


def test_a_file_that_is_touched_while_it_is_read_is_landed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.tickets("a.csv", GOOD[0])
    real = landing.read_files

    def touching(*arguments: Any) -> readers.Reading:
        os.utime(path, (1, 1))
        return real(*arguments)

    monkeypatch.setattr(landing, "read_files", touching)
    assert home.land("pos_transactions").rows_accepted == 1


def test_a_version_that_raw_has_is_not_written_again_and_a_changed_one_is(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.land("pos_transactions")
    home.tickets("b.csv", GOOD[0], GOOD[1].replace("12,75", "12,80"), "T5;1;07/03/2024 10:00;1;1;")
    report = home.land("pos_transactions")
    assert (report.rows_read, report.rows_accepted, report.rows_already_known) == (3, 2, 1)
    assert report.money["net_amount"].already_known == "1234.5000"


def test_the_same_row_twice_in_one_landing_is_written_once(home: Home) -> None:
    home.tickets("a.csv", GOOD[0], GOOD[0])
    home.tickets("b.csv", GOOD[0])
    report = home.land("pos_transactions")
    assert (report.rows_read, report.rows_accepted, report.rows_already_known) == (3, 1, 2)


def test_a_killed_landing_leaves_nothing_that_counts_and_the_next_one_is_whole(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.tickets("a.csv", *GOOD)
    real = landing._put_in_place

    def killed(folder: Path, target: Path) -> None:
        if "raw" in target.parts:
            raise KeyboardInterrupt
        real(folder, target)

    monkeypatch.setattr(landing, "_put_in_place", killed)
    monkeypatch.setattr(shutil, "rmtree", lambda *arguments, **options: None)
    with pytest.raises(KeyboardInterrupt):
        home.land("pos_transactions")
    monkeypatch.undo()
    assert active_batches(home.path, "pos_transactions") == []
    report = home.land("pos_transactions")
    assert report.rows_accepted == 3
    assert home.batches("pos_transactions") == [report.batch_id]
    assert [path.name for path in (home.path / "quarantine" / "pos_transactions").iterdir()] == [report.batch_id]


def test_a_blocked_landing_writes_quarantine_only_and_is_tried_again(home: Home) -> None:
    home.configure(pos_transactions=TICKETS | {"maximum_quarantine_share": 0.2})
    home.tickets("a.csv", GOOD[0], "T2;1;05/03/2024 09:05;1;x;")
    with pytest.raises(FeedBlocked) as caught:
        home.land("pos_transactions")
    message = str(caught.value)
    assert "50.00% of the rows (1 of 2)" in message
    assert "maximum_quarantine_share (20.00%)" in message
    assert "1 x net_amount is not an exact amount" in message
    assert caught.value.report.status == "blocked"
    assert str(caught.value.report.quarantine_path) in message
    assert home.batches("pos_transactions") == []
    assert len(home.quarantine("pos_transactions")) == 1
    home.configure(pos_transactions=TICKETS)
    assert home.land("pos_transactions").rows_accepted == 1
    assert all("blocked" not in path.name for path in (home.path / "quarantine" / "pos_transactions").iterdir())


def test_few_rows_that_hold_much_of_the_money_block_too(home: Home) -> None:
    home.configure(pos_transactions=TICKETS | {"maximum_quarantine_share": 0.2})
    lines = [f"T{number};1;05/03/2024 09:05;1;1;" for number in range(9)]
    home.tickets("a.csv", *lines, "T9;1;05/03/2107 09:05;1;1000;")
    with pytest.raises(FeedBlocked, match=r"99.11% of net_amount refused"):
        home.land("pos_transactions")


# -- a changed mapping -------------------------------------------------------------------------------------------------


def test_a_changed_mapping_lands_the_inbox_anew_and_replaces_the_earlier_rows(home: Home) -> None:
    home.tickets("a.csv", GOOD[0])
    home.land("pos_transactions")
    kept = home.tickets("b.csv", GOOD[2])
    home.land("pos_transactions")
    kept.unlink()
    columns = TICKETS["columns"] | {"sales_channel": "'web'"}
    home.configure(pos_transactions=TICKETS | {"columns": columns})
    report = home.land("pos_transactions")
    assert report.files_superseded == 1
    active = active_batches(home.path, "pos_transactions")
    rows = [row for batch in active for row in query(batch.select("transaction_id, sales_channel"))]
    assert rows == [("T2", "store"), ("T1", "web")]
    assert home.land("pos_transactions").status == "nothing_new"


def test_a_batch_of_which_one_file_was_replaced_keeps_the_rows_of_the_other(home: Home) -> None:
    home.tickets("a.csv", GOOD[0])
    gone = home.tickets("b.csv", GOOD[2])
    home.land("pos_transactions")
    gone.unlink()
    home.configure(pos_transactions=TICKETS | {"key_space": "pos"})
    home.land("pos_transactions")
    first, second = active_batches(home.path, "pos_transactions")
    assert len(first.excluded_file_hashes) == 1
    assert query(first.select("transaction_id, customer_id_key_space")) == [("T2", "crm")]
    assert query(second.select("transaction_id, customer_id_key_space")) == [("T1", "pos")]


def land_with(home: Home, salt: str) -> landing.LandingReport:
    return landing.land_feed(
        home.path, home.company, "pos_transactions", salt=salt, clock=CLOCK, references={}, resources=RESOURCES
    )


def test_another_salt_is_refused_before_any_feed_lands_where_files_of_the_earlier_one_are_gone(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS, crm_contacts=CONTACTS)
    path = home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;10;C1")
    home.put_lines("crm/a.csv", "id,channel,opened,answered,closed", "K1,phone,2024-10-27 02:30:00,,")
    for feed in ("pos_transactions", "crm_contacts"):
        home.land(feed)
    landing.refuse_another_salt(home.path, home.company, "salt")
    landing.refuse_another_salt(home.path, home.company, "other")  # all files are there to be landed anew
    path.unlink()
    with pytest.raises(ConfigurationError, match=r"privacy\.salt_env.*inbox/pos/a\.csv \(pos_transactions\) were landed"):
        landing.refuse_another_salt(home.path, home.company, "other")


def test_another_salt_lands_the_inbox_anew_but_never_beside_rows_of_the_earlier_one(home: Home) -> None:
    first = home.tickets("a.csv", GOOD[0])
    land_with(home, "one")
    kept = first.read_bytes()
    first.unlink()
    home.tickets("b.csv", GOOD[2])
    with pytest.raises(ConfigurationError) as caught:
        land_with(home, "two")
    message = str(caught.value)
    assert "privacy.salt_env: the salt in SERVICE_VALUE_SALT is not the one with which inbox/pos/a.csv" in message
    assert "set the earlier salt again, or put the files back" in message
    assert len(home.batches("pos_transactions")) == 1
    first.write_bytes(kept)
    assert land_with(home, "two").files_superseded == 1
    (batch,) = active_batches(home.path, "pos_transactions")
    assert batch.manifest["salt_fingerprint"] == landing.salt_fingerprint("two") != landing.salt_fingerprint("one")


def test_another_salt_is_refused_where_nothing_is_new_too(home: Home) -> None:
    home.tickets("a.csv", GOOD[0])
    land_with(home, "one")
    home.tickets("b.csv", GOOD[2])
    land_with(home, "one")
    (home.path / "inbox/pos/a.csv").unlink()
    (home.path / "inbox/pos/b.csv").unlink()
    assert land_with(home, "one").status == "nothing_new"
    with pytest.raises(ConfigurationError, match=r"privacy\.salt_env"):
        land_with(home, "two")


def test_what_does_not_decide_the_rows_does_not_land_anew(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.land("pos_transactions")
    home.configure(pos_transactions=TICKETS | {"expected_every": "1 day", "location": "inbox/pos/", "reader": "csv"})
    assert home.land("pos_transactions").status == "nothing_new"


# -- whole dumps -------------------------------------------------------------------------------------------------------


def test_a_key_that_vanishes_from_a_whole_dump_gets_a_tombstone_and_comes_back(tmp_path: Path) -> None:
    home = Home(tmp_path, loyalty_members=MEMBERS)
    header = "card,joined,tier"
    home.put_lines("members/1.csv", header, "L1,2024-01-01,gold", "L2,2024-02-01,silver")
    home.land("loyalty_members")
    home.put_lines("members/2.csv", header, "L1,2024-01-01,gold", "L3,2024-03-01,gold")
    second = home.land("loyalty_members")
    assert (second.rows_accepted, second.rows_already_known, second.tombstones) == (1, 1, 1)
    home.put_lines("members/3.csv", header, "L1,2024-01-01,gold", "L2,2024-02-01,silver", "L3,2024-03-01,gold")
    third = home.land("loyalty_members")
    assert (third.rows_accepted, third.rows_already_known, third.tombstones) == (1, 2, 0)
    rows = home.raw("loyalty_members", "loyalty_card_id, sequence, is_tombstone, version_at, tier")
    assert [row for row in rows if row[0] == "L2"] == [
        ("L2", 1, False, datetime(2024, 2, 1), "silver"),
        ("L2", 2, True, datetime(2024, 3, 1), None),
        ("L2", 3, False, datetime(2024, 3, 1, 0, 0, 0, 1), "silver"),
    ]


def test_several_whole_dumps_in_one_landing_give_the_same_raw_as_one_by_one(tmp_path: Path) -> None:
    dumps = {"1.csv": ["A", "B"], "2.csv": ["A"], "3.csv": ["A", "B", "C"], "4.csv": ["C"]}
    found = []
    for name, together in (("together", True), ("apart", False)):
        (tmp_path / name).mkdir()
        home = Home(tmp_path / name, loyalty_members=MEMBERS)
        for file, cards in dumps.items():
            home.put_lines(f"members/{file}", "card,joined,tier", *(f"{card},2024-01-01,gold" for card in cards))
            if not together:
                home.land("loyalty_members")
        home.land("loyalty_members")
        found.append(home.raw("loyalty_members", "loyalty_card_id, sequence, is_tombstone, version_at, source_file"))
    assert found[0] == found[1]
    assert [(row[0], row[1], row[2]) for row in found[0]] == [
        ("A", 1, False),
        ("B", 1, False),
        ("B", 2, True),
        ("B", 3, False),
        ("C", 3, False),
        ("A", 4, True),
        ("B", 4, True),
    ]


def test_states_are_ordered_as_people_count(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put("products/dump_10.csv", products_of("A", "C"))
    home.put("products/dump_9.csv", products_of("A", "B"))
    home.put("products/dump_9b.csv", products_of("A", "B", "D"))
    assert home.land("pos_products").files_landed == [
        "inbox/products/dump_9.csv",
        "inbox/products/dump_9b.csv",
        "inbox/products/dump_10.csv",
    ]
    assert current_products(home) == {"A", "C"}


def test_a_feed_without_time_follows_the_order_of_arrival(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    for number, label in enumerate(["old", "new", "old"]):
        home.put_lines(f"products/{number}.csv", "id,label,margin", f"P1,{label},0.5", f"P2,{number},")
        home.land("pos_products")
    rows = home.raw("pos_products", "product_id, sequence, label, version_at")
    assert [row for row in rows if row[0] == "P1"] == [
        ("P1", 1, "old", None),
        ("P1", 2, "new", None),
        ("P1", 3, "old", None),
    ]


def test_a_row_that_is_refused_is_not_taken_for_a_key_that_vanished(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put_lines("products/1.csv", "id,label,margin", "P1,x,0.5", "P2,y,0.5")
    home.land("pos_products")
    home.put_lines("products/2.csv", "id,label,margin", "P1,x,7", "P2,y,0.5")
    assert home.land("pos_products").tombstones == 0
    home.put_lines("products/3.csv", "id,label,margin", "P2,y,0.5", "not a record")
    report = home.land("pos_products")
    assert (report.tombstones, report.rows_quarantined) == (0, 1)


def products_of(*ids: str) -> str:
    return "".join(f"{line}\n" for line in ("id,label,margin", *(f"{product},x,0.5" for product in ids)))


def current_products(home: Home) -> set[str]:
    """What the dumps say in the end: of each key the last word."""
    last = {}
    for batch in active_batches(home.path, "pos_products"):
        for product, sequence, is_gone in query(batch.select("product_id, sequence, is_tombstone")):
            last[product] = max(last.get(product, (0, False)), (sequence, is_gone))
    return {product for product, (_, is_gone) in last.items() if not is_gone}


@pytest.mark.parametrize("names", [("a.csv", "a.csv", "a.csv"), ("a.csv", "b.csv", "c.csv")])
def test_a_state_that_comes_back_is_the_newest_state_again(tmp_path: Path, names: tuple[str, str, str]) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    for name, content in zip(names, (products_of("A", "B"), products_of("A", "C"), products_of("A", "B")), strict=True):
        home.put(f"products/{name}", content)
        report = home.land("pos_products")
        assert report.status == "landed"
        assert report.rows_read == report.rows_accepted + report.rows_already_known == 2
    assert current_products(home) == {"A", "B"}
    assert home.land("pos_products").status == "nothing_new"


def test_a_copy_of_the_newest_state_is_remembered_and_does_not_come_back_later(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put("products/a.csv", products_of("A", "B"))
    home.land("pos_products")
    home.put("products/b.csv", products_of("A", "B"))
    copy = home.land("pos_products")
    assert (copy.rows_accepted, copy.rows_already_known, copy.tombstones) == (0, 2, 0)
    home.put("products/a.csv", products_of("C", "B"))
    home.land("pos_products")
    assert current_products(home) == {"B", "C"}
    assert home.land("pos_products").status == "nothing_new"


def test_an_unchanged_inbox_with_a_state_twice_in_one_landing_lands_nothing_on_the_second_run(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    for name, products in (("1.csv", "AB"), ("2.csv", "A"), ("3.csv", "AB")):
        home.put(f"products/{name}", products_of(*products))
    report = home.land("pos_products")
    assert (report.rows_read, report.rows_accepted, report.rows_already_known, report.tombstones) == (5, 3, 2, 1)
    (batch,) = active_batches(home.path, "pos_products")
    counted = [(file["name"][-5:], file["rows_read"], file["rows_accepted"]) for file in batch.manifest["files"]]
    assert counted == [("1.csv", 2, 2), ("2.csv", 1, 0), ("3.csv", 2, 1)]
    assert current_products(home) == {"A", "B"}
    assert home.land("pos_products").status == "nothing_new"


def test_a_changed_mapping_does_not_make_an_older_state_the_newest(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put("products/1.csv", products_of("A", "B"))
    home.land("pos_products")
    newest = home.put("products/2.csv", products_of("A"))
    home.land("pos_products")
    newest.unlink()
    home.configure(pos_products=PRODUCTS | {"columns": PRODUCTS["columns"] | {"brand": "'b'"}})
    with pytest.raises(FeedError, match=r"would come after inbox/products/2\.csv, the newest state, and replace it: put"):
        home.land("pos_products")
    assert current_products(home) == {"A"}
    home.put("products/3.csv", products_of("A", "C"))
    home.land("pos_products")
    assert current_products(home) == {"A", "C"}


def test_a_changed_mapping_lands_states_that_are_alike_anew_and_replaces_them(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    for name, products in (("1.csv", "AB"), ("2.csv", "A"), ("3.csv", "AB")):
        home.put(f"products/{name}", products_of(*products))
    home.land("pos_products")
    home.configure(pos_products=PRODUCTS | {"columns": PRODUCTS["columns"] | {"brand": "'b'"}})
    assert home.land("pos_products").rows_accepted == 3
    assert len(active_batches(home.path, "pos_products")) == 1
    assert current_products(home) == {"A", "B"}
    assert home.land("pos_products").status == "nothing_new"


def test_a_dump_that_lacks_most_keys_is_blocked_with_the_remedy_and_lands_when_that_is_meant(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put("products/1.csv", products_of(*(f"P{number}" for number in range(40))))
    home.land("pos_products")
    home.put("products/2.csv", products_of("P0", "P1", "new"))
    with pytest.raises(FeedBlocked) as caught:
        home.land("pos_products")
    message = str(caught.value)
    assert "inbox/products/2.csv lacks 38 of the 40 keys of the state before it (95.00%)" in message
    assert "set feeds.pos_products.maximum_vanished_share to 1, land, and take it out again" in message
    assert len(active_batches(home.path, "pos_products")) == 1
    home.configure(pos_products=PRODUCTS | {"maximum_vanished_share": 1})
    report = home.land("pos_products")
    assert (report.tombstones, report.files_superseded) == (38, 0)
    assert current_products(home) == {"P0", "P1", "new"}
    home.configure(pos_products=PRODUCTS)
    assert home.land("pos_products").status == "nothing_new"


def test_a_dump_that_lacks_some_keys_is_a_warning_counted_from_the_state_before_it(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    names = [f"P{number}" for number in range(40)]
    home.put("products/1.csv", products_of(*names))
    home.put("products/2.csv", products_of(*names[:38]))
    home.put("products/3.csv", products_of(*names[:20]))
    home.put("products/4.csv", products_of(*names[:10], "new"))
    report = home.land("pos_products")
    assert report.tombstones == 2 + 18 + 10
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "inbox/products/3.csv lacks 18 of the 38 keys of the state before it (47.37%)",
        "inbox/products/4.csv lacks 10 of the 20 keys of the state before it (50.00%)",
    ]


def test_few_keys_may_all_change_without_a_word(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put("products/1.csv", products_of(*(f"P{number}" for number in range(19))))
    home.put("products/2.csv", products_of("new"))
    report = home.land("pos_products")
    assert (report.tombstones, report.warnings) == (19, [])


def test_an_empty_whole_dump_does_not_delete_everything(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put_lines("products/1.csv", "id,label,margin", "P1,x,0.5")
    home.land("pos_products")
    home.put_lines("products/2.csv", "id,label,margin")
    with pytest.raises(FeedError, match="would delete everything"):
        home.land("pos_products")


# -- reconciliation ----------------------------------------------------------------------------------------------------


def test_a_row_lost_between_the_file_and_the_cast_is_noticed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.tickets("a.csv", *GOOD)
    real = landing.typed_select
    monkeypatch.setattr(landing, "typed_select", lambda casting: f"select * from ({real(casting)}) limit 2")
    with pytest.raises(ReconciliationError, match="the files hold 3 records, but 2 came through the mapping"):
        home.land("pos_transactions")
    assert home.batches("pos_transactions") == []


def test_a_batch_that_lost_a_row_on_its_way_to_disk_is_not_committed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.tickets("a.csv", *GOOD)
    real = landing._Landing._reconcile

    def tampered(self: landing._Landing, connection: duckdb.DuckDBPyConnection, new: Path, refused: Path) -> None:
        rows = new / "rows.parquet"
        connection.execute(f"create table kept as select * from read_parquet('{rows}') limit 2")
        connection.execute(f"copy kept to '{rows}' (format parquet)")
        real(self, connection, new, refused)

    monkeypatch.setattr(landing._Landing, "_reconcile", tampered)
    with pytest.raises(ReconciliationError, match="written are 2 accepted"):
        home.land("pos_transactions")
    assert home.batches("pos_transactions") == []


def test_a_batch_whose_money_changed_on_its_way_to_disk_is_not_committed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.tickets("a.csv", *GOOD)
    real = landing._Landing._reconcile

    def tampered(self: landing._Landing, connection: duckdb.DuckDBPyConnection, new: Path, refused: Path) -> None:
        rows = new / "rows.parquet"
        connection.execute(f"create table kept as select * replace (13::decimal(18,4) as net_amount) from read_parquet('{rows}')")
        connection.execute(f"copy kept to '{rows}' (format parquet)")
        real(self, connection, new, refused)

    monkeypatch.setattr(landing._Landing, "_reconcile", tampered)
    with pytest.raises(ReconciliationError, match=r"net_amount .* read 1236\.7500, but accepted 39\.0000"):
        home.land("pos_transactions")


def test_rows_and_money_add_up_over_every_kind_of_row(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    home.land("pos_transactions")
    home.tickets(
        "b.csv",
        GOOD[0],
        "T7;1;05/03/2024 09:05;1;5;",
        "T8;1;05/03/2107 09:05;1;3;",
        "broken",
        "T9;x;05/03/2024 09:05;1;y;",
    )
    report = home.land("pos_transactions")
    assert report.rows_read == report.rows_accepted + report.rows_already_known + report.rows_quarantined == 5
    money = report.money["net_amount"]
    assert (money.read, money.accepted, money.already_known, money.quarantined) == (
        "1242.5000",
        "5.0000",
        "1234.5000",
        "3.0000",
    )


# -- erasure, preflight ------------------------------------------------------------------------------------------------


def test_an_erasure_list_is_refused_rather_than_ignored(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    text = (home.path / "company.yml").read_text(encoding="utf-8") + "privacy: {erasure_list: inbox/erasures.csv}\n"
    (home.path / "company.yml").write_text(text, encoding="utf-8")
    assert home.land("pos_transactions").rows_accepted == 3
    home.put_lines("erasures.csv", "source,source_key,requested_at", "crm,C1,2024-03-01 00:00:00")
    with pytest.raises(ConfigurationError, match="cannot erase persons yet"):
        home.land("pos_transactions")


def test_preflight_finds_every_wrong_expression_and_touches_nothing(home: Home) -> None:
    home.tickets("a.csv", *GOOD)
    preflight(home.path, home.company)
    columns = TICKETS["columns"] | {"net_amount": "no_such_function(montant)", "quantity": "qte + date_trunc(1)"}
    home.configure(pos_transactions=TICKETS | {"columns": columns})
    before = sorted(home.path.rglob("*"))
    with pytest.raises(ConfigurationError) as caught:
        preflight(home.path, home.company)
    assert [problem.split(":")[1] for problem in caught.value.problems] == [
        " feeds.pos_transactions.columns.quantity",
        " feeds.pos_transactions.columns.net_amount",
    ]
    assert sorted(home.path.rglob("*")) == before
