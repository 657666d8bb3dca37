"""A user's SQL: what it may say, what it cannot reach, and whose fault it is when it does not run."""

from __future__ import annotations

import traceback
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project.company.errors import ConfigurationError
from dagster_project.feeds.errors import FeedError
from tests.unit.feeds.homes import TICKETS, Home

LINE = "T1;1;05/03/2024 09:05;1;12,75;C1"


def with_columns(**columns: str) -> dict[str, Any]:
    return TICKETS | {"columns": TICKETS["columns"] | columns}


def with_query(home: Home, text: str) -> None:
    (home.path / "mappings").mkdir(exist_ok=True)
    (home.path / "mappings" / "tickets.sql").write_text(text, encoding="utf-8")
    home.configure(
        pos_transactions={key: value for key, value in TICKETS.items() if key != "columns"} | {"query": "mappings/tickets.sql"}
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, pos_transactions=TICKETS)
    home.tickets("a.csv", LINE)
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return home


@pytest.mark.parametrize(
    "expression",
    [
        "(select content from read_text('{home}/secret.txt'))",
        "(select any_value(column0) from read_csv('{home}/secret.txt', header = false))",
        "(select any_value(content) from read_blob('{home}/secret.txt'))::varchar",
        "(select count(*) from '{home}/inbox/pos/a.csv')::varchar",
        "(select any_value(file) from glob('{home}/*'))",
        "getenv('HOME')",
    ],
)
def test_an_expression_cannot_reach_files_or_the_environment(home: Home, expression: str) -> None:
    home.configure(pos_transactions=with_columns(store_id=expression.format(home=home.path)))
    with pytest.raises(ConfigurationError, match=r"feeds.pos_transactions.columns.store_id") as caught:
        home.land("pos_transactions")
    assert "secret" not in str(caught.value).replace("secret.txt", "")
    assert home.batches("pos_transactions") == []


@pytest.mark.parametrize(
    "expression",
    [
        "1) as a, (2",
        "client; drop table source_all",
        "client) from source; copy source to 'x.csv'; select (1",
        "*",
        "client) from (select 1 as client",
        "",
    ],
)
def test_more_than_one_expression_is_refused(home: Home, expression: str) -> None:
    home.configure(pos_transactions=with_columns(store_id=expression))
    with pytest.raises(ConfigurationError, match=r"feeds.pos_transactions.columns.store_id"):
        home.land("pos_transactions")


@pytest.mark.parametrize(
    "statement",
    [
        "attach '{home}/other.duckdb' as other",
        "install httpfs",
        "load httpfs",
        "copy (select 1) to '{home}/out.csv'",
        "set enable_external_access = true",
        "create table x as select 1",
        "select 1; select 2",
        "pragma database_list",
        "export database '{home}/out'",
        "call pragma_version()",
    ],
)
def test_a_query_must_be_a_single_select(home: Home, statement: str) -> None:
    with_query(home, statement.format(home=home.path))
    with pytest.raises(ConfigurationError, match=r"feeds.pos_transactions.query"):
        home.land("pos_transactions")
    assert not (home.path / "out.csv").exists()


QUERY = """
select ticket as transaction_id, row_number() over (partition by ticket order by source_line) as line_number,
    date as sold_at,
    'store' as sales_channel, qte as quantity, montant as net_amount, 'EUR' as currency, source_file, source_line
from source
"""


def test_a_query_cannot_read_files(home: Home) -> None:
    with_query(home, QUERY + f"where exists (select 1 from read_text('{home.path}/secret.txt'))")
    with pytest.raises(ConfigurationError, match="does not run"):
        home.land("pos_transactions")


def test_a_query_lands_rows_with_their_file_and_line(home: Home) -> None:
    with_query(home, QUERY + ";\n")
    home.tickets("b.csv", "T2;x;05/03/2024 09:05;1;1;", "T2;x;05/03/2024 09:06;1;2,5;")
    report = home.land("pos_transactions")
    assert report.rows_accepted == 3
    assert home.raw("pos_transactions", "transaction_id, line_number, net_amount, source_file, source_line") == [
        ("T1", 1, Decimal("12.7500"), "inbox/pos/a.csv", 2),
        ("T2", 1, Decimal("1.0000"), "inbox/pos/b.csv", 2),
        ("T2", 2, Decimal("2.5000"), "inbox/pos/b.csv", 3),
    ]


def test_a_query_without_source_file_lands_and_its_batch_is_replaced_only_whole(home: Home) -> None:
    bare = QUERY.replace(", source_file, source_line", "")
    with_query(home, bare)
    second = home.tickets("b.csv", "T2;1;05/03/2024 09:05;1;1;")
    report = home.land("pos_transactions")
    assert report.rows_accepted == 2
    content = second.read_bytes()
    second.unlink()
    with_query(home, bare.replace("'store'", "'web'"))
    with pytest.raises(FeedError, match="put these files back"):
        home.land("pos_transactions")
    second.write_bytes(content)
    assert home.land("pos_transactions").rows_accepted == 2


