"""The model of `company.yml`: what a user may say about a company and its exports, with defaults, checked.

Here: reading the file, its types, its rules, and the salt. Not here: reading exports (`feeds/`), the reference
tables (`company/reference.py`), and the environment, which is passed in (only `settings.py` reads it).
All problems of a file are reported at once, each as `company.yml: key.path: what is wrong; what was expected`.
"""

from __future__ import annotations

import codecs
import re
import reprlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from dagster_project.company.errors import ConfigurationError, did_you_mean
from dagster_project.company.expressions import problem_of_expression, problem_of_query
from dagster_project.feeds.contract import FEEDS, Feed

FILE_NAME = "company.yml"
DEFAULT_SALT_ENV = "SERVICE_VALUE_SALT"
# A simulated company has no real person to protect, and its figures must be the same on every machine.
SIMULATED_SALT = "simulated-company-without-real-persons"
# A company with every feed has some 500 values.
LARGEST_CONFIGURATION = 100_000
MERGE_TAG = "tag:yaml.org,2002:merge"
DEFAULT_REQUIRED = ("crm_contacts", "pos_transactions")
READERS_BY_EXTENSION = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "parquet": "parquet",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "xlsx": "xlsx",
}
TYPED_READERS = ("parquet", "json", "xlsx")

Text = Annotated[StrictStr, Field(min_length=1)]
Reader = Literal["csv", "parquet", "json", "xlsx", "sql"]

_DURATION = re.compile(r"(\d+) (minute|hour|day|week)s?")
_DATE_PARTS = re.compile(r"%[-]?[a-zA-Z]")


def parse_duration(text: object) -> timedelta:
    """`1 day`, `36 hours`, `90 minutes`, `2 weeks` as a timedelta. Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(str(text).strip())
    if match is None or match[1].strip("0") == "":
        raise ValueError(f"{text!r} is not a duration; expected for example '1 day' or '36 hours'")
    return timedelta(**{match[2] + "s": int(match[1])})


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_sign(value: object) -> object:
    """`'\t'` between single quotes is two signs to YAML; nobody means anything but the tab."""
    return "\t" if value == "\\t" else value


def _as_expressions(value: object) -> object:
    """Numbers and truth values are fixed values; a null entry takes a column out of a preset."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        return value
    return {
        name: (str(item).lower() if isinstance(item, (bool, int, float)) else item)
        for name, item in value.items()
        if item is not None
    }


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def number_is_no_truth_value(cls, value: object, info: ValidationInfo) -> object:
        """pydantic reads `true` as 1: a history of one month is not what anyone meant."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            raise ValueError(f"expected a number, found {str(value).lower()}")
        return value


class Profile(_Model):
    """Who the company is."""

    name: Text
    language: Literal["fr", "en"] = "fr"
    country: Text = "FR"
    time_zone: StrictStr = ""
    currency: Text = "EUR"
    simulated: bool = False


class Windows(_Model):
    repeat_contact_days: int = Field(default=7, ge=1, le=90)
    repurchase_days: tuple[int, ...] = (30, 60, 90)
    rescue_days: int = Field(default=90, ge=1, le=365)
    secured_revenue_months: int = Field(default=12, ge=1, le=60)


class Rescue(_Model):
    """Who of the customers at risk is left out of the agents' list, by chance, so that its effect can be known. 0: nobody."""

    held_out_share: float = Field(default=0.1, ge=0, le=0.5)


class Options(_Model):
    """How the values of a source are written. `optional_columns`: source columns that a file may lack (then null)."""

    delimiter: Annotated[StrictStr, BeforeValidator(_as_sign)] = ","
    quote: StrictStr = '"'
    escape: StrictStr | None = None
    encoding: Text = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'", "’"] | None = None
    date_format: Annotated[tuple[Text, ...], BeforeValidator(_as_list)] = ()
    null_tokens: tuple[StrictStr, ...] = ("",)
    skip_lines: int = Field(default=0, ge=0, le=1000)
    sheet: Text | None = None
    optional_columns: tuple[Text, ...] = ()


