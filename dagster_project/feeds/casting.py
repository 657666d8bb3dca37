"""From text to the types of the contract, exactly or not at all: what does not survive the way and back is refused.

DuckDB's own CSV typing rounds 12.75 to 13 when early rows are integers, so nothing is guessed: every value is checked
by pattern, cast, and refused with a reason that names the column. A row with several faults has several reasons.
The SQL is built from the contract; rows never pass through Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pyarrow as pa

from dagster_project.company.model import TYPED_READERS, FeedConfiguration, Options
from dagster_project.feeds import sql
from dagster_project.feeds.contract import SQL_TYPES, Column, Feed
from dagster_project.feeds.keys import key_items
from dagster_project.feeds.mapping import HIDDEN_FILE, HIDDEN_LINE, Mapping

TRUE_TEXTS = ("true", "t", "yes", "y", "1", "oui", "o", "vrai", "v")
FALSE_TEXTS = ("false", "f", "no", "n", "0", "non", "faux")
FUTURE_TOLERANCE = timedelta(days=1)
FIRST_YEAR = 1900
# A date further away than this is refused even in a column that may lie in the future.
LAST_YEAR = 2199

_ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = "[ T]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,6}0*)?)?"
_OFFSET = " ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_SPACES = (" ", "\u00a0", "\u202f", "\u2009")


@dataclass(frozen=True)
class Casting:
    """The context of a landing: `clock` is the instant of landing, `references` the reference tables by name."""

    feed: Feed
    configuration: FeedConfiguration
    mapping: Mapping
    company_zone: str
    currency: str
    country: str
    clock: datetime
    references: MappingType[str, pa.Table]

    @property
    def options(self) -> Options:
        return self.configuration.options

    @property
    def zone(self) -> str:
        """Time zone of the local times. A source that has days only means the company's days, wherever its tills stand."""
        return self.company_zone if self.configuration.date_precision == "day" else self.configuration.time_zone or "UTC"

    def reads_both(self, column: Column) -> bool:
        """Typed readers give ISO dates and canonical numbers beside what the configuration says."""
        return self.configuration.reader in TYPED_READERS or column.name in self.mapping.canonical


@dataclass(frozen=True)
class _Fault:
    condition: str
    code: str
    value: str | None


