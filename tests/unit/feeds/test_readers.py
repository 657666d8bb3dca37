"""Physical line numbers, and the readers other than csv."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import xlsxwriter

from dagster_project.feeds.errors import FeedError
from tests.unit.feeds.homes import TICKET_HEADER, TICKETS, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, pos_transactions=TICKETS)


def line(ticket: str, client: str = "", amount: str = "1") -> str:
    return f"{ticket};1;05/03/2024 09:05;1;{amount};{client}"


def lines_of(home: Home) -> dict[str, int]:
    found = home.raw("pos_transactions", "transaction_id, source_line")
    return {str(ticket): int(number) for ticket, number in found}


def test_line_numbers_count_line_breaks_inside_fields_and_blank_lines(home: Home) -> None:
    home.put(
        "pos/a.csv",
        "\n".join(
            [
                TICKET_HEADER,
                line("T1", '"two\nlines"'),
                "",
                line("T2"),
                line("T3", '"a ""quoted"" word"'),
                "",
                "",
                line("T4"),
            ]
        ),
    )
    home.land("pos_transactions")
    assert lines_of(home) == {"T1": 2, "T2": 5, "T3": 6, "T4": 9}


def test_line_numbers_are_right_on_both_sides_of_records_that_cannot_be_split(home: Home) -> None:
    home.put(
        "pos/a.csv",
        "\n".join(
            [
                TICKET_HEADER,
                line("T1", '"two\nlines"'),
                "",
                "short;1",
                line("T2"),
                line("T3") + ";more",
                '"T4"x;1;;;;',
                line("T5"),
                "",
            ]
        ),
    )
    home.land("pos_transactions")
    assert lines_of(home) == {"T1": 2, "T2": 6, "T5": 9}
    assert [number for number, _ in home.quarantine("pos_transactions")] == [5, 7, 8]


def test_line_numbers_are_right_where_a_quote_stands_inside_an_unquoted_field(home: Home) -> None:
    home.put("pos/a.csv", "\n".join([TICKET_HEADER, line("T1", 'a"b'), line("T2", '"two\nlines"'), line("T3"), ""]))
    home.land("pos_transactions")
    assert lines_of(home) == {"T1": 2, "T2": 3, "T3": 5}


def test_line_numbers_follow_each_of_many_files(home: Home) -> None:
    for file in range(60):
        home.tickets(f"{file:03d}.csv", *(line(f"F{file}-{number}", amount=str(number)) for number in range(file % 7 + 1)))
    home.land("pos_transactions")
    rows = home.raw("pos_transactions", "transaction_id, source_file, source_line")
    assert rows and all(ticket == f"F{int(file[-7:-4])}-{number - 2}" for ticket, file, number in rows)


def test_lines_before_the_header_may_be_skipped(home: Home) -> None:
    home.configure(pos_transactions=TICKETS | {"options": TICKETS["options"] | {"skip_lines": 2}})
    home.put("pos/a.csv", "\n".join(["Export of the day", "", TICKET_HEADER, line("T1"), ""]))
    home.land("pos_transactions")
    assert lines_of(home) == {"T1": 4}


@pytest.mark.parametrize("before", ["\n", "\n\n\n", "\r\n"])
def test_blank_lines_before_the_header_are_no_header_and_the_header_no_row(home: Home, before: str) -> None:
    end = "\r\n" if "\r" in before else "\n"
    home.put("pos/a.csv", before + end.join([TICKET_HEADER, line("T1"), "", line("T2"), ""]))
    home.tickets("b.csv", line("T3"))
    report = home.land("pos_transactions")
    blank = before.count("\n")
    assert lines_of(home) == {"T1": blank + 2, "T2": blank + 4, "T3": 2}
    assert (report.rows_read, report.rows_quarantined) == (3, 0)


@pytest.mark.parametrize(
    "content", ["{header}\r\n{line}\n", "{header}\n{line}\r\n", "\r\n{header}\n{line}\n", "\n{header}\r\n{line}\r\n"]
)
def test_a_file_of_mixed_line_ends_is_refused_by_name_and_not_taken_for_an_empty_one(home: Home, content: str) -> None:
    home.put("pos/a.csv", content.format(header=TICKET_HEADER, line=line("T1", "C1")))
    home.put("pos/b.csv", f"{TICKET_HEADER};more\n{line('T2')};x\n")
    with pytest.raises(FeedError, match=r"inbox/pos/a\.csv.* all line ends of one kind"):
        home.land("pos_transactions")


def test_a_zero_byte_costs_its_row_and_nothing_else_wherever_it_stands(home: Home) -> None:
    many = [line(f"T{number}") for number in range(40_000)]
    assert sum(map(len, many)) > 1 << 20
    home.tickets("a.csv", *many, line("X", "C\x001"), line("Y", "C2"))
    home.tickets("b.csv", line("Z", "\x00"))
    report = home.land("pos_transactions")
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (40_003, 40_001, 2)
    assert home.quarantine("pos_transactions", "source_file, source_line, reasons") == [
        ("inbox/pos/a.csv", 40_002, ["the line holds a zero byte"]),
        ("inbox/pos/b.csv", 2, ["the line holds a zero byte"]),
    ]
    assert lines_of(home)["Y"] == 40_003


def test_columns_of_an_export_may_have_any_name_that_the_program_uses_inside(home: Home) -> None:
    home.put("pos/a.csv", f"{TICKET_HEADER};__path;rowid;file_no;__line;c0\n{line('T1', 'C1')};1;2;3;4;5\n")
    columns = TICKETS["columns"] | {"store_id": "rowid || __path || __line || c0"}
    home.configure(pos_transactions=TICKETS | {"columns": columns})
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, customer_id, store_id, source_line") == [("T1", "C1", "2145", 2)]


def test_a_quote_that_is_never_closed_loses_nothing_silently(home: Home) -> None:
    home.put("pos/a.csv", "\n".join([TICKET_HEADER, line("T1"), 'T2;1;05/03/2024 09:05;1;1;"open', line("T3"), ""]))
    report = home.land("pos_transactions")
    assert (report.rows_accepted, report.rows_quarantined) == (1, 1)
    ((number, reasons, original),) = home.quarantine("pos_transactions", "source_line, reasons, original")
    assert number == 3
    assert "quote" in reasons[0] or "columns" in reasons[0]
    assert "T2" in original
    assert "T3" in original


def test_a_column_that_stands_twice_is_kept_under_two_names_and_said(home: Home) -> None:
    home.put("pos/a.csv", f"{TICKET_HEADER};client\n{line('T1', 'C1')};C2\n")
    report = home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id") == [("C1",)]
    assert "more than once" in report.warnings[0]


# -- json --------------------------------------------------------------------------------------------------------------

JSON: dict[str, Any] = TICKETS | {
    "location": "inbox/pos/*.jsonl",
    "options": {"decimal": ","},
    "columns": TICKETS["columns"] | {"customer_id": "json_extract_string(who, '$.id')", "sold_at": "moment"},
}


@pytest.fixture
def json_home(tmp_path: Path) -> Home:
    return Home(tmp_path, pos_transactions=JSON)


def test_json_lines_are_read_with_typed_and_written_numbers_and_nested_objects(json_home: Home) -> None:
    json_home.put_lines(
        "pos/a.jsonl",
        '{"ticket": "T1", "ligne": 1, "moment": "2024-03-05T09:05:00Z", "qte": 1, "montant": 12.75, "who": {"id": "C1"}}',
        "",
        '{"montant": "1 234,50", "ticket": "T2", "ligne": 1, "moment": "2024-03-05 09:05", "qte": 2}',
    )
    json_home.land("pos_transactions")
    assert json_home.raw("pos_transactions", "transaction_id, net_amount, customer_id, sold_at, source_line") == [
        ("T1", Decimal("12.7500"), "C1", datetime(2024, 3, 5, 9, 5), 1),
        ("T2", Decimal("1234.5000"), None, datetime(2024, 3, 5, 8, 5), 3),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{not json}", "the line is not valid JSON"),
        ("[1]", "the line is not a JSON object"),
        ('{"ticket": "T2", "montant": 1e3}', "is not exact"),
        ('{"ticket": "T2", "montant": 1.2345678901234567}', "is not exact"),
        ('{"ticket": "T2", "montant": 1234567890123456789012}', "is not exact"),
    ],
)
def test_a_bad_json_line_is_quarantined_with_its_number(json_home: Home, text: str, reason: str) -> None:
    good = '{"ticket": "T1", "ligne": 1, "moment": "2024-03-05T09:05:00Z", "qte": 1, "montant": 12.75, "who": {"id": "1e5"}}'
    json_home.put_lines("pos/a.jsonl", good, text)
    report = json_home.land("pos_transactions")
    assert (report.rows_accepted, report.rows_quarantined) == (1, 1)
    ((number, reasons),) = json_home.quarantine("pos_transactions")
    assert number == 2
    assert reason in reasons[0]


def test_a_json_line_in_another_encoding_is_quarantined_with_the_remedy(json_home: Home) -> None:
    good = '{"ticket": "%s", "ligne": 1, "moment": "2024-03-05T09:05:00Z", "qte": 1, "montant": 1, "who": {"id": "%s"}}\n'
    json_home.put("pos/a.jsonl", (good % ("T1", "Zoé �")).encode() + (good % ("T2", "Zoé")).encode("cp1252"))
    report = json_home.land("pos_transactions")
    assert json_home.raw("pos_transactions", "transaction_id, customer_id") == [("T1", "Zoé �")]
    assert (report.rows_read, report.rows_quarantined) == (2, 1)
    ((number, reasons),) = json_home.quarantine("pos_transactions")
    assert number == 2
    assert reasons == ["the line is not valid UTF-8 (is options.encoding right? for example cp1252)"]
    json_home.configure(pos_transactions=JSON | {"options": {"encoding": "cp1252"}})
    json_home.put("pos/a.jsonl", (good % ("T3", "Zoé")).encode("cp1252"))
    json_home.land("pos_transactions")
    assert json_home.raw("pos_transactions", "customer_id")[-1] == ("Zoé",)


def test_json_keys_that_differ_in_case_are_one_column_and_said(json_home: Home) -> None:
    rest = '"": 0, "ligne": 1, "moment": "2024-03-05T09:05:00Z", "qte": 1, "montant": 1'
    json_home.put_lines(
        "pos/a.jsonl",
        '{"ticket": "T1", "WHO": {"id": "C1"}, ' + rest + "}",
        '{"Ticket": "T2", "who": {"id": "C2"}, ' + rest + "}",
        '{"ticket": "T3", "WHO": null, "who": {"id": "C3"}, ' + rest + "}",
    )
    report = json_home.land("pos_transactions")
    assert json_home.raw("pos_transactions", "transaction_id, customer_id") == [("T1", "C1"), ("T2", "C2"), ("T3", "C3")]
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "the keys 'Ticket', 'ticket' differ in case only",
        "the keys 'WHO', 'who' differ in case only",
    ]


def test_a_json_array_is_refused_with_what_was_expected(json_home: Home) -> None:
    json_home.put("pos/a.jsonl", '[{"ticket": "T1"}]')
    with pytest.raises(FeedError, match="expected JSON lines: one object on each line"):
        json_home.land("pos_transactions")


# -- parquet -----------------------------------------------------------------------------------------------------------

PARQUET: dict[str, Any] = TICKETS | {"location": "inbox/pos/*.parquet", "options": {"decimal": ","}}


def test_parquet_of_any_types_is_read_exactly(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=PARQUET)
    (tmp_path / "inbox/pos").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (select 'T1' as ticket, 1::smallint as ligne, timestamp '2024-03-05 09:05:00' as date,
                1.5::double as qte,
                12.75::decimal(10, 2) as montant, null::varchar as client)
            to '{tmp_path}/inbox/pos/a.parquet' (format parquet)""")
        connection.execute(f"""
            copy (select 7 as client, '1 234,50' as montant, 'T2' as ticket, 1 as ligne, '2024-03-05 09:05' as date,
                1 as qte)
            to '{tmp_path}/inbox/pos/b.parquet' (format parquet)""")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, sold_at, quantity, net_amount, customer_id, source_line") == [
        ("T1", datetime(2024, 3, 5, 8, 5), Decimal("1.5000"), Decimal("12.7500"), None, 1),
        ("T2", datetime(2024, 3, 5, 8, 5), Decimal("1.0000"), Decimal("1234.5000"), "7", 1),
    ]


