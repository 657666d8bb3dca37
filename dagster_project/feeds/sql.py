"""Small helpers to write SQL from the contract: quoting, lists. No rule of the contract lives here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def text(value: str | Path) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted identifier."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: Iterable[str | Path]) -> str:
    """A list literal of texts, `['a', 'b']`."""
    return "[" + ", ".join(text(value) for value in values) + "]"


def members(values: Iterable[str | Path]) -> str:
    """The inside of an `in (...)`; a list that matches nothing when empty."""
    return "(" + (", ".join(text(value) for value in values) or "null") + ")"