class FeedConfiguration(_Model):
    """One configured feed, after its preset was applied. `columns`: feed column -> SQL expression over the source."""

    reader: Reader
    location: Text | None = None
    preset: Text | None = None
    dsn_env: Text | None = None
    cursor: Text | None = None
    options: Options = Options()
    time_zone: StrictStr | None = None
    date_precision: Literal["second", "day"] = "second"
    columns: Annotated[dict[str, StrictStr], BeforeValidator(_as_expressions)] = {}
    query: Text | None = None
    load: Literal["delta", "full"] = "delta"
    expected_every: Duration | None = None
    late_after: Duration | None = None
    covers_until: date | None = None
    key_space: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "crm"
    maximum_quarantine_share: float = Field(default=0.01, ge=0, le=1)
    maximum_vanished_share: float = Field(default=0.5, ge=0, le=1)
    _query_text: str | None = PrivateAttr(default=None)

    @property
    def query_text(self) -> str | None:
        """The text of the mapping file that `query` names."""
        return self._query_text


class IdentityRules(_Model):
    trusted_keys: tuple[Literal["customer_id", "loyalty_card_id", "email", "phone"], ...] = (
        "customer_id",
        "loyalty_card_id",
        "email",
        "phone",
    )
    blocked_keys: tuple[StrictStr, ...] = ()
    largest_cluster: int = Field(default=20, ge=2, le=10_000)
    shared_key_limit: int = Field(default=5, ge=1, le=10_000)


class Privacy(_Model):
    salt_env: Text = DEFAULT_SALT_ENV
    keep_raw_months: int = Field(default=36, ge=1, le=600)
    erasure_list: Text | None = None


class Publish(_Model):
    keep: int = Field(default=10, ge=1, le=1000)
    parquet: bool = True
    postgres_dsn_env: Text | None = None


class Pack(_Model):
    audience: Text
    language: Literal["fr", "en"] = "fr"
    every: Literal["day", "week", "month", "quarter"] = "month"
    formats: tuple[Literal["html", "xlsx", "pdf"], ...] = Field(default=("html", "xlsx"), min_length=1)
    recipients_env: Text | None = None


class Company(_Model):
    """The whole of `company.yml`, valid. `company` is the profile; `feeds` holds the configured feeds only."""

    company: Profile
    as_of_date: date | None = None
    required: tuple[Text, ...] = ()
    history_months: int = Field(default=36, ge=1, le=600)
    windows: Windows = Windows()
    rescue: Rescue = Rescue()
    minimum_sample: int = Field(default=30, ge=1, le=100_000)
    feeds: dict[str, FeedConfiguration]
    identity: IdentityRules = IdentityRules()
    privacy: Privacy = Privacy()
    publish: Publish = Publish()
    packs: tuple[Pack, ...] = ()

    @property
    def time_zone(self) -> str:
        return self.company.time_zone

    @property
    def currency(self) -> str:
        return self.company.currency


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice (YAML would silently keep the last one) and a text that grows too large."""

    def construct_document(self, node: yaml.Node) -> Any:
        """The content of a document, aliases written out: ten levels of ten would fill any memory where they are printed."""
        if _expanded_size(node, {}) > LARGEST_CONFIGURATION:
            raise yaml.MarkedYAMLError(
                None, None, f"its aliases grow to more than {LARGEST_CONFIGURATION} values", node.start_mark
            )
        return super().construct_document(node)


def _expanded_size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node holds once its aliases are written out. One that contains itself is refused by the loader."""
    if id(node) not in known:
        known[id(node)] = 1
        inner: Iterable[yaml.Node] = ()
        if isinstance(node, yaml.SequenceNode):
            inner = node.value
        elif isinstance(node, yaml.MappingNode):
            inner = (part for pair in node.value for part in pair)
        known[id(node)] = 1 + sum(_expanded_size(part, known) for part in inner)
    return known[id(node)]