def test_a_float_that_is_not_an_exact_amount_is_quarantined(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=PARQUET)
    (tmp_path / "inbox/pos").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (select 'T' || i as ticket, 1 as ligne, timestamp '2024-03-05 09:05:00' as date, 1 as qte,
                case i when 1 then 0.1::double + 0.2::double else 1e20::double end as montant, '' as client
                from range(1, 3) r(i))
            to '{tmp_path}/inbox/pos/a.parquet' (format parquet)""")
    assert home.land("pos_transactions").rows_quarantined == 2


def test_ids_that_are_floats_because_of_a_gap_are_whole_numbers(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=PARQUET)
    (tmp_path / "inbox/pos").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (select 'T' || row_number() over () as ticket, 1::float as ligne, timestamp '2024-03-05 09:05:00' as date,
                1 as qte, 12.5::double as montant, client
                from (values (160.0::double), (null), (9007199254740991), (2.5), ('nan'::double)) as given (client))
            to '{tmp_path}/inbox/pos/a.parquet' (format parquet)""")
    home.land("pos_transactions")
    clients = [row[0] for row in home.raw("pos_transactions", "customer_id")]
    assert clients == ["160", None, "9007199254740991", "2.5", "nan"]


def test_parquet_columns_named_as_inside_are_read_or_refused_by_name(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=PARQUET | {"columns": PARQUET["columns"] | {"store_id": "__line || __path"}})
    (tmp_path / "inbox/pos").mkdir(parents=True)
    row = "'T1' as ticket, 1 as ligne, '2024-03-05 09:05' as date, 1 as qte, 1 as montant, 'C' as client"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {row}, 7 as __line, 8 as __path) to '{tmp_path}/inbox/pos/a.parquet'")
        home.land("pos_transactions")
        assert home.raw("pos_transactions", "store_id, source_line") == [("78", 1)]
        connection.execute(f"copy (select {row}, 7 as file_row_number) to '{tmp_path}/inbox/pos/b.parquet'")
    with pytest.raises(FeedError, match=r"b\.parquet: has a column 'file_row_number', a name that DuckDB needs; rename it"):
        home.land("pos_transactions")


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=PARQUET)
    home.put("pos/a.parquet", b"PAR1 but not really")
    with pytest.raises(FeedError, match=r"inbox/pos/a\.parquet: is not a readable Parquet file"):
        home.land("pos_transactions")


