"""The table of recoveries as `service-value evaluate` prints it. Not here: the figures (`evaluate.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from dagster_project.simulation.recovery import Recovery

NOT_COMPUTED = "not computed"


def recovery_table(recoveries: Sequence[Recovery], homes: int) -> Table:
    """One line a figure: found, what the oracle reaches, what is needed and whether it is met, the worst company, how many
    it rests on, what is to be said."""
    table = Table(box=box.SIMPLE, title=f"Found against truth ({homes} simulated {'company' if homes == 1 else 'companies'})")
    table.add_column("figure", no_wrap=True)
    for heading in ("found", "oracle", "needed"):
        table.add_column(heading, justify="right")
    table.add_column("met")
    for heading in ("worst", "n"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for line in recoveries:
        table.add_row(
            line.figure,
            NOT_COMPUTED if line.found is None else _number(line.found),
            _number(line.oracle),
            _needed(line),
            {None: "", True: "yes", False: "NO"}[line.is_met],
            _number(line.worst),
            f"{line.sample:,}",
            line.note,
        )
    return table


def _needed(line: Recovery) -> str:
    if line.requirement is None:
        return ""
    if line.requirement.between is not None:
        return " to ".join(_number(end) for end in line.requirement.between)
    return f"{'<=' if line.requirement.at_most is not None else '>='} {_number(line.needed)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