def _timestamp_or_text(loader: _Loader, node: yaml.ScalarNode) -> Any:
    """A day that no calendar has stays a text: whoever checks the key can then name it, which YAML cannot."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


def _mapping_without_duplicates(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == MERGE_TAG:
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int, float, bool, date)) and key is not None:
            raise yaml.MarkedYAMLError(None, None, "a key must be a text", key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(
                None, None, f"the key {key!r} is written twice (first on line {seen[key]})", key_node.start_mark
            )
        seen[key] = key_node.start_mark.line + 1
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp_or_text)


def read_yaml(text: str, name: str) -> Any:
    """The content of a YAML text. Raises ConfigurationError naming `name` and the line."""
    try:
        # JSON may be indented with tabs, which YAML refuses.
        return yaml.load(text.replace("\t", "  ") if text.lstrip().startswith("{") else text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{name}:{where}: {error.problem or error.context or 'is not YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: is not YAML: {error}") from None


@lru_cache(maxsize=1)
def preset_names() -> tuple[str, ...]:
    """The names of the presets that the project ships."""
    folder = files("dagster_project.company") / "presets"
    return tuple(sorted(item.name[: -len(".yml")] for item in folder.iterdir() if item.name.endswith(".yml")))


@lru_cache(maxsize=32)
def read_preset(name: str) -> dict[str, dict[str, Any]]:
    """A preset: feed name -> the configuration of that feed. Raises KeyError for an unknown name."""
    if name not in preset_names():
        raise KeyError(name)
    path = files("dagster_project.company") / "presets" / f"{name}.yml"
    content = read_yaml(path.read_text(encoding="utf-8"), f"presets/{name}.yml")
    return dict(content["feeds"])


def load_company(home: Path) -> Company:
    """Read and check `HOME/company.yml`. Raises ConfigurationError with everything that is wrong."""
    path = home / FILE_NAME
    if not home.is_dir():
        raise ConfigurationError(f"{home}: the home folder does not exist")
    if not path.is_file():
        raise ConfigurationError(f"{path}: does not exist; a home folder needs this one file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{FILE_NAME}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    content = read_yaml(text, FILE_NAME)
    if not isinstance(content, dict):
        raise ConfigurationError(f"{FILE_NAME}: expected keys such as company and feeds, found {_kind(content)}")
    return _Check(home).company(content)


def without_effect(company: Company) -> list[str]:
    """What is configured and valid, but not done by this version: a sentence each, so that nobody relies on it."""
    said = {
        "privacy.keep_raw_months": (
            "keep_raw_months" in company.privacy.model_fields_set,
            "raw is kept whole; remove old files yourself",
        ),
        "publish.postgres_dsn_env": (
            company.publish.postgres_dsn_env is not None,
            "nothing is written to PostgreSQL; read published/service_value.duckdb or its Parquet files",
        ),
        "packs.recipients_env": (
            any(pack.recipients_env is not None for pack in company.packs),
            "no mail is sent; the packs are in outbox/",
        ),
        "packs.formats": (
            any("pdf" in pack.formats for pack in company.packs),
            "no PDF is made; print the HTML page to PDF",
        ),
    }
    return [f"{FILE_NAME}: {key}: has no effect in this version: {instead}" for key, (is_set, instead) in said.items() if is_set]


def resolve_salt(company: Company, environment: Mapping[str, str]) -> str:
    """The salt of the keyed hashes. Raises ConfigurationError when it is missing and the company is not simulated."""
    name = company.privacy.salt_env
    salt = environment.get(name, "")
    if salt:
        return salt
    if company.company.simulated:
        return SIMULATED_SALT
    raise ConfigurationError(
        f"{FILE_NAME}: privacy.salt_env: the environment variable {name} is not set; set it to a long secret text that "
        "never changes: customers' keys are hashed with it (only a company marked simulated: true may go without)"
    )


def _near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: the nearest known name as a question, or a full stop."""
    return did_you_mean(name, known) or "."


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    shown = reprlib.repr(value) if isinstance(value, (dict, list)) else repr(value)
    return f"{type(value).__name__} {shown}"[:80]


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The preset with the user's own entries on top; `options` and `columns` are merged key by key."""
    merged = dict(base) | dict(over)
    for key in ("options", "columns"):
        below, above = base.get(key), over.get(key)
        if isinstance(below, dict) and isinstance(above, dict):
            merged[key] = below | above
    if "query" in over and "columns" in base and "columns" not in over:
        merged.pop("columns", None)
    return merged


def _is_encoding(name: str) -> bool:
    """Whether a text of some length survives the way and back: `idna` is an encoding to Python, but of host names."""
    text = 'ticket;"montant"\r\n' * 20
    try:
        return codecs.getincrementaldecoder(name)("strict").decode(text.encode(name), final=True) == text
    except (LookupError, ValueError, TypeError):
        return False


