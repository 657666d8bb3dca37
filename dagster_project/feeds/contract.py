"""The contract of the feeds: which tables may come in, with which columns, types, keys and rules.

This module is data only. How files are read lives in `readers.py`, how values are cast in `casting.py`,
how rows are landed in `landing.py`. The names are fixed (docs: `docs/your-own-sources.md`); columns may be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Identity = Literal["customer", "loyalty", "email", "phone", "agent"]
ColumnType = Literal["text", "int", "decimal", "rate", "bool", "timestamp", "date"]

SQL_TYPES: dict[ColumnType, str] = {
    "text": "varchar",
    "int": "bigint",
    "decimal": "decimal(18,4)",
    "rate": "decimal(9,6)",
    "bool": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    `allowed` lists the members of an enumerated text; `reference` names `table.column` of a reference table whose
    members are allowed. `identity` is the kind of key that the column carries: `customer` (key space from the
    configuration, `crm` by default), `loyalty`, `email`, `phone`; `agent` is hashed but links nobody.
    `may_be_future`: an instant that may lie after the day of landing (a planned end). `minimum` and `maximum` are
    inclusive.
    """

    name: str
    type: ColumnType
    is_nullable: bool = False
    allowed: tuple[str, ...] = ()
    reference: str | None = None
    identity: Identity | None = None
    is_money: bool = False
    may_be_future: bool = False
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class RowRule:
    """A rule over the columns of a row. A row for which `is_broken` (SQL over typed columns) is true is quarantined."""

    name: str
    is_broken: str
    reason: str


@dataclass(frozen=True)
class Feed:
    """One table of the contract.

    `event_at` are the columns whose first non-null value is the event time (empty: the feed has no time and bounds
    no horizon). The version of a row is `updated_at` where the feed has it and it is known, else the event time.
    """

    name: str
    source: str
    entity: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event_at: tuple[str, ...] = ()
    rules: tuple[RowRule, ...] = ()
    is_optional: bool = False

    @property
    def staging_model(self) -> str:
        """Name of the dbt staging model, `stg_<source>__<entity>`."""
        return f"stg_{self.source}__{self.entity}"

    @property
    def money(self) -> tuple[Column, ...]:
        """The money columns: their sums are reconciled at landing."""
        return tuple(column for column in self.columns if column.is_money)

    @property
    def has_updated_at(self) -> bool:
        return any(column.name == "updated_at" for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"feed {self.name} has no column {name}")


def _text(
    name: str,
    nullable: bool = True,
    allowed: tuple[str, ...] = (),
    reference: str | None = None,
    identity: Identity | None = None,
) -> Column:
    return Column(name, "text", nullable, allowed, reference, identity)


def _int(name: str, nullable: bool = True, minimum: float | None = None) -> Column:
    return Column(name, "int", nullable, minimum=minimum)


def _at(name: str, nullable: bool = True, may_be_future: bool = False) -> Column:
    return Column(name, "timestamp", nullable, may_be_future=may_be_future)


def _money(name: str, nullable: bool = True) -> Column:
    return Column(name, "decimal", nullable, is_money=True)


def _bool(name: str) -> Column:
    return Column(name, "bool", True)


def _order(first: str, second: str) -> RowRule:
    return RowRule(f"{second}_not_before_{first}", f"{second} < {first}", f"{second} is before {first}")


_CUSTOMER = _text("customer_id", identity="customer")
_EMAIL = _text("email", identity="email")
_PHONE = _text("phone", identity="phone")
_UPDATED = _at("updated_at")