def typed_select(casting: Casting) -> str:
    """The SELECT over the mapping that yields typed columns, `_key` columns, and the faults of each row.

    Columns: `__file_no`, `__line`, the columns of the contract (null where the value is refused), `<column>_key`,
    `__row_hash` (63 bits of md5 over the typed columns), `__ambiguous`, `__missing` (local hours that exist twice or
    not at all), `__codes` (names of the faults, without values; null for a good row), `__reasons` (with values),
    `__original` (the mapped texts of a refused row).
    """
    feed = casting.feed
    # A column that the mapping leaves out is a constant null to the end: half of the columns, and of the time.
    columns = [column for column in feed.columns if column.name in casting.mapping.mapped]
    absent = [column for column in feed.columns if column.name not in casting.mapping.mapped]
    tokens = sorted({token.strip() for token in casting.options.null_tokens} | {""})
    texts = [
        f"case when trim({sql.name(column.name)}) in {sql.members(tokens)} then null "
        f"else trim({sql.name(column.name)}) end as {_t(column)}"
        for column in columns
    ]
    # Two steps for instants: the local time first, then UTC, so that the local time is there for the DST counts.
    firsts, seconds, ambiguous, missing = [], [], [], []
    for column in columns:
        name = sql.name(column.name)
        if column.type == "timestamp":
            local, with_offset = _instant(casting, column)
            zone = casting.zone
            firsts.append(f"{local} as {_l(column)}")
            firsts.append(f"{with_offset} as {_o(column)}")
            if zone == "UTC":
                seconds.append(f"coalesce({_l(column)}, {_o(column)}) as {name}")
            else:
                resolved = f"timezone('UTC', timezone({sql.text(zone)}, {_l(column)}))"
                seconds.append(f"coalesce({resolved}, {_o(column)}) as {name}")
                near = _near_transition(zone, _l(column))
                if near is not None:
                    again = f"timezone({sql.text(zone)}, timezone('UTC', {name}))"
                    twice = " or ".join(
                        f"timezone({sql.text(zone)}, timezone('UTC', {name} - interval {minutes} minute)) = {_l(column)}"
                        for minutes in _transitions(zone).minutes
                    )
                    missing.append(f"case when {near} then ({again} <> {_l(column)})::integer else 0 end")
                    ambiguous.append(f"case when {near} then ({twice})::integer else 0 end")
        else:
            firsts.append(f"{_value(casting, column)} as {name}")
            seconds.append(name)
    faults = [fault for column in columns for fault in _column_faults(casting, column)]
    faults += [_Fault(f"({rule.is_broken})", rule.reason, None) for rule in feed.rules]
    faults += _currency_faults(casting)
    anything = " or ".join(f"coalesce({fault.condition}, false)" for fault in faults)
    codes = ", ".join(f"case when {fault.condition} then {sql.text(fault.code)} end" for fault in faults)
    reasons = ", ".join(
        f"case when {fault.condition} then {sql.text(fault.code)}"
        + (f" || ': ' || coalesce({fault.value}, '')" if fault.value else "")
        + " end"
        for fault in faults
    )
    original = ", ".join(f"{sql.text(column.name)}: {_t(column)}" for column in columns)
    seconds += [f"null::{SQL_TYPES[column.type]} as {sql.name(column.name)}" for column in absent]
    keys = [
        f"{rule if name.removesuffix('_key') in casting.mapping.mapped else 'null::varchar'} as {sql.name(name)}"
        for name, rule in key_items(feed, casting.configuration.key_space, casting.country)
    ]
    # A null is told from an empty text, and a value from its neighbour, by signs that no export holds.
    business = ", ".join(
        "chr(30)" if column in absent else f"coalesce({sql.name(column.name)}::varchar, chr(30))" for column in feed.columns
    )
    hidden = f"{HIDDEN_FILE}, {HIDDEN_LINE}"
    all_texts = ", ".join(_t(column) for column in columns)
    locals_ = ", ".join(f"{_l(column)}, {_o(column)}" for column in columns if column.type == "timestamp")
    names = ", ".join(sql.name(column.name) for column in feed.columns)
    return f"""
        with mapped as ({casting.mapping.select}),
        texts as (select {hidden}, {", ".join(texts)} from mapped),
        firsts as (select {hidden}, {all_texts}, {", ".join(firsts)} from texts),
        typed as (select {hidden}, {all_texts}, {locals_ + ", " if locals_ else ""}{", ".join(seconds)} from firsts),
        checked as (select *, {anything} as __is_faulty from typed)
        select {hidden}, {names}{"".join(", " + key for key in keys)},
            (md5_number_lower(concat_ws(chr(31), {business})) >> 1)::bigint as __row_hash,
            ({" + ".join(f"coalesce({item}, 0)" for item in ambiguous) or "0"})::integer as __ambiguous,
            ({" + ".join(f"coalesce({item}, 0)" for item in missing) or "0"})::integer as __missing,
            case when __is_faulty then list_filter([{codes}], lambda item: item is not null) end as __codes,
            case when __is_faulty then list_filter([{reasons}], lambda item: item is not null) end as __reasons,
            case when __is_faulty then to_json({{{original}}})::varchar end as __original
        from checked
    """


def _t(column: Column) -> str:
    return sql.name(f"__text_{column.name}")


def _l(column: Column) -> str:
    return sql.name(f"__local_{column.name}")


def _o(column: Column) -> str:
    return sql.name(f"__offset_{column.name}")


def decimal_value(text: str, options: Options, sql_type: str, decimals: int, reads_both: bool = False) -> str:
    """SQL: the text as an exact decimal, or null. Further decimals must be zeros; groups of thousands must be of 3.

    A sign without a digit after it is refused: `12,` is what is left of `12,75` in a file that was cut off.
    """
    digits = f"[0-9]{{1,{decimals}}}0*" if decimals else "0+"
    sign = re.escape(options.decimal)
    tail = f"({sign}{digits})?"
    plain = f"[+-]?[0-9]+{tail}" + (f"|[+-]?{sign}{digits}" if decimals else "")
    separators = [*_SPACES, *([options.thousands] if options.thousands else [])]
    grouped = "|".join(f"[+-]?[0-9]{{1,3}}({re.escape(item)}[0-9]{{3}})+{tail}" for item in dict.fromkeys(separators))
    point = "" if options.decimal == "." else f"replace({{}}, {sql.text(options.decimal)}, '.')"

    def cast(expression: str) -> str:
        return f"try_cast({point.format(expression) if point else expression} as {sql_type})"

    stripped = text
    for item in dict.fromkeys(separators):
        stripped = f"replace({stripped}, {sql.text(item)}, '')"
    canonical = ""
    if reads_both and options.decimal != ".":
        canonical = f" when regexp_full_match({text}, '[+-]?[0-9]+([.]{digits})?') then try_cast({text} as {sql_type})"
    return (
        f"case when {text} is null then null "
        f"when regexp_full_match({text}, {sql.text(plain)}) then {cast(text)}{canonical} "
        f"when regexp_full_match({text}, {sql.text(grouped)}) then {cast(stripped)} end"
    )


