"""The simulator: the same bytes from a seed, effects that can be switched off, exports that land, no real person."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.company.model import load_company, resolve_salt
from dagster_project.company.reference import load_references
from dagster_project.feeds.contract import FEEDS
from dagster_project.feeds.landing import LandingReport, land_feed
from dagster_project.simulation.parameters import (
    NO_EFFECTS,
    Effects,
    Identity,
    Service,
    Shopping,
    SimulationParameters,
    Story,
)
from dagster_project.simulation.simulate import SimulationError, SimulationReport, simulate

CUSTOMERS, MONTHS, SEED, END = 260, 10, 7, date(2025, 12, 31)
ROOT = Path(__file__).parents[3]
# more corrected lines than by default: a small home must have some
BASE = SimulationParameters(shopping=Shopping(corrected_line_share=0.05))


def make(home: Path, parameters: SimulationParameters = BASE, seed: int = SEED, threads: int = 1) -> SimulationReport:
    return simulate(home, customers=CUSTOMERS, months=MONTHS, seed=seed, end=END, parameters=parameters, threads=threads)


def contents(home: Path) -> dict[str, bytes]:
    """Every file of a home as it is."""
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def text_of(path: Path) -> str:
    """The text of an export, out of its archive."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(archive.namelist()[0])
    return data.decode("cp1252" if path.name.startswith(("clients", "articles")) else "utf-8")