_FEEDS = (
    Feed(
        "crm_customers",
        "crm",
        "customers",
        ("customer_id",),
        (
            _text("customer_id", False, identity="customer"),
            _EMAIL,
            _PHONE,
            _text("first_name"),
            _text("last_name"),
            Column("birth_date", "date", True),
            _text("postal_code"),
            _text("country"),
            _at("created_at", False),
            _bool("allows_profiling"),
            _bool("is_deleted"),
            _UPDATED,
        ),
        event_at=("created_at",),
        rules=(
            RowRule(
                "country_is_alpha_2",
                "country is not null and not regexp_full_match(country, '[A-Z]{2}')",
                "country is not an ISO 3166 alpha-2 code",
            ),
        ),
    ),
    Feed(
        "crm_contacts",
        "crm",
        "contacts",
        ("contact_id",),
        (
            _text("contact_id", False),
            _text("case_id"),
            _CUSTOMER,
            _text("channel", False, reference="channels.channel"),
            _text("direction", False, allowed=("inbound", "outbound")),
            _text("reason"),
            _at("opened_at", False),
            _at("answered_at"),
            _at("closed_at"),
            _int("talk_seconds", minimum=0),
            _int("hold_seconds", minimum=0),
            _int("wrap_up_seconds", minimum=0),
            _text("outcome", allowed=("resolved", "unresolved", "abandoned", "transferred", "merged", "spam")),
            _text("agent_id", identity="agent"),
            _text("queue"),
            _int("transfer_count", minimum=0),
            _int("reopen_count", minimum=0),
            _text("merged_into_contact_id"),
            _bool("is_automated"),
            _bool("has_cancellation_intent"),
            _text("retention_offer"),
            _text("language"),
            _UPDATED,
        ),
        event_at=("opened_at",),
        rules=(
            _order("opened_at", "answered_at"),
            _order("opened_at", "closed_at"),
            _order("answered_at", "closed_at"),
        ),
    ),
    Feed(
        "crm_agents",
        "crm",
        "agents",
        ("agent_id", "valid_from"),
        (
            _text("agent_id", False, identity="agent"),
            _text("team"),
            _text("site"),
            _money("hourly_cost"),
            _at("valid_from", False),
            _at("valid_to", may_be_future=True),
        ),
        event_at=("valid_from",),
        rules=(
            _order("valid_from", "valid_to"),
            RowRule("hourly_cost_not_negative", "hourly_cost < 0", "hourly_cost is negative"),
        ),
    ),
    Feed(
        "crm_evaluations",
        "crm",
        "evaluations",
        ("evaluation_id", "item_code"),
        (
            _text("evaluation_id", False),
            _text("contact_id", False),
            _text("evaluator_id", False, identity="agent"),
            _text("grid_version", False, reference="evaluation_items.grid_version"),
            _text("item_code", False, reference="evaluation_items.item_code"),
            _text("level_code", reference="evaluation_levels.level_code"),
            _at("evaluated_at", False),
        ),
        event_at=("evaluated_at",),
        is_optional=True,
    ),
    Feed(
        "crm_subscriptions",
        "crm",
        "subscriptions",
        ("subscription_id",),
        (
            _text("subscription_id", False),
            _text("customer_id", False, identity="customer"),
            _text("plan"),
            _money("monthly_amount", False),
            _text("currency", False),
            _at("started_at", False),
            _at("cancellation_requested_at"),
            _at("ended_at", may_be_future=True),
            _text("end_reason"),
            _UPDATED,
        ),
        event_at=("started_at",),
        rules=(_order("started_at", "ended_at"),),
        is_optional=True,
    ),
    Feed(
        "crm_leads",
        "crm",
        "leads",
        ("lead_id",),
        (_text("lead_id", False), _CUSTOMER, _at("created_at", False), _at("converted_at"), _text("source")),
        event_at=("created_at",),
        rules=(_order("created_at", "converted_at"),),
        is_optional=True,
    ),
    Feed(
        "crm_assignments",
        "crm",
        "assignments",
        ("experiment_code", "customer_id"),
        (
            _text("experiment_code", False),
            _text("customer_id", False, identity="customer"),
            _text("arm", False, allowed=("treated", "held_out")),
            _at("assigned_at", False),
        ),
        event_at=("assigned_at",),
        is_optional=True,
    ),
    Feed(
        "identity_links",
        "crm",
        "identity_links",
        ("key_space_a", "key_a", "key_space_b", "key_b"),
        (_text("key_space_a", False), _text("key_a", False), _text("key_space_b", False), _text("key_b", False)),
        is_optional=True,
    ),
    Feed(
        "pos_transactions",
        "pos",
        "transactions",
        ("transaction_id", "line_number"),
        (
            _text("transaction_id", False),
            _int("line_number", False),
            _at("sold_at", False),
            _text("store_id"),
            _text("sales_channel", False, allowed=("store", "web", "app", "phone")),
            _CUSTOMER,
            _text("loyalty_card_id", identity="loyalty"),
            _EMAIL,
            _text("product_id"),
            Column("quantity", "decimal", False),
            _money("net_amount", False),
            _money("discount_amount"),
            _text("currency", False),
            _text("returned_transaction_id"),
            _bool("is_cancelled"),
            _UPDATED,
        ),
        event_at=("sold_at",),
    ),
    Feed(
        "pos_products",
        "pos",
        "products",
        ("product_id",),
        (
            _text("product_id", False),
            _text("label"),
            _text("category"),
            _text("brand"),
            Column("margin_rate", "rate", True, minimum=0, maximum=1),
        ),
        is_optional=True,
    ),
    Feed(
        "pos_stores",
        "pos",
        "stores",
        ("store_id",),
        (_text("store_id", False), _text("label"), _text("region"), _text("time_zone")),
        is_optional=True,
    ),
    Feed(
        "loyalty_members",
        "loyalty",
        "members",
        ("loyalty_card_id",),
        (
            _text("loyalty_card_id", False, identity="loyalty"),
            _CUSTOMER,
            _EMAIL,
            _PHONE,
            _text("tier"),
            _at("joined_at", False),
            _at("left_at"),
            _UPDATED,
        ),
        event_at=("joined_at",),
        rules=(_order("joined_at", "left_at"),),
    ),
    Feed(
        "loyalty_movements",
        "loyalty",
        "movements",
        ("movement_id",),
        (
            _text("movement_id", False),
            _text("loyalty_card_id", False, identity="loyalty"),
            _at("moved_at", False),
            _text("kind", False, allowed=("earn", "burn", "expire", "adjust")),
            _int("points", False),
            _text("transaction_id"),
            _text("reward_id"),
        ),
        event_at=("moved_at",),
    ),
    Feed(
        "loyalty_rewards",
        "loyalty",
        "rewards",
        ("reward_id",),
        (
            _text("reward_id", False),
            _text("label"),
            _text("kind", False, allowed=("monetary", "experience", "challenge", "partner")),
            _money("cost_amount"),
        ),
        is_optional=True,
    ),
    Feed(
        "survey_responses",
        "survey",
        "responses",
        ("response_id",),
        (
            _text("response_id", False),
            _text("survey_id", False),
            _text("question_code", False, reference="survey_questions.question_code"),
            _text("contact_id"),
            _CUSTOMER,
            _at("sent_at"),
            _at("answered_at"),
            Column("score", "decimal", True),
            _text("verbatim"),
            _text("language"),
        ),
        event_at=("sent_at", "answered_at"),
        rules=(
            _order("sent_at", "answered_at"),
            RowRule(
                "has_an_instant",
                "sent_at is null and answered_at is null",
                "sent_at and answered_at are both missing",
            ),
        ),
    ),
    Feed(
        "web_sessions",
        "web",
        "sessions",
        ("session_id",),
        (
            _text("session_id", False),
            _CUSTOMER,
            _EMAIL,
            _at("started_at", False),
            _int("page_views", False, 0),
            _int("help_page_views", minimum=0),
            _int("search_count", minimum=0),
            _money("cart_amount"),
        ),
        event_at=("started_at",),
        is_optional=True,
    ),
)