def _value(casting: Casting, column: Column) -> str:
    text = _t(column)
    both = casting.reads_both(column)
    options = casting.options
    if column.type == "text":
        return text
    if column.type == "decimal":
        return decimal_value(text, options, SQL_TYPES["decimal"], 4, both)
    if column.type == "rate":
        return decimal_value(text, options, SQL_TYPES["rate"], 6, both)
    if column.type == "int":
        # Exports of nullable integers write 3 as 3.0: zeros after the sign are accepted, anything else is not.
        return f"try_cast({decimal_value(text, options, 'decimal(18,0)', 0, both)} as bigint)"
    if column.type == "bool":
        return (
            f"case when lower({text}) in {sql.members(TRUE_TEXTS)} then true "
            f"when lower({text}) in {sql.members(FALSE_TEXTS)} then false end"
        )
    return _date(casting, column)


def _shapes(casting: Casting, column: Column) -> tuple[tuple[str, ...], bool]:
    """The configured formats that apply, and whether ISO 8601 does."""
    formats = casting.options.date_format
    if column.name in casting.mapping.canonical:
        return (), True
    return formats, not formats or casting.reads_both(column)


def _strptime(text: str, shape: str) -> str:
    """SQL: the text read by one format, or null unless writing it back gives the same text (leading zeros apart)."""
    read = f"try_strptime({text}, {sql.text(shape)})"
    back = f"strftime({read}, {sql.text(shape)})"
    squeeze = "regexp_replace(' ' || {}, '([^0-9])0+([0-9])', '\\1\\2', 'g')"
    return (
        f"case when {read} is null then null when {back} = {text} then {read} "
        f"when lower({squeeze.format(back)}) = lower({squeeze.format(text)}) then {read} end"
    )


def _instant(casting: Casting, column: Column) -> tuple[str, str]:
    """SQL of the local time (no offset written) and of the UTC time (offset written); at most one is not null."""
    text = _t(column)
    shapes, is_iso = _shapes(casting, column)
    local = [_strptime(text, shape) for shape in shapes if "%z" not in shape]
    offset = [f"timezone('UTC', try_strptime({text}, {sql.text(shape)}))" for shape in shapes if "%z" in shape]
    if is_iso:
        local.append(
            f"case when regexp_full_match({text}, {sql.text(f'{_ISO_DATE}({_ISO_TIME})?')}) "
            f"then try_cast(replace({text}, ',', '.') as timestamp) end"
        )
        offset.append(
            f"case when regexp_full_match({text}, {sql.text(_ISO_DATE + _ISO_TIME + _OFFSET)}) "
            f"then timezone('UTC', try_cast({_without_space_before_offset(text)} as timestamptz)) end"
        )
    return (
        f"coalesce({', '.join(local)}, null)" if local else "null::timestamp",
        f"coalesce({', '.join(offset)}, null)" if offset else "null::timestamp",
    )


def _without_space_before_offset(text: str) -> str:
    return f"regexp_replace(replace({text}, ',', '.'), ' ([Z+-])', '\\1')"


def _date(casting: Casting, column: Column) -> str:
    """SQL: a day. A format with a time may be written without it; a time other than midnight is refused."""
    text = _t(column)
    shapes, is_iso = _shapes(casting, column)
    wanted = dict.fromkeys([*shapes, *(re.split(r"[ T]*%[-]?[HIM]", shape)[0] for shape in shapes)])
    found = [_strptime(text, shape) for shape in wanted if shape and "%z" not in shape]
    if is_iso:
        found.append(
            f"case when regexp_full_match({text}, {sql.text(f'{_ISO_DATE}({_ISO_TIME})?')}) "
            f"then try_cast(replace({text}, ',', '.') as timestamp) end"
        )
    joined = f"coalesce({', '.join(found)}, null)" if found else "null::timestamp"
    return f"case when {joined} = date_trunc('day', {joined}) then ({joined})::date end"


@dataclass(frozen=True)
class _Transitions:
    """Months and local hours in which the clocks of a time zone change, and by how many minutes, 1970 to 2100."""

    months: tuple[int, ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]


