"""`company.yml`: defaults, and every kind of mistake named with its key, what was expected, what was probably meant."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.company.errors import ConfigurationError
from dagster_project.company.model import Company, load_company, preset_names, read_preset, resolve_salt

TICKETS: dict[str, Any] = {
    "reader": "csv",
    "location": "inbox/pos/*.csv",
    "time_zone": "Europe/Paris",
    "columns": {
        "transaction_id": "ticket",
        "line_number": 1,
        "sold_at": "date",
        "sales_channel": "'store'",
        "quantity": "qte",
        "net_amount": "montant",
        "currency": "'EUR'",
    },
}


def minimal(**more: Any) -> dict[str, Any]:
    return {"company": {"name": "Essai"}, "feeds": {"pos_transactions": TICKETS}} | more


def load(home: Path, content: Any) -> Company:
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (home / "company.yml").write_text(text, encoding="utf-8")
    return load_company(home)


def problems(home: Path, content: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(home, content)
    return caught.value.problems


def with_feed(**more: Any) -> dict[str, Any]:
    return minimal(feeds={"pos_transactions": TICKETS | more})


def test_the_smallest_file_is_valid_and_everything_else_has_a_default(tmp_path: Path) -> None:
    company = load(tmp_path, minimal())
    assert company.company.model_dump() == {
        "name": "Essai",
        "language": "fr",
        "country": "FR",
        "time_zone": "Europe/Paris",
        "currency": "EUR",
        "simulated": False,
    }
    assert (company.as_of_date, company.required, company.history_months, company.minimum_sample) == (
        None,
        ("pos_transactions",),
        36,
        30,
    )
    assert company.rescue.held_out_share == 0.1
    assert company.windows.model_dump() == {
        "repeat_contact_days": 7,
        "repurchase_days": (30, 60, 90),
        "rescue_days": 90,
        "secured_revenue_months": 12,
    }
    assert company.identity.model_dump() == {
        "trusted_keys": ("customer_id", "loyalty_card_id", "email", "phone"),
        "blocked_keys": (),
        "largest_cluster": 20,
        "shared_key_limit": 5,
    }
    feed = company.feeds["pos_transactions"]
    assert (feed.load, feed.key_space, feed.maximum_quarantine_share, feed.date_precision) == (
        "delta",
        "crm",
        0.01,
        "second",
    )
    assert feed.columns["line_number"] == "1"


def test_json_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps(minimal(), indent="\t")).company.name == "Essai"


def test_a_full_file_is_read(tmp_path: Path) -> None:
    company = load(
        tmp_path,
        minimal(
            as_of_date=date(2024, 3, 31),
            required=["pos_transactions"],
            feeds={
                "pos_transactions": TICKETS
                | {
                    "expected_every": "1 day",
                    "late_after": "36 hours",
                    "covers_until": date(2024, 1, 1),
                    "load": "full",
                    "options": {"date_format": ["%d/%m/%Y", "%d/%m/%Y %H:%M"], "null_tokens": ["", "?"]},
                }
            },
            packs=[{"audience": "direction", "language": "en", "every": "month", "formats": ["html", "xlsx", "pdf"]}],
        ),
    )
    feed = company.feeds["pos_transactions"]
    assert (feed.expected_every, feed.late_after) == (timedelta(days=1), timedelta(hours=36))
    assert company.packs[0].formats == ("html", "xlsx", "pdf")
    assert company.as_of_date == date(2024, 3, 31)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            minimal(minimum_samle=3),
            "company.yml: minimum_samle: is not a known key; did you mean minimum_sample? Expected one of: company,",
        ),
        (
            minimal(feeds={"pos_transaction": TICKETS}),
            "company.yml: feeds.pos_transaction: is not a feed; did you mean pos_transactions?",
        ),
        (minimal(feeds={}), "company.yml: feeds: expected at least one feed"),
        ({"feeds": {"pos_transactions": TICKETS}}, "company.yml: company: is missing"),
        (
            with_feed(columns=TICKETS["columns"] | {"net_amont": "x"}),
            (
                "company.yml: feeds.pos_transactions.columns.net_amont: is not a column of pos_transactions; did you "
                "mean net_amount?"
            ),
        ),
        (
            with_feed(columns={k: v for k, v in TICKETS["columns"].items() if k != "net_amount"}),
            "company.yml: feeds.pos_transactions.columns.net_amount: is missing; pos_transactions needs this column",
        ),
        (
            with_feed(columns=TICKETS["columns"] | {"net_amount": "mont ant"}),
            "company.yml: feeds.pos_transactions.columns.net_amount: 'mont ant' is not an SQL expression",
        ),
        (with_feed(query="mappings/x.sql"), "company.yml: feeds.pos_transactions: has both columns and query"),
        (
            with_feed(columns=None),
            "company.yml: feeds.pos_transactions: has no mapping; expected exactly one of columns, query, preset",
        ),
        (
            with_feed(columns=None, query="mappings/x.sql"),
            "company.yml: feeds.pos_transactions.query: the file mappings/x.sql does not exist",
        ),
        (
            with_feed(preset="shopifi"),
            "company.yml: feeds.pos_transactions.preset: 'shopifi' is not a preset; did you mean shopify?",
        ),
        (
            with_feed(preset="zendesk"),
            "company.yml: feeds.pos_transactions.preset: the preset zendesk serves crm_contacts, crm_customers",
        ),
        (
            with_feed(time_zone="Europe/Pari"),
            ("company.yml: feeds.pos_transactions.time_zone: 'Europe/Pari' is not a time zone; did you mean Europe/Paris?"),
        ),
        (with_feed(time_zone=None), "company.yml: feeds.pos_transactions.time_zone: is missing"),
        (
            with_feed(expected_every="1 dy"),
            ("company.yml: feeds.pos_transactions.expected_every: '1 dy' is not a duration; expected for example '1 day'"),
        ),
        (
            with_feed(location="../elsewhere/*.csv"),
            "company.yml: feeds.pos_transactions.location: '../elsewhere/*.csv' leaves the home folder",
        ),
        (with_feed(location=None), "company.yml: feeds.pos_transactions.location: is missing"),
        (
            with_feed(reader=None, location="inbox/pos/"),
            "company.yml: feeds.pos_transactions.reader: is missing and cannot be told from the location",
        ),
        (
            with_feed(reader="cvs"),
            "company.yml: feeds.pos_transactions.reader: 'cvs' is not allowed; did you mean csv?",
        ),
        (
            with_feed(options={"delimeter": ";"}),
            "company.yml: feeds.pos_transactions.options.delimeter: is not a known key; did you mean delimiter?",
        ),
        (
            with_feed(options={"encoding": "utf-9"}),
            "company.yml: feeds.pos_transactions.options.encoding: 'utf-9' is not an encoding",
        ),
        (
            with_feed(options={"date_format": "dd/mm"}),
            "company.yml: feeds.pos_transactions.options.date_format: 'dd/mm' is not a date format",
        ),
        (
            with_feed(options={"date_format": ["%d/%m/%Y", "%m/%d/%Y"]}),
            "company.yml: feeds.pos_transactions.options.date_format: has day-first and month-first",
        ),
        (
            with_feed(options={"decimal": ",", "thousands": ","}),
            "company.yml: feeds.pos_transactions.options.thousands: is the same sign",
        ),
        (
            with_feed(reader="parquet", options={"decimal": ",", "thousands": "."}),
            "company.yml: feeds.pos_transactions.options.thousands: cannot be '.'",
        ),
        (
            with_feed(maximum_quarantine_share=2),
            "company.yml: feeds.pos_transactions.maximum_quarantine_share: input should be less than or equal to 1",
        ),
        (with_feed(key_space="My Space"), "company.yml: feeds.pos_transactions.key_space:"),
        (
            minimal(windows={"repurchase_days": [30, 90]}),
            "company.yml: windows.repurchase_days: [30, 90] is not a choice of 30, 60 and 90 that holds 60",
        ),
        (minimal(required=["crm_contacts"]), "company.yml: required: crm_contacts is not a configured feed"),
        (
            minimal(company={"name": "X", "currency": "euro"}),
            "company.yml: company.currency: 'euro' is not an ISO 4217 code",
        ),
        (
            minimal(company={"name": "X", "country": False}),
            "company.yml: company.country: expected a text; YAML reads this as false",
        ),
        (minimal(company={"name": "X", "language": "de"}), "company.yml: company.language: 'de' is not allowed"),
        (
            minimal(packs=[{"audience": "direction", "formats": ["docx"]}]),
            "company.yml: packs.0.formats.0: 'docx' is not allowed",
        ),
        (
            minimal(packs=[{"audience": "direction", "formats": []}]),
            "company.yml: packs.0.formats:",
        ),
        (
            minimal(packs=[{"audience": "direction"}, {"audience": "direction", "language": "en"}, {"audience": "direction"}]),
            "company.yml: packs.2: is a second pack for direction in fr",
        ),
        (minimal(history_months=True), "company.yml: history_months: expected a number, found true"),
        (minimal(as_of_date="yesterday"), "company.yml: as_of_date:"),
        (
            yaml.safe_dump(minimal()) + "as_of_date: 2024-02-30\n",
            "company.yml: as_of_date: input should be a valid date or datetime, day value is outside expected range, found",
        ),
        (
            yaml.safe_dump(with_feed(covers_until="DAY")).replace("DAY", "2017-13-01"),
            "company.yml: feeds.pos_transactions.covers_until: input should be a valid date or datetime, month value is outside",
        ),
        (with_feed(options={"delimiter": ""}), "company.yml: feeds.pos_transactions.options.delimiter: is ''; expected one sign"),
        (with_feed(options={"delimiter": "||"}), "company.yml: feeds.pos_transactions.options.delimiter: is '||'; expected one"),
        (with_feed(options={"delimiter": "\n"}), "company.yml: feeds.pos_transactions.options.delimiter: is '\\n'; expected one"),
        (
            with_feed(options={"delimiter": '"'}),
            "company.yml: feeds.pos_transactions.options.quote: is '\"', the same sign as options.delimiter",
        ),
        (
            with_feed(options={"quote": "\n"}),
            "company.yml: feeds.pos_transactions.options.quote: is '\\n'; expected one ASCII sign",
        ),
        (with_feed(options={"quote": "«"}), "company.yml: feeds.pos_transactions.options.quote: is '«'; expected one ASCII sign"),
        (with_feed(options={"escape": "ab"}), "company.yml: feeds.pos_transactions.options.escape: is 'ab'; expected one"),
        (with_feed(options={"encoding": "idna"}), "company.yml: feeds.pos_transactions.options.encoding: 'idna' is not an"),
        (with_feed(options={"encoding": "rot13"}), "company.yml: feeds.pos_transactions.options.encoding: 'rot13' is not an"),
        (
            with_feed(reader="json", options={"encoding": "base64"}),
            "company.yml: feeds.pos_transactions.options.encoding: 'base64' is not an encoding",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_was_expected(tmp_path: Path, content: Any, expected: str) -> None:
    found = problems(tmp_path, content)
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "ascii", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-32", "cp850"]
)
def test_every_encoding_of_texts_is_accepted(tmp_path: Path, encoding: str) -> None:
    assert load(tmp_path, with_feed(options={"encoding": encoding})).feeds["pos_transactions"].options.encoding == encoding


def test_a_tab_may_be_written_with_a_backslash(tmp_path: Path) -> None:
    text = yaml.safe_dump(with_feed(options={"delimiter": "SIGN"})).replace("SIGN", r"'\t'")
    assert load(tmp_path, text).feeds["pos_transactions"].options.delimiter == "\t"


def test_a_query_that_is_not_utf_8_is_named_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "x.sql").write_bytes("select client as prénom from source".encode("cp1252"))
    feed = {key: value for key, value in TICKETS.items() if key != "columns"} | {"query": "mappings/x.sql"}
    (problem,) = problems(tmp_path, minimal(feeds={"pos_transactions": feed}))
    assert problem.startswith("company.yml: feeds.pos_transactions.query: mappings/x.sql cannot be read ('utf-8' codec")


def test_a_merge_key_takes_over_what_is_not_said_again(tmp_path: Path) -> None:
    company = load(
        tmp_path,
        """
