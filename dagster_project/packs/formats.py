"""Numbers, dates and money as a reader of one language expects them; the CLDR rules come from Babel.

Here: text for people. Not here: number formats of worksheets (`xlsx.py`), words (`wording.py`).

One convention for all units: a value that is not known is an en dash, never 0 and never an empty cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

UNKNOWN = "–"
MINUS = "\u2212"
NARROW_NO_BREAK_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"

# Above this amount cents are noise to a reader; the worksheet keeps every digit.
WHOLE_AMOUNT_FROM = 10_000
# Below a minute and a half a wait reads better in seconds alone.
SECONDS_ALONE_BELOW = 90
HOURS_FROM = 3_600
DAYS_FROM = 48 * 3_600


@dataclass(frozen=True)
class Formats:
    """Formats of one language (a CLDR locale code) and one currency (ISO 4217)."""

    language: str
    currency: str

    @property
    def locale(self) -> Locale:
        """The Babel locale. Raises babel.UnknownLocaleError for a language that CLDR does not know."""
        return Locale.parse(self.language)

    def count(self, value: float | int | None) -> str:
        """A whole number: `1 204`."""
        if value is None:
            return UNKNOWN
        return _true_minus(format_decimal(round(value), locale=self.locale))

    def number(self, value: float | None, decimals: int) -> str:
        """A number with exactly `decimals` decimals."""
        if value is None:
            return UNKNOWN
        return _true_minus(format_decimal(_rounded(value, decimals), format=_pattern(decimals), locale=self.locale))

    def rate(self, value: float | None, decimals: int = 1) -> str:
        """A rate (0..1) as a percentage: `72,4 %`."""
        if value is None:
            return UNKNOWN
        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", _pattern(decimals))
        text = format_percent(_rounded(value, decimals + 2), format=pattern, locale=self.locale)
        return _true_minus(text)

    def money(self, value: float | Decimal | None, decimals: int = 2) -> str:
        """An amount in the company's currency: `1 234,50 €`, `€1,234.50`."""
        if value is None:
            return UNKNOWN
        pattern = self.locale.currency_formats["standard"].pattern.replace("#,##0.00", _pattern(decimals))
        text = format_currency(
            _rounded(value, decimals), self.currency, format=pattern, locale=self.locale, currency_digits=False
        )
        return _true_minus(text)

    def duration(self, seconds: float | None) -> str:
        """A duration: `42 s`, `3 min 12 s`, `5 h 07 min`, `3,2 j`."""
        if seconds is None:
            return UNKNOWN
        sign = MINUS if seconds < 0 else ""
        size = abs(seconds)
        if size < SECONDS_ALONE_BELOW:
            decimals = 0 if size >= 10 or float(size).is_integer() else 1
            return f"{sign}{self.number(size, decimals)}{NO_BREAK_SPACE}s"
        if round(size) < HOURS_FROM:
            minutes, rest = divmod(round(size), 60)
            return f"{sign}{minutes}{NO_BREAK_SPACE}min{NO_BREAK_SPACE}{rest:02d}{NO_BREAK_SPACE}s"
        if size < DAYS_FROM:
            hours, minutes = divmod(round(size / 60), 60)
            return f"{sign}{hours}{NO_BREAK_SPACE}h{NO_BREAK_SPACE}{minutes:02d}{NO_BREAK_SPACE}min"
        days = "j" if self.language == "fr" else "d"
        return f"{sign}{self.number(size / 86_400, 1)}{NO_BREAK_SPACE}{days}"

    def hours(self, value: float | None) -> str:
        """A promise in hours: `30 min`, `4 h`, `1,5 h`, `3 j`; no more digits than a promise has."""
        if value is None:
            return UNKNOWN
        if value < 1:
            return f"{self.number(value * 60, 0)}{NO_BREAK_SPACE}min"
        days = "j" if self.language == "fr" else "d"
        size, name = (value / 24, days) if value * 3_600 >= DAYS_FROM else (value, "h")
        return f"{self.number(size, 0 if _rounded(size, 1) % 1 == 0 else 1)}{NO_BREAK_SPACE}{name}"

    def value(self, value: float | None, unit: str, like: float | None = None) -> str:
        """A KPI's value in its unit. `like`: another value of the same row, so that both get the same decimals."""
        if value is None:
            return UNKNOWN
        if unit == "rate":
            return self.rate(value)
        if unit == "seconds":
            return self.duration(value)
        if unit == "currency":
            return self.money(value, self.money_decimals(value, like))
        if unit == "count":
            return self.count(value)
        return self.number(value, 1 if unit == "nps" else 2)

    def money_decimals(self, value: float, like: float | None = None) -> int:
        """Cents, unless the row holds an amount so large that they say nothing."""
        return 0 if max(abs(value), abs(like or 0)) >= WHOLE_AMOUNT_FROM else 2

    def month(self, day: date) -> str:
        """`novembre 2024`."""
        return format_skeleton("yMMMM", day, locale=self.locale)

    def quarter(self, day: date) -> str:
        """`3e trimestre 2025`, `3rd quarter 2025`."""
        return str(format_skeleton("yQQQQ", day, locale=self.locale))

    def short_quarter(self, day: date) -> str:
        """`T3 2025`, the space not breaking."""
        return str(format_skeleton("yQQQ", day, locale=self.locale)).replace(" ", NO_BREAK_SPACE)

    def period(self, day: date, *, is_quarter: bool) -> str:
        """The month, or the quarter, that begins with `day`."""
        return self.quarter(day) if is_quarter else self.month(day)

    def short_period(self, day: date, *, is_quarter: bool) -> str:
        """The same, short."""
        return self.short_quarter(day) if is_quarter else self.short_month(day)

    def short_month(self, day: date) -> str:
        """`nov. 2024`, the space not breaking."""
        return format_skeleton("yMMM", day, locale=self.locale).replace(" ", NO_BREAK_SPACE)

    def month_name(self, day: date) -> str:
        """`nov.`, for the axis of a small chart."""
        return str(format_skeleton("MMM", day, locale=self.locale))

    def short_count(self, value: float) -> str:
        """`12 k`, for an axis."""
        return _true_minus(format_compact_decimal(value, locale=self.locale, fraction_digits=1)).replace(" ", NO_BREAK_SPACE)

    def short_money(self, value: float) -> str:
        """`120 k €`, for an axis."""
        # nothing is shortened below a thousand, and all decimals would be printed
        shown = round(value) if abs(value) < 1000 else value
        text = format_compact_currency(shown, self.currency, locale=self.locale, fraction_digits=1)
        return _true_minus(text).replace(" ", NO_BREAK_SPACE)

    def day(self, day: date) -> str:
        """`1er novembre 2024` in French (the ordinal is the rule for the first day only), `November 1, 2024`."""
        text = format_date(day, "long", locale=self.locale)
        if self.language == "fr" and day.day == 1:
            text = text.replace("1 ", "1er ", 1)
        return text.replace(" ", NO_BREAK_SPACE)


def _rounded(value: float | int | Decimal, decimals: int) -> Decimal:
    """Half away from zero on the decimal text, so that 0.125 and -0.125 are mirror images and no binary tail shows."""
    step = Decimal(1).scaleb(-decimals)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    rounded = exact.quantize(step, rounding="ROUND_HALF_UP")
    return abs(rounded) if rounded == 0 else rounded


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _true_minus(text: str) -> str:
    """A typographic minus: a hyphen is read as a dash and breaks at line ends."""
    return text.replace("-", MINUS)
