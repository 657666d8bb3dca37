"""What the page of the customers says: the overlay of one month, a year of migrations, personas, models, parameters.

Here: pure functions from published records to what page and workbook both show. Not here: reading (`reading.py`),
words and layout (`customers_html.py`). The only arithmetic: amounts per customer (a sum over its own count), sums of
events over months, and shares of such sums. Sums over 12 months are never added over months, means never averaged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from dagster_project.packs.figures import SEGMENTS, months_between
from dagster_project.packs.reading import (
    ALL,
    TOTAL,
    Cell,
    CustomerTables,
    Migration,
    ParameterVersion,
    Persona,
    RelationshipModel,
    SegmentSize,
)

# As two axes are read: who expects much first, in the order of the published labels; totals close rows and columns.
FAMILIES: tuple[str, ...] = ("soliciting", "time_pressed", "autonomous", "trusting", "unknown")
VALUE_SEGMENTS: tuple[int, ...] = tuple(member for member in SEGMENTS if member != TOTAL)
AXES: tuple[str, ...] = ("value", "family")
# The axis of `segment_labels` that names the members of an axis of `segment_migrations`.
LABEL_AXES: Mapping[str, str] = {"value": "value_segment", "family": "relational_family"}
MONTHS_OF_MIGRATIONS = 12
# A share of fewer month boundaries than this is not printed (the minimum sample of `kpis.md`).
FEWEST_PASSAGES = 30
# Below this share of the net amount on tickets whose margin is known, the margin of the others is missing in what is shown per
# customer: the net amount stands in.
LEAST_MARGIN_COVERAGE = 0.9
PARAMETERS: tuple[str, ...] = (
    "identity_linkage",
    "value_thresholds",
    "relational_families",
    "micro_segments",
    "lifetime_value",
)

Move = Literal["stay", "up", "down", "move"]
# no place on the axis: who begins to be known, or is known no more, has changed in nothing
OUTSIDE = {"value": "-2", "family": "unknown"}
Member = TypeVar("Member", int, str)


@dataclass(frozen=True)
class Overlay:
    """The cells of one month by (value segment, family), totals among them; members in reading order without totals.

    `is_of_as_of_month`: whether it is the month of the as-of date.
    """

    month: date
    is_of_as_of_month: bool
    segments: tuple[int, ...]
    families: tuple[str, ...]
    cells: Mapping[tuple[int, str], SegmentSize]

    def inner(self) -> list[SegmentSize]:
        """The cells that are no totals."""
        return [cell for (segment, family), cell in self.cells.items() if segment != TOTAL and family != ALL]

    @property
    def total(self) -> SegmentSize | None:
        """All customers of the month."""
        return self.cells.get((TOTAL, ALL))

    @property
    def has_margin(self) -> bool:
        """Whether the margin of enough sales is known; net amounts stand in where it is not."""
        return (
            self.total is not None
            and self.total.identified_margin_12m is not None
            and is_margin_known(self.total.margin_coverage)
        )

    def amount(self, cell: SegmentSize) -> Decimal | None:
        """Margin of the 12 months before of these customers, or everywhere their net amount; None where too little margin is known."""
        if not self.has_margin:
            return cell.identified_net_amount_12m
        return cell.identified_margin_12m if is_margin_known(cell.margin_coverage) else None

    @property
    def whole_amount(self) -> Decimal | None:
        """The same of all sales, those that name no customer included."""
        if self.total is None:
            return None
        return self.total.margin_12m if self.has_margin else self.total.net_amount_12m

    @property
    def unidentified_amount(self) -> Decimal | None:
        """What nobody is known to have bought: in the sales of the company, and in no amount per customer."""
        if self.total is None or self.whole_amount is None:
            return None
        return self.whole_amount - (self.amount(self.total) or Decimal(0))

    def amount_per_customer(self, cell: SegmentSize) -> float | None:
        """The sum over its own customers: no mean of means."""
        amount = self.amount(cell)
        return None if amount is None or not cell.customers else float(amount / cell.customers)


@dataclass(frozen=True)
class MigrationFigures:
    """A year of one axis. `passages`: own moves and stays by (from, to), summed over `months`; each is an event.

    `recuts`: customers whom a new cut of the thresholds moved, by month, then by (from, to); in no other figure here.
    `trend`: of the passages of each month between places on the axis, the share that were moves. `rows`: all as published.
    """

    axis: str
    months: tuple[date, ...]
    members: tuple[str, ...]
    passages: Mapping[tuple[str, str], int]
    recuts: Mapping[date, Mapping[tuple[str, str], int]]
    trend: tuple[tuple[date, Cell | None], ...]
    rows: tuple[Migration, ...]

    def begun(self, origin: str) -> int:
        """Month boundaries passed from a member, moves and stays."""
        return sum(count for (start, _), count in self.passages.items() if start == origin)

    def share(self, origin: str, destination: str) -> float | None:
        """Share of the month boundaries passed from `origin`; None where there are too few."""
        begun = self.begun(origin)
        return self.passages.get((origin, destination), 0) / begun if begun >= FEWEST_PASSAGES else None

    def left(self, origin: str) -> int:
        """Moves away from a member."""
        return sum(count for (start, end), count in self.passages.items() if start == origin and end != origin)

    def reached(self, destination: str) -> int:
        """Moves to a member."""
        return sum(count for (start, end), count in self.passages.items() if end == destination and start != destination)

    def moves(self, kind: Move) -> int:
        """The moves of one kind."""
        return sum(count for pair, count in self.passages.items() if move_kind(self.axis, *pair) == kind)

    @property
    def moved(self) -> int:
        """All moves."""
        return sum(count for (start, end), count in self.passages.items() if start != end)

    @property
    def changed(self) -> int:
        """The moves between places on the axis."""
        return sum(count for pair, count in self.passages.items() if pair[0] != pair[1] and is_inside(self.axis, *pair))

    @property
    def moved_share(self) -> float | None:
        """Share of the month boundaries passed between places on the axis at which a customer changed place."""
        total = sum(count for pair, count in self.passages.items() if is_inside(self.axis, *pair))
        return self.changed / total if total >= FEWEST_PASSAGES else None


@dataclass(frozen=True)
class ModelFigures:
    """The relationship models in reading order. The cells of an overlay share no customer, so that theirs add."""

    models: tuple[RelationshipModel, ...]

    @property
    def judged(self) -> tuple[RelationshipModel, ...]:
        """The models that may be published."""
        return tuple(model for model in self.models if model.is_publishable)

    @property
    def differing(self) -> tuple[RelationshipModel, ...]:
        """Of these the ones of which something differs."""
        return tuple(model for model in self.judged if model.gap)

    @property
    def customers_differing(self) -> int:
        """The customers of the cells that differ."""
        return sum(model.customers for model in self.differing)


@dataclass(frozen=True)
class ParameterFigures:
    """The fits that were tried. `others`: accepted, but not in use: superseded, or the former version was kept.

    `missing`: parameters of which no version is in use.
    """

    in_use: tuple[ParameterVersion, ...]
    refused: tuple[ParameterVersion, ...]
    others: tuple[ParameterVersion, ...]
    missing: tuple[str, ...]

    @property
    def all(self) -> tuple[ParameterVersion, ...]:
        """In use, refused, then the others."""
        return (*self.in_use, *self.refused, *self.others)


@dataclass(frozen=True)
class CustomerReport:
    """Everything that the page of the customers shows; None where the publication has no such table or no row of it.

    `missing`: the tables that the publication does not have.
    """

    overlay: Overlay | None
    migrations: tuple[MigrationFigures, ...]
    personas: tuple[Persona, ...]
    models: ModelFigures | None
    parameters: ParameterFigures | None
    missing: frozenset[str]
    labels: Mapping[tuple[str, str], str]
    meanings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def has_margin(self) -> bool:
        """Whether amounts are margins, in the overlay and on the cards alike; on the cards alone where there is no overlay."""
        if self.overlay is not None:
            return self.overlay.has_margin
        return any(persona.margin_12m_mean is not None and is_margin_known(persona.margin_coverage) for persona in self.personas)

    def label(self, axis: str, member: str) -> str:
        """The published name of a member; empty where there is none."""
        return self.labels.get((axis, member), "")


def build_customer_report(tables: CustomerTables, as_of: date) -> CustomerReport:
    """The report of one publication as of `as_of`."""
    found = {
        "segment_sizes": tables.sizes,
        "segment_migrations": tables.migrations,
        "personas": tables.personas,
        "relationship_models": tables.models,
        "parameter_versions": tables.versions,
    }
    return CustomerReport(
        overlay=_overlay(tables.sizes or (), as_of),
        migrations=_migrations(tables.migrations or (), as_of),
        personas=tuple(sorted(tables.personas or (), key=_persona_key)),
        models=_models(tables.models) if tables.models else None,
        parameters=_parameters(tables.versions) if tables.versions else None,
        missing=frozenset(name for name, rows in found.items() if rows is None),
        labels=tables.labels,
        meanings=tables.meanings,
    )


def is_margin_known(coverage: float | None) -> bool:
    """Whether enough of the margin is known; without net purchases nothing is missing."""
    return coverage is None or coverage >= LEAST_MARGIN_COVERAGE


def move_kind(axis: str, origin: str, destination: str) -> Move:
    """Up or down between value segments (0 is below 1); -2 is no place on the scale, families have no order."""
    if origin == destination:
        return "stay"
    scale = {str(member): member for member in VALUE_SEGMENTS if member >= 0}
    if axis != "value" or origin not in scale or destination not in scale:
        return "move"
    return "up" if scale[destination] > scale[origin] else "down"


def _overlay(sizes: Sequence[SegmentSize], as_of: date) -> Overlay | None:
    months = [size.month for size in sizes if size.month <= as_of]
    if not months:
        return None
    month = max(months)
    cells = {(size.segment, size.family): size for size in sizes if size.month == month}
    return Overlay(
        month=month,
        is_of_as_of_month=month == as_of.replace(day=1),
        segments=_in_order({segment for segment, _ in cells if segment != TOTAL}, VALUE_SEGMENTS),
        families=in_family_order({family for _, family in cells if family != ALL}),
        cells=cells,
    )


def _migrations(rows: Sequence[Migration], as_of: date) -> tuple[MigrationFigures, ...]:
    known = [row for row in rows if row.month <= as_of]
    if not known:
        return ()
    last = max(row.month for row in known)
    first = date(last.year - 1, last.month, 1)
    kept = [row for row in known if row.month > first]
    axes = [*AXES, *sorted({row.axis for row in kept} - set(AXES))]
    return tuple(
        _axis(axis, [row for row in kept if row.axis == axis], last) for axis in axes if any(r.axis == axis for r in kept)
    )


def _axis(axis: str, rows: Sequence[Migration], last: date) -> MigrationFigures:
    passages: Counter[tuple[str, str]] = Counter()
    recuts: dict[date, Counter[tuple[str, str]]] = {}
    begun: Counter[date] = Counter()
    moved: Counter[date] = Counter()
    for row in rows:
        pair = (row.origin, row.destination)
        if not row.is_recut:
            passages[pair] += row.customers
            if is_inside(axis, *pair):
                begun[row.month] += row.customers
                moved[row.month] += row.customers if row.origin != row.destination else 0
        elif row.origin != row.destination:
            recuts.setdefault(row.month, Counter())[pair] += row.customers
    months = months_between(min(row.month for row in rows), last)
    order = FAMILIES if axis == "family" else tuple(map(str, VALUE_SEGMENTS))
    return MigrationFigures(
        axis=axis,
        months=tuple(months),
        members=_in_order({member for pair in passages for member in pair}, order),
        passages=passages,
        recuts=recuts,
        trend=tuple((month, _moved_cell(axis, month, moved[month], begun[month])) for month in months),
        rows=tuple(sorted(rows, key=lambda row: (-row.month.toordinal(), row.is_recut, row.origin, row.destination))),
    )


def is_inside(axis: str, origin: str, destination: str) -> bool:
    """Whether both ends of a passage are places on the axis."""
    return OUTSIDE.get(axis) not in (origin, destination)


def _moved_cell(axis: str, month: date, moved: int, begun: int) -> Cell | None:
    """The share of one month as a point of a trend: all customers are counted, so that there is no interval."""
    if not begun:
        return None
    return Cell(
        kpi=f"moved_{axis}",
        month=month,
        segment=TOTAL,
        value=moved / begun,
        interval_low=None,
        interval_high=None,
        sample_size=begun,
        immature_count=0,
        is_complete=True,
        is_publishable=begun >= FEWEST_PASSAGES,
        unit="rate",
        previous_value=None,
        target=None,
        benchmark=None,
        status=None,
        is_restated=False,
    )


def _models(models: Sequence[RelationshipModel]) -> ModelFigures:
    segments, families = (*VALUE_SEGMENTS, TOTAL), (*FAMILIES, ALL)

    def place(model: RelationshipModel) -> tuple[int, int, int, str]:
        row = segments.index(model.segment) if model.segment in segments else len(segments)
        column = families.index(model.family) if model.family in families else len(families)
        return row, model.segment, column, model.family

    # a total would count the customers of its cells once more
    return ModelFigures(tuple(sorted((m for m in models if m.segment != TOTAL and m.family != ALL), key=place)))


def _parameters(versions: Sequence[ParameterVersion]) -> ParameterFigures:
    def place(version: ParameterVersion) -> tuple[int, str, int, str]:
        position = PARAMETERS.index(version.parameter) if version.parameter in PARAMETERS else len(PARAMETERS)
        return position, version.parameter, -version.fitted_as_of.toordinal(), version.version

    ordered = sorted(versions, key=place)
    in_use = tuple(version for version in ordered if version.is_in_use)
    used = {version.parameter for version in in_use}
    # newest first over all parameters: a refusal is news
    refused = sorted((version for version in ordered if not version.is_accepted), key=lambda v: -v.fitted_as_of.toordinal())
    return ParameterFigures(
        in_use=in_use,
        refused=tuple(refused),
        others=tuple(version for version in ordered if version.is_accepted and not version.is_in_use),
        missing=tuple(dict.fromkeys(version.parameter for version in ordered if version.parameter not in used)),
    )


def _persona_key(persona: Persona) -> tuple[bool, int, str]:
    """Those that may be published first, the largest first."""
    return not persona.is_publishable, -persona.customers, persona.micro_segment


def in_family_order(families: Iterable[str]) -> tuple[str, ...]:
    """The families in reading order, one that is not known last."""
    return _in_order(families, FAMILIES)


def _in_order(members: Iterable[Member], order: Sequence[Member]) -> tuple[Member, ...]:
    """The whole order, then members that it does not name: nothing of a publication is hidden, and a grid keeps its form."""
    known = list(order)
    return tuple(known + sorted(set(members) - set(known)))