company: {name: Essai, time_zone: UTC}
feeds:
  pos_products: &products {location: a.csv, options: {delimiter: ";"}, columns: {product_id: id}}
  pos_stores:
    <<: *products
    columns: {store_id: id}
""",
    )
    assert company.feeds["pos_stores"].options.delimiter == ";"
    assert company.feeds["pos_stores"].columns == {"store_id": "id"}
    assert company.feeds["pos_products"].columns == {"product_id": "id"}


@pytest.mark.parametrize("place", ["company: *a8\nfeeds: *a8", "company: {name: X}\nfeeds: {pos_stores: {preset: *a8}}"])
def test_aliases_that_grow_without_bound_are_refused_at_once(tmp_path: Path, place: str) -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    text = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *levels, place])
    started = time.monotonic()
    (problem,) = problems(tmp_path, text)
    assert time.monotonic() - started < 1
    assert "its aliases grow to more than 100000 values" in problem


def test_an_alias_of_itself_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "company: &c {name: *c}\nfeeds: {}\n")
    assert "company.yml: line 1" in problem


def test_a_share_of_vanished_keys_is_for_whole_dumps_only(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, with_feed(maximum_vanished_share=1))
    assert "feeds.pos_transactions.maximum_vanished_share: is for load: full only" in problem
    assert load(tmp_path, with_feed(load="full")).feeds["pos_transactions"].maximum_vanished_share == 0.5


def test_a_share_held_out_is_between_none_and_a_half(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, minimal(rescue={"held_out_share": 0.6}))
    assert problem.startswith("company.yml: rescue.held_out_share: ") and "0.5" in problem
    assert load(tmp_path, minimal(rescue={"held_out_share": 0})).rescue.held_out_share == 0


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    content = minimal(
        minimum_sample="many",
        feeds={
            "pos_transactions": TICKETS
            | {"time_zone": "Mars", "columns": {k: v for k, v in TICKETS["columns"].items() if k != "net_amount"}},
            "crm_contact": {},
        },
    )
    assert [problem.split(": ")[1] for problem in problems(tmp_path, content)] == [
        "feeds.pos_transactions.columns.net_amount",
        "feeds.pos_transactions.time_zone",
        "feeds.crm_contact",
        "minimum_sample",
    ]


def test_a_key_written_twice_is_an_error_with_both_lines(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "company: {name: X}\nfeeds: {}\ncompany: {name: Y}\n")
    assert problem == "company.yml: line 3, column 1: the key 'company' is written twice (first on line 1)"


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "company: {name: X\nfeeds: [\n")
    assert problem.startswith("company.yml: line ")


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected keys such as company and feeds" in problems(tmp_path, text)[0]


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "company.yml").write_bytes("company: {name: Hélène}".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load_company(tmp_path)


def test_a_home_without_its_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"company.yml: does not exist"):
        load_company(tmp_path)


def test_the_reader_sql_is_checked_and_then_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "s.sql").write_text("select 1", encoding="utf-8")
    feed = {
        "reader": "sql",
        "dsn_env": "BILLING_DSN",
        "query": "mappings/s.sql",
        "cursor": "updated_at",
        "time_zone": "UTC",
    }
    (problem,) = problems(tmp_path, minimal(feeds={"crm_subscriptions": feed}))
    assert problem.startswith("company.yml: feeds.crm_subscriptions.reader: this version reads files only")


@pytest.mark.parametrize(
    ("location", "reader"),
    [
        ("inbox/a.csv.gz", "csv"),
        ("inbox/*.jsonl", "json"),
        ("inbox/x.parquet", "parquet"),
        ("inbox/*.xlsx", "xlsx"),
        ("inbox/*.tsv", "csv"),
    ],
)
def test_the_reader_is_told_from_the_extension(tmp_path: Path, location: str, reader: str) -> None:
    feed = {key: value for key, value in TICKETS.items() if key != "reader"} | {"location": location}
    assert load(tmp_path, minimal(feeds={"pos_transactions": feed})).feeds["pos_transactions"].reader == reader


def test_the_default_of_required_is_contacts_and_tickets_else_every_feed_with_a_time(tmp_path: Path) -> None:
    stores = {"location": "inbox/s.csv", "columns": {"store_id": "id"}}
    members = {
        "location": "inbox/m.csv",
        "time_zone": "UTC",
        "columns": {"loyalty_card_id": "id", "joined_at": "joined"},
    }
    zone = {"name": "Essai", "time_zone": "Europe/Paris"}
    both = load(tmp_path, minimal(company=zone, feeds={"pos_transactions": TICKETS, "loyalty_members": members}))
    assert both.required == ("pos_transactions",)
    neither = load(tmp_path, minimal(feeds={"pos_stores": stores, "loyalty_members": members}))
    assert neither.required == ("loyalty_members",)


def test_the_company_needs_a_time_zone_where_its_feeds_disagree(tmp_path: Path) -> None:
    members = {
        "location": "inbox/m.csv",
        "time_zone": "UTC",
        "columns": {"loyalty_card_id": "id", "joined_at": "joined"},
    }
    (problem,) = problems(tmp_path, minimal(feeds={"pos_transactions": TICKETS, "loyalty_members": members}))
    assert problem.startswith("company.yml: company.time_zone: is missing and the feeds do not agree")


# -- salt --------------------------------------------------------------------------------------------------------------


def test_the_salt_comes_from_the_environment_that_is_passed_in(tmp_path: Path) -> None:
    assert resolve_salt(load(tmp_path, minimal()), {"SERVICE_VALUE_SALT": "s"}) == "s"
    assert resolve_salt(load(tmp_path, minimal(privacy={"salt_env": "OTHER"})), {"OTHER": "t"}) == "t"


def test_a_missing_salt_is_an_error_that_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"privacy.salt_env: the environment variable OTHER is not set"):
        resolve_salt(load(tmp_path, minimal(privacy={"salt_env": "OTHER"})), {"SERVICE_VALUE_SALT": "s"})


def test_a_simulated_company_goes_without_a_salt(tmp_path: Path) -> None:
    company = load(tmp_path, minimal(company={"name": "X", "simulated": True}))
    assert resolve_salt(company, {}) == resolve_salt(company, {})


# -- presets -----------------------------------------------------------------------------------------------------------


def test_every_preset_alone_makes_a_valid_feed(tmp_path: Path) -> None:
    assert preset_names() == ("shopify", "zendesk")
    for preset in preset_names():
        for feed in read_preset(preset):
            company = load(tmp_path, minimal(feeds={feed: {"preset": preset}}))
            assert company.feeds[feed].location


def test_a_preset_can_be_amended_column_by_column(tmp_path: Path) -> None:
    feed = {"preset": "zendesk", "location": "inbox/z/", "columns": {"reason": "subject", "queue": None}}
    company = load(tmp_path, minimal(feeds={"crm_contacts": feed}))
    columns = company.feeds["crm_contacts"].columns
    assert (columns["reason"], columns["contact_id"], "queue" in columns) == ("subject", "id", False)
    assert company.feeds["crm_contacts"].location == "inbox/z/"


def test_a_column_that_the_contract_needs_cannot_be_taken_out_of_a_preset(tmp_path: Path) -> None:
    feed = {"preset": "zendesk", "columns": {"channel": None}}
    (problem,) = problems(tmp_path, minimal(feeds={"crm_contacts": feed}))
    assert problem.startswith("company.yml: feeds.crm_contacts.columns.channel: is missing")