FEEDS: dict[str, Feed] = {feed.name: feed for feed in _FEEDS}

TECHNICAL_COLUMNS: dict[str, str] = {
    "batch_id": "varchar",
    "sequence": "bigint",
    "source_file": "varchar",
    "file_hash": "varchar",
    "source_line": "bigint",
    "row_hash": "bigint",
    "version_at": "timestamp",
    "is_tombstone": "boolean",
}


def key_columns(feed: Feed) -> dict[str, str]:
    """Columns that landing adds for identity: name -> DuckDB type.

    For each column with an identity: `<column>_key_space`, `<column>_key` (normalised text) and `<column>_hash`
    (sha256 of salt || key space || ':' || normalised key, hexadecimal). `identity_links` has them for both sides.
    """
    names = [column.name for column in feed.columns if column.identity]
    if feed.name == "identity_links":
        return {f"{side}_{part}": "varchar" for side in ("key_a", "key_b") for part in ("key", "hash")}
    return {f"{name}_{part}": "varchar" for name in names for part in ("key_space", "key", "hash")}


def raw_schema(feed: Feed) -> dict[str, str]:
    """All columns of a raw Parquet file of the feed, in order: name -> DuckDB type."""
    business = {column.name: SQL_TYPES[column.type] for column in feed.columns}
    return business | key_columns(feed) | TECHNICAL_COLUMNS