# -- xlsx --------------------------------------------------------------------------------------------------------------

XLSX: dict[str, Any] = TICKETS | {"location": "inbox/pos/*.xlsx"}


def workbook(path: Path, rows: list[list[Any]], title: str = "Ventes") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)


def test_typed_cells_and_text_cells_of_a_workbook_are_read_exactly(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=XLSX)
    workbook(
        tmp_path / "inbox/pos/a.xlsx",
        [
            TICKET_HEADER.split(";"),
            ["T1", 1, datetime(2024, 3, 5, 9, 5), 1.0, 12.75, "'=1+1"],
            [],
            ["T2", 1, "05/03/2024 09:05", 2, "1 234,50", 1007],
        ],
    )
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "transaction_id, sold_at, quantity, net_amount, customer_id, source_line") == [
        ("T1", datetime(2024, 3, 5, 8, 5), Decimal("1.0000"), Decimal("12.7500"), "'=1+1", 2),
        ("T2", datetime(2024, 3, 5, 8, 5), Decimal("2.0000"), Decimal("1234.5000"), "1007", 4),
    ]


def test_long_whole_numbers_of_a_workbook_are_read_to_the_last_digit_or_refused(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=XLSX)
    cells = [1234567890123456, 9007199254740992, 12345678901234567890, "12345678901234567890"]
    rows = [[f"T{number}", 1, datetime(2024, 3, 5, 9, 5), 1, 1, cell] for number, cell in enumerate(cells)]
    workbook(tmp_path / "inbox/pos/a.xlsx", [TICKET_HEADER.split(";"), *rows])
    report = home.land("pos_transactions")
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (4, 3, 1)
    clients = [row[0] for row in home.raw("pos_transactions", "customer_id")]
    assert clients == ["1234567890123456", "9007199254740992", "12345678901234567890"]
    ((number, (reason,), original),) = home.quarantine("pos_transactions", "source_line, reasons, original")
    assert (number, json.loads(original)["ticket"]) == (4, "T2")
    assert "a number that is not exact (too many digits); write it as a text" in reason