class _Check:
    """One pass over the content of a file; `problems` collects every sentence."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.problems: list[str] = []

    def add(self, path: str, message: str) -> None:
        self.problems.append(f"{FILE_NAME}: {path}: {message}")

    def company(self, content: dict[Any, Any]) -> Company:
        raw_feeds = content.get("feeds")
        feeds: dict[str, FeedConfiguration] = {}
        if not isinstance(raw_feeds, dict) or not raw_feeds:
            self.add("feeds", f"expected at least one feed of {', '.join(FEEDS)}; found {_kind(raw_feeds)}")
        else:
            for name, raw in raw_feeds.items():
                checked = self.feed(str(name), raw)
                if checked is not None:
                    feeds[str(name)] = checked
        rest: Company | None = self.validate(Company, {**content, "feeds": {}}, "")
        if rest is not None:
            rest = self.rules(rest, feeds, list(raw_feeds) if isinstance(raw_feeds, dict) else [])
        if self.problems or rest is None:
            raise ConfigurationError(self.problems)
        return rest

    def validate(self, model: type[Any], content: object, prefix: str) -> Any:
        try:
            return model.model_validate(content)
        except ValidationError as error:
            for fault in error.errors():
                self.add(*_sentence(model, fault, prefix))
            return None

    def feed(self, name: str, raw: object) -> FeedConfiguration | None:
        path = f"feeds.{name}"
        contract = FEEDS.get(name)
        if contract is None:
            self.add(path, f"is not a feed{_near(name, FEEDS)} The feeds are: {', '.join(FEEDS)}")
            return None
        if not isinstance(raw, dict):
            self.add(path, f"expected keys such as reader, location, time_zone, columns; found {_kind(raw)}")
            return None
        before = len(self.problems)
        content = self.with_preset(name, raw, path)
        if content is None:
            return None
        self.infer_reader(content, path)
        checked: FeedConfiguration | None = self.validate(FeedConfiguration, content, path)
        self.feed_columns(contract, content, path)
        if checked is None:
            return None
        self.feed_rules(contract, checked, content, path)
        return checked if len(self.problems) == before else None

    def with_preset(self, name: str, raw: dict[Any, Any], path: str) -> dict[str, Any] | None:
        content = {str(key): value for key, value in raw.items()}
        preset = content.get("preset")
        if preset is None:
            return content
        if preset not in preset_names():
            self.add(
                f"{path}.preset",
                f"{preset!r} is not a preset{_near(str(preset), preset_names())} The presets are: {', '.join(preset_names())}",
            )
            return None
        served = read_preset(str(preset))
        if name not in served:
            self.add(f"{path}.preset", f"the preset {preset} serves {', '.join(served)}, not {name}")
            return None
        return _merge(served[name], content)

    def infer_reader(self, content: dict[str, Any], path: str) -> None:
        location = content.get("location")
        if content.get("reader") is not None or not isinstance(location, str):
            return
        parts = Path(location).name.lower().split(".")[1:]
        known = [READERS_BY_EXTENSION[part] for part in reversed(parts) if part in READERS_BY_EXTENSION]
        if known:
            content["reader"] = known[0]
        else:
            self.add(
                f"{path}.reader",
                f"is missing and cannot be told from the location {location!r}; expected csv, parquet, json, xlsx",
            )
            content["reader"] = "csv"

    def feed_columns(self, contract: Feed, content: dict[str, Any], path: str) -> None:
        columns, query = content.get("columns"), content.get("query")
        if columns is not None and query is not None:
            self.add(path, "has both columns and query; expected exactly one of columns, query, preset")
            return
        if not columns and query is None:
            self.add(path, "has no mapping; expected exactly one of columns, query, preset")
            return
        if not isinstance(columns, dict):
            return
        names = [column.name for column in contract.columns]
        for name, expression in columns.items():
            if name not in names:
                self.add(
                    f"{path}.columns.{name}",
                    f"is not a column of {contract.name}{_near(str(name), names)} The columns are: {', '.join(names)}",
                )
            elif isinstance(expression, str):
                problem = problem_of_expression(expression)
                if problem:
                    self.add(f"{path}.columns.{name}", problem)
        for column in contract.columns:
            if not column.is_nullable and columns.get(column.name) is None:
                self.add(
                    f"{path}.columns.{column.name}",
                    f"is missing; {contract.name} needs this column: give the name "
                    "of a source column, or an SQL expression over the columns of the source",
                )

    def feed_rules(self, contract: Feed, feed: FeedConfiguration, content: dict[str, Any], path: str) -> None:
        if feed.reader == "sql":
            self.sql_reader(feed, path)
        else:
            self.location(feed, path)
        self.zone(feed.time_zone, f"{path}.time_zone")
        if feed.time_zone is None and any(column.type == "timestamp" for column in contract.columns):
            self.add(
                f"{path}.time_zone",
                "is missing; expected the time zone of the times in this source, for example Europe/Paris or UTC",
            )
        if feed.load != "full" and "maximum_vanished_share" in feed.model_fields_set:
            self.add(f"{path}.maximum_vanished_share", "is for load: full only; keys do not vanish from a delta")
        if feed.query is not None:
            self.query(feed, path)
        self.formats(feed, path)
        if feed.reader in TYPED_READERS and feed.options.thousands == ".":
            self.add(
                f"{path}.options.thousands",
                f"cannot be '.' with the reader {feed.reader}: its numbers are typed, and 1.234 would be both 1.234 and 1234",
            )
        if feed.options.thousands is not None and feed.options.thousands == feed.options.decimal:
            self.add(f"{path}.options.thousands", "is the same sign as options.decimal")
        if feed.reader == "csv":
            self.signs(feed.options, f"{path}.options")
        if feed.reader in ("csv", "json") and not _is_encoding(feed.options.encoding):
            self.add(
                f"{path}.options.encoding",
                f"{feed.options.encoding!r} is not an encoding of texts; expected for example utf-8, cp1252, latin-1, utf-16",
            )

    def signs(self, options: Options, path: str) -> None:
        """The signs that take a line of csv apart: one each, and not one for two purposes."""
        if len(options.delimiter) != 1 or options.delimiter in "\r\n\x00":
            self.add(f"{path}.delimiter", f"is {options.delimiter!r}; expected one sign, for example ';' or '\\t'")
        for name, sign in (("quote", options.quote), ("escape", options.escape or "")):
            if len(sign) > 1 or not sign.isascii() or sign in ("\r", "\n", "\x00"):
                self.add(f"{path}.{name}", f"is {sign!r}; expected one ASCII sign, or an empty text for none")
            elif sign and sign == options.delimiter:
                self.add(f"{path}.{name}", f"is {sign!r}, the same sign as options.delimiter")

    def sql_reader(self, feed: FeedConfiguration, path: str) -> None:
        for key in ("dsn_env", "query"):
            if getattr(feed, key) is None:
                self.add(f"{path}.{key}", "is missing; the reader sql needs it")
        self.add(f"{path}.reader", "this version reads files only; export the table to csv or parquet and use that reader")

    def location(self, feed: FeedConfiguration, path: str) -> None:
        for key in ("dsn_env", "cursor"):
            if getattr(feed, key) is not None:
                self.add(f"{path}.{key}", f"is for the reader sql only; this feed's reader is {feed.reader}")
        if feed.location is None:
            self.add(f"{path}.location", "is missing; expected a path with wildcards, for example inbox/pos/*.csv")
        elif not Path(feed.location).is_absolute() and ".." in Path(feed.location).parts:
            self.add(
                f"{path}.location",
                f"{feed.location!r} leaves the home folder; expected a path inside it, or an absolute path",
            )

    def zone(self, name: str | None, path: str) -> None:
        if name is not None and name not in available_timezones():
            self.add(
                path,
                f"{name!r} is not a time zone{_near(name, available_timezones())} Expected a name such as "
                "Europe/Paris, America/New_York or UTC",
            )

    def query(self, feed: FeedConfiguration, path: str) -> None:
        name = str(feed.query)
        if Path(name).is_absolute() or ".." in Path(name).parts:
            self.add(f"{path}.query", f"{name!r} leaves the home folder; expected a file such as mappings/tickets.sql")
            return
        file = self.home / name
        if not file.is_file():
            near = did_you_mean(file.name, [item.name for item in file.parent.glob("*.sql")])
            self.add(f"{path}.query", f"the file {name} does not exist{near}")
            return
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self.add(f"{path}.query", f"{name} cannot be read ({error}); expected a text file in UTF-8")
            return
        problem = problem_of_query(text)
        if problem:
            self.add(f"{path}.query", f"{name}: {problem}")
        feed._query_text = text

    def formats(self, feed: FeedConfiguration, path: str) -> None:
        orders = set()
        for text in feed.options.date_format:
            parts = [part[-1] for part in _DATE_PARTS.findall(text)]
            if not parts:
                self.add(
                    f"{path}.options.date_format",
                    f"{text!r} is not a date format; expected for example '%d/%m/%Y %H:%M'",
                )
            unknown = sorted(set(parts) - set("dmyYHMSIpzjbBfgnaA"))
            if unknown:
                self.add(f"{path}.options.date_format", f"{text!r}: %{unknown[0]} is not known")
            first = [part for part in parts if part in "dm"]
            if len(first) == 2 and parts[0] in "dm":
                orders.add(first[0])
        if len(orders) > 1:
            self.add(
                f"{path}.options.date_format",
                "has day-first and month-first formats: 03/04 would be both the "
                "3rd of April and the 4th of March; expected one order",
            )

    def rules(self, company: Company, feeds: dict[str, FeedConfiguration], named: list[Any]) -> Company:
        profile = company.company
        zones = {feed.time_zone for feed in feeds.values() if feed.time_zone}
        if profile.time_zone:
            self.zone(profile.time_zone, "company.time_zone")
        elif len(zones) == 1:
            profile = profile.model_copy(update={"time_zone": zones.pop()})
        elif len(feeds) == len(named):
            # A feed that is wrong itself says nothing of its time zone.
            self.add("company.time_zone", "is missing and the feeds do not agree on one; expected for example Europe/Paris")
        if not re.fullmatch("[A-Z]{2}", profile.country):
            self.add("company.country", f"{profile.country!r} is not an ISO 3166 code of two capitals, for example FR")
        if not re.fullmatch("[A-Z]{3}", profile.currency):
            self.add("company.currency", f"{profile.currency!r} is not an ISO 4217 code of three capitals, for example EUR")
        days = company.windows.repurchase_days
        if not set(days) <= {30, 60, 90} or 60 not in days or len(set(days)) != len(days):
            self.add("windows.repurchase_days", f"{list(days)} is not a choice of 30, 60 and 90 that holds 60 (the headline)")
        for name in company.required:
            if name not in named:
                known = did_you_mean(name, [str(item) for item in named])
                self.add("required", f"{name} is not a configured feed{known}")
            elif name in FEEDS and not FEEDS[name].event_at:
                self.add("required", f"{name} has no time and cannot bound the as-of date")
        seen: set[tuple[str, str]] = set()
        for number, pack in enumerate(company.packs):
            # Both would be written to the same files.
            if (pack.audience, pack.language) in seen:
                self.add(f"packs.{number}", f"is a second pack for {pack.audience} in {pack.language}; expected one of each")
            seen.add((pack.audience, pack.language))
        return company.model_copy(
            update={
                "company": profile,
                "feeds": feeds,
                "required": company.required or default_required(feeds),
            }
        )


def default_required(feeds: Mapping[str, FeedConfiguration]) -> tuple[str, ...]:
    """Contacts and tickets where they are configured; where neither is, every configured feed that has a time."""
    chosen = tuple(name for name in DEFAULT_REQUIRED if name in feeds)
    return chosen or tuple(name for name in FEEDS if name in feeds and FEEDS[name].event_at)


def _sentence(model: type[BaseModel], fault: Any, prefix: str) -> tuple[str, str]:
    """Key path and sentence for one fault that pydantic found."""
    location = [str(part) for part in fault["loc"]]
    path = ".".join([prefix, *location] if prefix else location)
    kind, value, context = fault["type"], fault.get("input"), fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        return path, f"is not a known key{_near(location[-1], known)} Expected one of: {', '.join(known)}"
    if kind == "missing":
        return path, "is missing"
    if kind == "value_error":
        return path, str(context.get("error", fault["msg"]))
    if kind == "literal_error":
        near = did_you_mean(str(value), re.findall(r"'([^']+)'", str(context.get("expected", ""))))
        return path, f"{value!r} is not allowed{near or '.'} Expected {context.get('expected')}"
    if kind == "string_type" and isinstance(value, bool):
        return path, f"expected a text; YAML reads this as {str(value).lower()}: put it between quotes"
    if kind == "string_type":
        return path, f"expected a text, found {_kind(value)}: put it between quotes"
    return path, f"{fault['msg'][0].lower()}{fault['msg'][1:]}, found {_kind(value)}"


def _keys_at(model: type[BaseModel], location: list[str]) -> list[str]:
    """The known keys at a place of the configuration."""
    inner: dict[str, type[BaseModel]] = {
        "company": Profile,
        "windows": Windows,
        "options": Options,
        "identity": IdentityRules,
        "privacy": Privacy,
        "publish": Publish,
        "packs": Pack,
    }
    for part in location:
        model = inner.get(part, model)
    return list(model.model_fields)
