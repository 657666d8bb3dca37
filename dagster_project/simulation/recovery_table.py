"""The table of recoveries as `service-value evaluate` prints it. Not here: the figures (`evaluate.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from dagster_project.simulation.evaluate import Recovery

NOT_COMPUTED = "not computed"


def recovery_table(recoveries: Sequence[Recovery], homes: int) -> Table:
    """One line a figure: found, what the oracle reaches, their ratio, how many it rests on, why it is missing."""
    table = Table(box=box.SIMPLE, title=f"Found against truth ({homes} simulated {'company' if homes == 1 else 'companies'})")
    table.add_column("figure")
    for heading in ("found", "oracle", "found / oracle", "n"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for line in recoveries:
        ratio = line.found / line.oracle if line.found is not None and line.oracle else None
        table.add_row(
            line.figure,
            NOT_COMPUTED if line.found is None else _number(line.found),
            _number(line.oracle),
            _number(ratio),
            f"{line.sample:,}",
            line.note,
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