def test_a_query_that_yields_an_unknown_column_says_which_was_meant(home: Home) -> None:
    with_query(home, QUERY.replace("as net_amount", "as net_amont"))
    with pytest.raises(ConfigurationError) as caught:
        home.land("pos_transactions")
    assert "'net_amont', which is not a column of pos_transactions; did you mean net_amount?" in str(caught.value)
    assert "does not yield the column net_amount" in str(caught.value)


def test_an_unknown_function_is_the_configurations_fault(home: Home) -> None:
    home.configure(pos_transactions=with_columns(net_amount="no_such(montant)"))
    with pytest.raises(ConfigurationError, match=r"columns.net_amount: 'no_such\(montant\)' does not run.*no_such"):
        home.land("pos_transactions")


def test_an_expression_that_fails_on_a_row_is_named_without_the_value(home: Home) -> None:
    home.configure(pos_transactions=with_columns(store_id="cast(client as integer)"))
    with pytest.raises(ConfigurationError, match=r"columns.store_id: does not run on this data.*try_cast") as caught:
        home.land("pos_transactions")
    assert "C1" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("error('x' || client)", "InvalidInputException"),
        ("strptime(client, '%d')::varchar", "InvalidInputException"),
        ("cast(client as integer)", "Conversion Error"),
        ("cast(client as date)", "Conversion Error"),
        ("2147483647::integer * qte::integer", "Out of Range Error"),
    ],
)
def test_no_message_of_a_failed_expression_holds_a_value_whatever_quotes_and_breaks_it_has(
    home: Home, expression: str, kind: str
) -> None:
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;8642;12,75;\"d'Secret l'Ami\nSecret\"")
    home.configure(pos_transactions=with_columns(store_id=expression))
    with pytest.raises(ConfigurationError) as caught:
        home.land("pos_transactions")
    told = "".join(traceback.format_exception(caught.value))
    assert kind in str(caught.value)
    assert "columns.store_id: does not run on this data" in str(caught.value)
    assert "Secret" not in told and "8642" not in told


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("max(client)", "max"),
        ("count(*)", "count"),
        ("client || string_agg(ticket, ',')", "string_agg"),
        ("unnest(['a', client])", "unnest"),
        ("upper(UNNEST(string_split(client, ',')))", "unnest"),
    ],
)
def test_an_expression_that_does_not_give_one_value_for_each_row_is_refused(home: Home, expression: str, name: str) -> None:
    home.configure(pos_transactions=with_columns(store_id=expression))
    with pytest.raises(ConfigurationError, match=rf"columns.store_id: .* calls {name}, which does not give one value for each"):
        home.land("pos_transactions")


def test_windows_lists_and_subqueries_give_one_value_for_each_row(home: Home) -> None:
    home.tickets("a.csv", LINE, LINE.replace("T1", "T2"))
    home.configure(
        pos_transactions=with_columns(
            store_id="max(ticket) over ()",
            product_id="list_aggregate([ticket, client], 'max')",
            line_number="row_number() over (partition by client order by ticket)",
            loyalty_card_id="(select max(ticket) from source)",
        )
    )
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "store_id, product_id, line_number, loyalty_card_id") == [
        ("T2", "T1", 1, "T2"),
        ("T2", "T2", 2, "T2"),
    ]


@pytest.mark.parametrize("line", ["'L' || source_line", "source_line::varchar", "client"])
def test_a_query_whose_source_line_is_no_number_is_refused_by_name(home: Home, line: str) -> None:
    with_query(home, QUERY.replace("source_file, source_line", f"source_file, {line} as source_line"))
    with pytest.raises(ConfigurationError, match=r"feeds.pos_transactions.query .*yields source_line as VARCHAR; expected"):
        home.land("pos_transactions")


def test_a_column_that_no_file_has_is_the_files_fault(home: Home) -> None:
    home.configure(pos_transactions=with_columns(net_amount="replace(montent, 'x', '')"))
    with pytest.raises(FeedError, match=r"the column 'montent' is missing .*columns.net_amount.*was it renamed to montant\?"):
        home.land("pos_transactions")


def test_an_expression_of_another_type_is_read_by_its_canonical_text(home: Home) -> None:
    home.configure(
        pos_transactions=with_columns(
            net_amount="replace(montant, ',', '.')::decimal(10, 2) / 2::decimal(10, 0)",
            quantity="1.5",
            sold_at="timestamp '2024-07-01 12:00:00'",
            is_cancelled="client = 'C1'",
        )
    )
    home.land("pos_transactions")
    ((sold_at, quantity, is_cancelled),) = home.raw("pos_transactions", "sold_at::varchar, quantity, is_cancelled")
    assert (sold_at, quantity, is_cancelled) == ("2024-07-01 10:00:00", Decimal("1.5000"), True)


def test_lambdas_and_subqueries_are_not_taken_for_missing_columns(home: Home) -> None:
    home.configure(
        pos_transactions=with_columns(
            store_id="list_transform([client], lambda item: item || '!')[1]",
            product_id="(select max(ticket) from source)",
        )
    )
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "store_id, product_id") == [("C1!", "T1")]
