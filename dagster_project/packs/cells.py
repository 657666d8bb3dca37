"""A cell of a worksheet before it is written: a value with its kind, a text, or nothing.

Here: the types that the rows of sheets are made of. Not here: formats and writing (`xlsx.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Typed:
    """A cell: a value of a Python type and the name of its number format."""

    value: float | int | date | None
    kind: str
    is_greyed: bool = False


Content = Typed | str | None


def as_float(amount: Decimal | None) -> float | None:
    """What a worksheet holds of a decimal."""
    return None if amount is None else float(amount)