def test_cells_that_hold_an_error_are_missing_and_said_with_their_lines(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=XLSX)
    path = tmp_path / "inbox/pos/a.xlsx"
    path.parent.mkdir(parents=True)
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Notes").write_formula("A1", "=NA()", None, "#N/A")
    sheet = book.add_worksheet("Ventes & retours")
    for column, name in enumerate(TICKET_HEADER.split(";")):
        sheet.write(0, column, name)
    for row in range(1, 4):
        sheet.write_row(row, 0, [f"T{row}", 1, "2024-03-05 09:05", 1, 1])
        sheet.write_string(row, 5, "#N/A")
    sheet.write_formula(2, 5, "=NA()", None, "#N/A")
    sheet.write_formula(3, 5, "=1/0", None, "#DIV/0!")
    book.close()
    home.configure(pos_transactions=XLSX | {"options": {"sheet": "Ventes & retours"}})
    report = home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id") == [("#N/A",), (None,), (None,)]
    assert report.warnings == ["inbox/pos/a.xlsx: 2 cells hold an error such as #N/A and are read as missing, on the lines 3, 4"]


def test_a_sheet_that_does_not_exist_is_named_beside_those_that_do(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=XLSX | {"options": {"sheet": "Sales"}})
    workbook(tmp_path / "inbox/pos/a.xlsx", [["ticket"]])
    with pytest.raises(FeedError, match=r"has no sheet 'Sales' \(options.sheet\); found: Ventes"):
        home.land("pos_transactions")


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=XLSX)
    workbook(tmp_path / "inbox/pos/a.xlsx", [["ticket"]])
    content = (tmp_path / "inbox/pos/a.xlsx").read_bytes()
    home.put("pos/a.xlsx", content[: len(content) // 2])
    with pytest.raises(FeedError, match="is not a readable workbook"):
        home.land("pos_transactions")


def test_a_folder_as_location_takes_the_files_of_its_reader_only(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS | {"location": "inbox/pos/", "reader": "csv"})
    home.tickets("a.csv", line("T1"))
    home.put("pos/readme.md", "not data")
    home.put("pos/.hidden.csv", "not data")
    assert home.land("pos_transactions").files_landed == ["inbox/pos/a.csv"]