@lru_cache(maxsize=64)
def _transitions(zone: str) -> _Transitions:
    information = ZoneInfo(zone)
    months, hours, minutes = set(), set(), set()
    step = timedelta(minutes=15)
    day = datetime(1970, 1, 1, tzinfo=UTC)
    while day.year < 2100:
        following = day + timedelta(days=1)
        if day.astimezone(information).utcoffset() != following.astimezone(information).utcoffset():
            instant = day
            while instant < following:
                before, after = instant.astimezone(information), (instant + step).astimezone(information)
                change = (after.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
                if change:
                    minutes.add(abs(int(change.total_seconds())) // 60)
                    # Local times are affected as far from the change as the clocks are moved.
                    reach = abs(change) + step
                    moment = after.replace(tzinfo=None) - reach
                    while moment <= after.replace(tzinfo=None) + reach:
                        months.add(moment.month)
                        hours.add(moment.hour)
                        moment += step
                instant += step
        day = following
    return _Transitions(tuple(sorted(months)), tuple(sorted(hours)), tuple(sorted(minutes)))


def _near_transition(zone: str, local: str) -> str | None:
    """SQL: may this local time be ambiguous or missing? Keeps the costly comparison to a few rows."""
    found = _transitions(zone)
    if not found.months:
        return None
    months, hours = (", ".join(map(str, numbers)) for numbers in (found.months, found.hours))
    return f"(month({local}) in ({months}) and hour({local}) in ({hours}))"


_KINDS = {
    "int": "a whole number",
    "decimal": "an exact amount with at most 4 decimals",
    "rate": "a rate with at most 6 decimals",
    "bool": "a truth value",
    "timestamp": "a date and time",
    "date": "a date",
}


def _column_faults(casting: Casting, column: Column) -> list[_Fault]:
    name, text = sql.name(column.name), _t(column)
    faults = []
    is_key = column.name in casting.feed.key
    if is_key or not column.is_nullable:
        faults.append(_Fault(f"{text} is null", f"{column.name} is missing", None))
    if column.type != "text":
        kind = _KINDS[column.type]
        if column.type in ("decimal", "rate", "int"):
            kind += f" (decimal sign '{casting.options.decimal}')"
        elif column.type in ("timestamp", "date"):
            shapes, is_iso = _shapes(casting, column)
            kind += f" ({' or '.join([*shapes, *(['ISO 8601'] if is_iso else [])])})"
        faults.append(_Fault(f"({text} is not null and {name} is null)", f"{column.name} is not {kind}", text))
    allowed = column.allowed
    if column.reference is not None:
        allowed = reference_members(casting.references, column.reference)
    if allowed or column.reference is not None:
        said = f"a member of the reference table {column.reference}" if column.reference else f"one of {', '.join(allowed)}"
        faults.append(
            _Fault(
                f"{name} not in {sql.members(allowed)}" if allowed else f"{name} is not null",
                f"{column.name} is not {said}",
                text,
            )
        )
    if column.minimum is not None:
        faults.append(_Fault(f"{name} < {column.minimum:g}", f"{column.name} is below {column.minimum:g}", text))
    if column.maximum is not None:
        faults.append(_Fault(f"{name} > {column.maximum:g}", f"{column.name} is above {column.maximum:g}", text))
    if column.type in ("timestamp", "date"):
        faults.append(_Fault(f"year({name}) < {FIRST_YEAR}", f"{column.name} is before {FIRST_YEAR}", text))
        if column.may_be_future:
            faults.append(_Fault(f"year({name}) > {LAST_YEAR}", f"{column.name} is after {LAST_YEAR}", text))
        else:
            latest = casting.clock.astimezone(UTC).replace(tzinfo=None) + FUTURE_TOLERANCE
            faults.append(
                _Fault(
                    f"{name} > timestamp {sql.text(latest.isoformat(sep=' '))}",
                    f"{column.name} lies in the future",
                    text,
                )
            )
    return faults


def reference_members(references: MappingType[str, pa.Table], reference: str) -> tuple[str, ...]:
    """The members of `table.column`, sorted."""
    table, column = reference.split(".")
    if table not in references:
        return ()
    return tuple(sorted({str(value) for value in references[table].column(column).to_pylist() if value is not None}))


def _currency_faults(casting: Casting) -> list[_Fault]:
    if not any(column.name == "currency" for column in casting.feed.columns):
        return []
    accepted = (casting.currency, *reference_members(casting.references, "exchange_rates.currency"))
    return [
        _Fault(
            f"currency not in {sql.members(dict.fromkeys(accepted))}",
            f"currency is not {casting.currency} and reference/exchange_rates.csv has no rate for it",
            '"__text_currency"',
        )
    ]