def rows_of(home: Path, pattern: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of all CSV exports whose path below the inbox matches."""
    rows: list[dict[str, str]] = []
    for path in sorted((home / "inbox").glob(pattern)):
        rows.extend(csv.DictReader(io.StringIO(text_of(path)), delimiter=delimiter))
    return rows


def effects_of(home: Path) -> dict[tuple[str, int], float]:
    rows = duckdb.execute(f"select effect, segment, value from '{home / 'truth' / 'effects.parquet'}'").fetchall()
    return {(effect, segment): float(value) for effect, segment, value in rows}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return make(tmp_path_factory.mktemp("simulated") / "home")


@pytest.fixture(scope="module")
def home(report: SimulationReport) -> Path:
    return report.home


@pytest.fixture(scope="module")
def landed(home: Path) -> dict[str, LandingReport]:
    company = load_company(home)
    references = load_references(home, ROOT / "dbt" / "seeds")
    clock = datetime(2026, 1, 2, tzinfo=UTC)
    salt = resolve_salt(company, {})
    return {feed: land_feed(home, company, feed, salt=salt, clock=clock, references=references) for feed in company.feeds}


def test_the_same_seed_gives_the_same_bytes_on_one_and_on_two_threads(home: Path, tmp_path: Path) -> None:
    make(tmp_path, threads=2)
    again = contents(tmp_path)
    first = {name: data for name, data in contents(home).items() if not name.startswith(("raw", "quarantine"))}
    assert sorted(again) == sorted(first)
    assert [name for name in again if again[name] != first[name]] == []


def test_another_seed_gives_another_company(home: Path, tmp_path: Path) -> None:
    make(tmp_path, seed=SEED + 1)
    assert rows_of(tmp_path, "crm/clients_*", ";") != rows_of(home, "crm/clients_*", ";")


def test_every_feed_of_the_contract_is_configured_and_has_rows(home: Path, report: SimulationReport) -> None:
    assert set(report.rows) == set(FEEDS)
    assert [feed for feed, count in report.rows.items() if count == 0] == []
    assert set(load_company(home).feeds) == set(FEEDS)


def test_the_home_says_that_it_is_simulated(home: Path) -> None:
    company = load_company(home)
    assert company.company.simulated
    assert "simulées" in company.company.name
    assert {pack.language for pack in company.packs} == {"fr", "en"}
    assert (home / "company.yml").read_text(encoding="utf-8").startswith("# SIMULATED DATA")


def test_every_export_lands_and_only_the_lines_broken_on_purpose_are_refused(landed: dict[str, LandingReport]) -> None:
    assert {feed: report.status for feed, report in landed.items()} == dict.fromkeys(FEEDS, "landed")
    assert [feed for feed, report in landed.items() if report.rows_accepted == 0] == []
    refused = {feed: report.rows_quarantined for feed, report in landed.items() if report.rows_quarantined}
    assert set(refused) <= {"pos_transactions"}


def test_broken_lines_end_in_quarantine_with_an_exact_account_of_the_money(tmp_path: Path) -> None:
    make(tmp_path, replace(BASE, shopping=Shopping(broken_line_share=0.004)))
    configuration = tmp_path / "company.yml"
    text = configuration.read_text(encoding="utf-8")
    generous = text.replace("  pos_transactions:\n", "  pos_transactions:\n    maximum_quarantine_share: 0.5\n")
    configuration.write_text(generous, encoding="utf-8")
    company = load_company(tmp_path)
    report = land_feed(
        tmp_path,
        company,
        "pos_transactions",
        salt=resolve_salt(company, {}),
        clock=datetime(2026, 1, 2, tzinfo=UTC),
        references=load_references(tmp_path, ROOT / "dbt" / "seeds"),
    )
    assert report.rows_quarantined > 0
    money = report.money["net_amount"]
    assert Decimal(money.read) == Decimal(money.accepted) + Decimal(money.quarantined) + Decimal(money.already_known)


def test_without_effects_the_truth_says_zero_and_the_other_purchases_are_the_same(home: Path, tmp_path: Path) -> None:
    make(tmp_path, replace(BASE, effects=NO_EFFECTS))
    effects = effects_of(tmp_path)
    assert {value for (name, _), value in effects.items() if name != "mood_on_answer"} == {0.0}
    plain = {tuple(row.values()) for row in rows_of(tmp_path, "caisse/tickets_*", ";")}
    full = {tuple(row.values()) for row in rows_of(home, "caisse/tickets_*", ";")}
    assert plain < full
    caused = sum(value for (name, _), value in effects_of(home).items() if name == "caused_purchases")
    tickets = {row[0] for row in full - plain}
    assert 0 < len(tickets) <= caused
    # contacts are causes, not effects, of these purchases
    assert rows_of(tmp_path, "crm/contacts_*") == rows_of(home, "crm/contacts_*")


def test_an_effect_of_certainty_adds_one_purchase_to_each_resolved_contact(tmp_path: Path) -> None:
    certain = (1.0, 1.0, 1.0, 1.0, 1.0)
    none = (0.0, 0.0, 0.0, 0.0, 0.0)
    make(tmp_path, replace(BASE, effects=Effects(certain, none, none)))
    contacts = rows_of(tmp_path, "crm/contacts_*")
    newest = {row["id_contact"]: row for row in sorted(contacts, key=lambda row: row["modifie_utc"])}
    resolved = [
        row for row in newest.values() if row["issue"] == "résolu" and row["robot"] == "0" and row["motif"] != "rappel_proactif"
    ]
    caused = sum(value for (name, _), value in effects_of(tmp_path).items() if name == "caused_purchases")
    # those of the last 60 days whose purchase would lie after the end are not bought yet
    old = [row for row in resolved if row["clos_utc"] < "2025-11-01"]
    assert len(old) <= caused <= len(resolved)


def test_without_waits_nobody_abandons(home: Path, tmp_path: Path) -> None:
    make(tmp_path, replace(BASE, service=Service(wait_scale=0.0)))
    assert "abandonné" not in {row["issue"] for row in rows_of(tmp_path, "crm/contacts_*")}
    assert "abandonné" in {row["issue"] for row in rows_of(home, "crm/contacts_*")}


def test_without_the_story_there_is_no_recall_no_chat_and_no_call_back(home: Path, tmp_path: Path) -> None:
    make(tmp_path, replace(BASE, story=Story(is_told=False)))
    untold, told = rows_of(tmp_path, "crm/contacts_*"), rows_of(home, "crm/contacts_*")
    for column, value in (("motif", "rappel_produit"), ("canal", "Chat"), ("sens", "S")):
        assert value not in {row[column] for row in untold}
        assert value in {row[column] for row in told}


def test_without_seasons_all_days_of_the_web_are_alike(tmp_path: Path) -> None:
    make(tmp_path, SimulationParameters(shopping=Shopping(seasonality=0.0), story=Story(is_told=False)))
    months: dict[str, set[str]] = {}
    for row in rows_of(tmp_path, "caisse/tickets_*", ";"):
        if row["Canal"] != "Magasin" and not row["Montant net HT"].startswith("-"):
            months.setdefault(row["Date heure"][3:10], set()).add(row["Ticket"])
    counts = [len(tickets) for month, tickets in months.items() if month != "02/2025" and "/20" in month]
    assert max(counts) < 2 * min(counts)


def test_without_identity_noise_every_web_order_names_a_customer_that_the_crm_knows(tmp_path: Path) -> None:
    clean = Identity(
        unknown_to_crm_share=0,
        duplicate_share=0,
        name_typo_share=0,
        missing_email_share=0,
        missing_phone_share=0,
        shared_phone_share=0,
        card_without_customer_share=0,
        guest_order_share=0,
        deleted_share=0,
        changed_email_share=0,
    )
    make(tmp_path, replace(BASE, identity=clean))
    known = {row["Code client"] for row in rows_of(tmp_path, "crm/clients_*", ";")}
    ordered = {row["Client"] for row in rows_of(tmp_path, "caisse/tickets_*", ";") if row["Canal"] in ("Site", "Appli")}
    assert ordered and ordered <= known


def test_the_identity_noise_is_there(home: Path) -> None:
    customers = rows_of(home, "crm/clients_*", ";")
    known = {row["Code client"] for row in customers}
    tickets = rows_of(home, "caisse/tickets_*", ";")
    assert {row["Client"] for row in tickets if row["Client"]} - known, "ids that the CRM does not know"
    assert any(row["Courriel"].isupper() for row in customers)
    assert any(not row["Courriel"] for row in customers)
    assert any(row["Téléphone"].startswith("+33 ") for row in customers)
    assert any(re.fullmatch(r"0\d( \d\d){4}", row["Téléphone"]) for row in customers)
    assert any(row["E-mail"] and not row["Client"] for row in tickets), "guests"
    assert any(row["Profilage accepté"] == "non" for row in customers)


def test_tickets_tell_of_returns_linked_and_not_of_exchanges_cancellations_and_corrections(home: Path) -> None:
    rows = rows_of(home, "caisse/tickets_*", ";")
    refunds = [row for row in rows if row["Quantité"].startswith("-")]
    assert any(row["Ticket origine"] for row in refunds)
    assert any(not row["Ticket origine"] for row in refunds)
    returned = {row["Ticket"] for row in refunds}
    assert any(row["Ticket"] in returned and not row["Quantité"].startswith("-") for row in rows), "exchanges"
    assert any(row["Annulé"] == "oui" for row in rows)
    versions: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["Ticket"], row["Ligne"])
        versions[key] = versions.get(key, 0) + 1
    assert max(versions.values()) == 2, "a corrected line has two versions"
    originals = {row["Ticket"] for row in rows}
    assert all(row["Ticket origine"] in originals for row in refunds if row["Ticket origine"])


def test_shops_are_closed_on_sundays_and_holidays(home: Path) -> None:
    days = set()
    for row in rows_of(home, "caisse/tickets_*", ";"):
        if row["Canal"] == "Magasin" and not row["Date heure"].startswith("31/02"):
            days.add(datetime.strptime(row["Date heure"], "%d/%m/%Y %H:%M:%S").date())
    assert {day.isoweekday() for day in days} == {1, 2, 3, 4, 5, 6}
    assert date(2025, 12, 25) not in days
    assert date(2025, 5, 1) not in days


def test_the_last_day_is_complete_and_nothing_lies_after_it(home: Path) -> None:
    contacts = rows_of(home, "crm/contacts_*")
    assert max(row["ouvert_utc"] for row in contacts)[:10] == "2025-12-31"
    # the day ends at 23:00 UTC
    for column in ("ouvert_utc", "pris_en_charge_utc", "clos_utc", "modifie_utc"):
        assert max(row[column] for row in contacts) < "2025-12-31 23:00:00"
    instants = [
        datetime.strptime(row[column], "%d/%m/%Y %H:%M:%S")
        for row in rows_of(home, "caisse/tickets_*", ";")
        for column in ("Date heure", "Modifié le")
        if row[column] and not row[column].startswith("31/02")
    ]
    assert max(instants).date() == END


def test_a_contact_open_at_the_end_of_a_month_is_open_in_that_months_file_and_ended_in_the_next(home: Path) -> None:
    versions: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(home, "crm/contacts_*"):
        versions.setdefault(row["id_contact"], []).append(row)
    twice = [rows for rows in versions.values() if len(rows) > 1]
    assert twice
    for rows in twice:
        assert rows[0]["issue"] == "" and rows[0]["clos_utc"] == ""
        assert rows[0]["modifie_utc"] < rows[-1]["modifie_utc"]


def test_no_address_and_no_number_can_belong_to_a_person(home: Path) -> None:
    fiction = re.compile(r"^(0639980000|0639981234|0(63998|19900|26191|35301|46571|53649)\d{4})$")
    for path in sorted((home / "inbox").rglob("*")):
        if path.suffix in (".parquet", ".xlsx") or not path.is_file():
            continue
        text = text_of(path)
        for address in re.findall(r"[\w.+-]+@[\w.-]+\w", text):
            assert re.search(r"@(nouveau)?\.?example\.(com|fr)$", address.lower()), address
        for row in csv.DictReader(io.StringIO(text), delimiter=";") if path.name.startswith("clients") else ():
            digits = re.sub(r"\D", "", row["Téléphone"])
            national = re.sub(r"^(0033|33)", "0", digits)
            assert not national or fiction.match(national), row["Téléphone"]
    addresses = duckdb.execute(
        f"select email from '{home / 'inbox' / 'fidelite' / 'adherents.parquet'}' where email is not null "
        f"union all select email from '{home / 'inbox' / 'web' / 'sessions.parquet'}' where email is not null"
    ).fetchall()
    assert addresses and all(address.endswith(("@example.com", "@example.fr")) for (address,) in addresses)


def test_the_truth_ties_every_key_of_the_inbox_to_one_person(home: Path) -> None:
    links = duckdb.execute(f"select source, source_key, person_id from '{home / 'truth' / 'links.parquet'}'").fetchall()
    people: dict[tuple[str, str], set[int]] = {}
    for source, key, person in links:
        people.setdefault((source, key), set()).add(person)
    assert [key for key, persons in people.items() if len(persons) > 1] == []
    tickets = rows_of(home, "caisse/tickets_*", ";")
    for column, source in (("Client", "crm"), ("Carte", "loyalty"), ("E-mail", "email")):
        keys = {row[column].lower() if source == "email" else row[column] for row in tickets} - {""}
        assert [key for key in keys if (source, key) not in people] == []
    for row in rows_of(home, "crm/clients_*", ";"):
        assert ("crm", row["Code client"]) in people
        assert not row["Courriel"] or ("email", row["Courriel"].lower()) in people


def test_the_truth_has_one_row_a_person_with_segment_and_family(home: Path) -> None:
    rows = duckdb.execute(
        f"select count(*), count(distinct person_id), min(value_segment), max(value_segment), "
        f"count(distinct relational_family) from '{home / 'truth' / 'people.parquet'}'"
    ).fetchone()
    assert rows == (CUSTOMERS, CUSTOMERS, 1, 5, 4)


def test_a_second_simulation_replaces_the_first(tmp_path: Path) -> None:
    simulate(tmp_path, customers=40, months=6, seed=1, end=END, threads=1)
    simulate(tmp_path, customers=40, months=2, seed=1, end=END, threads=1)
    assert len(list((tmp_path / "inbox" / "caisse").glob("tickets_*"))) == 2


def test_one_month_and_a_last_day_within_a_month_are_possible(tmp_path: Path) -> None:
    report = simulate(tmp_path, customers=60, months=1, seed=1, end=date(2025, 3, 14), threads=1)
    assert report.first_day == date(2025, 3, 1)
    days = [row["Date heure"][:5] for row in rows_of(tmp_path, "caisse/tickets_*", ";")]
    assert max(days) <= "14/03"


@pytest.mark.parametrize(
    ("customers", "months", "end", "said"),
    [
        (0, 3, END, "customers is 0"),
        (10, 0, END, "months is 0"),
        (10, 3, date(1900, 1, 1), "end is 1900-01-01"),
    ],
)
def test_a_wrong_call_is_refused_in_words(tmp_path: Path, customers: int, months: int, end: date, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        simulate(tmp_path, customers=customers, months=months, seed=1, end=end)
    assert list(tmp_path.iterdir()) == []


def test_a_real_home_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "company.yml").write_text("company: {name: Real}\n", encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    with pytest.raises(SimulationError, match="not the configuration of a simulated company"):
        simulate(tmp_path, customers=10, months=1, seed=1)
    assert (tmp_path / "company.yml").read_text(encoding="utf-8") == "company: {name: Real}\n"
