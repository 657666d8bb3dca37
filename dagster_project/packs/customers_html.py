"""The page of the customers: overlay, migrations, personas, relationship models, and how all of it was made.

Here: the view of a customer report that the template lays out, text for text. Not here: the figures (`customers.py`),
the markup and the style (`templates/`), the frame of a page (`html.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.packs.charts import Chart, Series, draw_series
from dagster_project.packs.customers import (
    LABEL_AXES,
    LEAST_MARGIN_COVERAGE,
    CustomerReport,
    MigrationFigures,
    ModelFigures,
    Move,
    Overlay,
    ParameterFigures,
    in_family_order,
    is_margin_known,
    move_kind,
)
from dagster_project.packs.figures import Report, depth
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.html import Company, Frame, render_page
from dagster_project.packs.reading import ALL, TOTAL, ParameterVersion, Persona, RelationshipModel, SegmentSize
from dagster_project.packs.wording import Words

YEAR_MONTHS = 12
SECTIONS = ("overlay", "migrations", "personas", "models", "built")
# Empty where nobody allows profiling.
OF_PROFILES = ("personas", "relationship_models")
# From here on the cents of an amount per customer are noise in a cell.
WHOLE_EUROS_FROM = 100
# What differs, in the order of a policy's columns.
ASPECTS = ("distance", "tempo", "frequency", "proactivity", "reply")
# The page names the first of each; the workbook has them all.
MOST_PAIRS = 4
MOST_DIAGNOSTICS = 6
# A name that is longer makes a grid of slivers: the pack's own short one stands in, and the full one is said beside it.
LONGEST_NAME = 26


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat map. `ground` is 0..4; `side` is above, below or empty; `reason`: why it is greyed."""

    text: str
    small: str
    ground: int = 0
    side: str = ""
    side_word: str = ""
    is_greyed: bool = False
    reason: str = ""
    is_total: bool = False


@dataclass(frozen=True)
class HeatMap:
    """One measure over the grid. `scale`: the texts at both ends of the grounds, empty where there is none.

    `apart`: what belongs to no cell, empty where there is nothing.
    """

    name: str
    title: str
    caption: str
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    scale: tuple[str, str] | None
    apart: str = ""


@dataclass(frozen=True)
class Measure:
    """What a heat map shows of a cell: its number, its texts, its interval where it has one."""

    name: str
    number: Callable[[SegmentSize], float | None]
    text: Callable[[float | None], str]
    small: Callable[[SegmentSize], str]
    is_publishable: Callable[[SegmentSize], bool]
    interval: Callable[[SegmentSize], tuple[float | None, float | None]]
    reason: str
    apart: str = ""


@dataclass(frozen=True)
class MatrixCell:
    """One passage of a matrix. `ground` is 0..4 among the moves; stays have none."""

    text: str
    small: str
    kind: Move
    kind_word: str
    ground: int


@dataclass(frozen=True)
class Matrix:
    """The migrations of one axis as texts."""

    axis: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...], str], ...]
    reached: tuple[str, ...]
    moved: str
    sentences: tuple[str, ...]
    chart: Chart


@dataclass(frozen=True)
class Card:
    """One persona as texts. `bar`: the width of its share, in hundredths of the widest."""

    identifier: str
    label: str
    customers: str
    share: str
    bar: float
    portrait: str
    place: str
    facts: tuple[tuple[str, str, str], ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    journey: tuple[str, ...]
    is_greyed: bool


@dataclass(frozen=True)
class Aspect:
    """One aspect of a policy, wanted and practised."""

    name: str
    wanted: str
    practised: str
    differs: bool

    @property
    def is_known(self) -> bool:
        return self.wanted != UNKNOWN


@dataclass(frozen=True)
class ModelRow:
    """One cell's relationship model as texts."""

    family: str
    customers: str
    aspects: tuple[Aspect, ...]
    satisfaction: str
    interval: str
    answers: str
    because: str
    is_greyed: bool
    lacking: str


@dataclass(frozen=True)
class GapCell:
    """What differs in one cell of the overlay; `is_known`: whether it has a model."""

    gaps: tuple[str, ...]
    is_known: bool
    is_greyed: bool


@dataclass(frozen=True)
class VersionRow:
    """One fit as texts."""

    parameter: str
    version: str
    fitted_as_of: str
    sample_size: str
    diagnostics: tuple[tuple[str, str], ...]
    reason: str
    is_retrospective: bool


def render_customers(report: Report, customers: CustomerReport, company: Company, audience: str, words: Words) -> str:
    """The whole page. Pure: the same reports give the same text."""
    names = Names(customers, words)
    formats = Formats(words.language, company.currency)
    overlay = customers.overlay
    as_of_month = formats.month(report.publication.as_of_date)
    month = formats.month(overlay.month) if overlay else as_of_month
    view = {
        "lacks": {
            section: lack(table, is_shown, customers, words)
            for section, table, is_shown in (
                ("overlay", "segment_sizes", overlay is not None),
                ("migrations", "segment_migrations", bool(customers.migrations)),
                ("personas", "personas", bool(customers.personas)),
                ("models", "relationship_models", customers.models is not None),
                ("built", "parameter_versions", customers.parameters is not None),
            )
        },
        "month": month,
        "older_month": words("older_month", as_of_month=as_of_month, month=month)
        if overlay and not overlay.is_of_as_of_month
        else "",
        "overlay_sentences": (
            *overlay_sentences(overlay, customers.parameters, names, words, formats),
            *potential_sentences(customers, names, words),
        )
        if overlay
        else (),
        "families": [names.family(member) for member in (*overlay.families, ALL)] if overlay else (),
        "maps": heat_maps(overlay, names, words, formats) if overlay else (),
        "matrices": [_matrix(figures, names, words, formats) for figures in customers.migrations],
        "span": _span(customers.migrations, formats),
        "recuts": _recuts(customers.migrations, names, words, formats),
        "cards": _cards(customers, names, words, formats),
        "models": model_rows(customers.models, names, words, formats) if customers.models else (),
        "gaps": gap_rows(customers.models, names, words) if customers.models else ((), ()),
        "models_sum": _models_sum(customers.models, words, formats) if customers.models else "",
        "parameters": _parameters(customers.parameters, words, formats) if customers.parameters else None,
    }
    frame = Frame("customers", words("customers_month", month=month), SECTIONS, ("customers.css",))
    return render_page("customers.html", frame, view, report, company, audience, words)


class Names:
    """Names of segments and families: the publication's, else the pack's own, else the member itself."""

    def __init__(self, customers: CustomerReport, words: Words) -> None:
        self._customers, self._words = customers, words

    def segment(self, member: int) -> str:
        """A value segment."""
        return self._words.spaced(self._customers.label("value_segment", str(member))) or self._words.segment(member)

    def short_segment(self, member: int) -> str:
        """A value segment as the head of a row or a column."""
        name = self.segment(member)
        return self._words("off_scale") if member == -2 and len(name) > LONGEST_NAME else name

    def family(self, member: str) -> str:
        """A relational family."""
        return self._words.spaced(self._customers.label("relational_family", member)) or self._words.named("family", member)

    def member(self, axis: str, member: str) -> str:
        """A member of an axis of the migrations."""
        if axis == "value" and member.lstrip("-").isdigit():
            return self.short_segment(int(member))
        if axis == "family":
            return self.family(member)
        return self._words.spaced(self._customers.label(LABEL_AXES.get(axis, axis), member)) or member


def lack(table: str, is_shown: bool, customers: CustomerReport, words: Words) -> str:
    """Why a part of the page has nothing to show; empty where it has."""
    if is_shown:
        return ""
    if table in customers.missing:
        return words("table_missing", table=table)
    total = customers.overlay.total if customers.overlay else None
    is_nobody = total is not None and 0 < total.customers == total.customers_not_profiled
    return words("table_unprofiled" if is_nobody and table in OF_PROFILES else "table_empty", table=table)


def overlay_sentences(
    overlay: Overlay, parameters: ParameterFigures | None, names: Names, words: Words, formats: Formats
) -> tuple[str, ...]:
    """What the overlay leaves open, in words: who has no family, who has no place on the scale of value."""
    sentences = []
    unknown = overlay.cells.get((TOTAL, "unknown"))
    if unknown is not None and unknown.customers:
        has_families = any(family not in ("unknown", ALL) for (_, family), cell in overlay.cells.items() if cell.customers)
        no_version = not has_families and parameters is not None and "relational_families" in parameters.missing
        because = _causes(unknown, "few_interactions" if not no_version else "no_families", words, formats)
        share, count = formats.rate(unknown.share), formats.count(unknown.customers)
        sentences.append(words("overlay_unknown", share=share, customers=count, because=because))
    outside = overlay.cells.get((-2, ALL))
    if outside is not None and outside.customers:
        count, share = formats.count(outside.customers), formats.rate(outside.share)
        full, short = names.segment(-2), names.short_segment(-2)
        called = words("as_called", name=short) if short != full else ""
        because = _causes(outside, "no_cut_points", words, formats)
        sentences.append(words("overlay_unprofiled", label=full, share=share, customers=count, because=because, as_called=called))
    known = overlay.total.sales_months_12m if overlay.total else None
    if known is not None and known < YEAR_MONTHS:
        sentences.append(words("sales_in_part", months=formats.count(known)))
    sentences += _margin_coverage(overlay, words, formats)
    return tuple(sentences)


def _causes(cell: SegmentSize, other: str, words: Words, formats: Formats) -> str:
    """Why the customers of a cell have no place: no leave to profile them, or the other cause; both with their counts."""
    refused, others = cell.customers_not_profiled, cell.customers - cell.customers_not_profiled
    if refused and others:
        return f"{formats.count(others)} {words(other)}, {formats.count(refused)} {words('not_profiled')}"
    return words("not_profiled" if refused else other)


def _margin_coverage(overlay: Overlay, words: Words, formats: Formats) -> list[str]:
    """Of how much of the sales the margin is known, where it is not all; nothing where none is known (the map says so)."""
    coverage = overlay.total.margin_coverage if overlay.total else None
    share = formats.rate(coverage)
    if not coverage or share == formats.rate(1.0):
        return []
    return [
        words(
            "margin_in_part" if overlay.has_margin else "margin_too_little",
            share=share,
            least=formats.rate(LEAST_MARGIN_COVERAGE, 0),
        )
    ]


def potential_sentences(customers: CustomerReport, names: Names, words: Words) -> tuple[str, ...]:
    """What the two highest segments mean by the map; where the cut points in use have no forecast, that potential is in none."""
    in_use = customers.parameters.in_use if customers.parameters else ()
    thresholds = [version for version in in_use if version.parameter == "value_thresholds"]
    if not thresholds:
        return ()
    if any("potential_low_cut" not in version.diagnostics for version in thresholds):
        return (words("no_potential"),)
    told = [
        words("segment_means", name=names.segment(member), tiers=words("tiers_or").join(customers.meanings[member]))
        for member in (5, 4)
        if customers.meanings.get(member)
    ]
    return (words("segments_mean", meanings=words("meanings_and").join(told)),) if told else ()


def heat_maps(overlay: Overlay, names: Names, words: Words, formats: Formats) -> tuple[HeatMap, ...]:
    """The maps of the overlay, all on one grid: size, margin (or net amount), satisfaction, contacts."""
    amounts = [abs(amount) for cell in overlay.cells.values() if (amount := overlay.amount_per_customer(cell)) is not None]
    decimals = 0 if max(amounts, default=0.0) >= WHOLE_EUROS_FROM else 2

    def short_amount(cell: SegmentSize) -> str:
        amount = overlay.amount(cell)
        return UNKNOWN if amount is None else formats.short_money(float(amount))

    def none(_: SegmentSize) -> tuple[None, None]:
        return None, None

    by_customers = (lambda cell: cell.is_publishable, none, words("too_few_customers"))
    measures = [
        Measure("size", lambda cell: cell.customers, formats.count, lambda cell: formats.rate(cell.share), *by_customers),
        Measure(
            "margin" if overlay.has_margin else "net",
            overlay.amount_per_customer,
            lambda value: formats.money(value, decimals),
            short_amount,
            *by_customers,
            apart=_unidentified(overlay, words, formats),
        ),
        Measure(
            "satisfaction",
            lambda cell: cell.csat,
            formats.rate,
            lambda cell: words("answers_count", count=formats.count(cell.csat_answers)),
            lambda cell: cell.is_csat_publishable,
            lambda cell: (cell.csat_low, cell.csat_high),
            words("too_few_respondents"),
        ),
        Measure(
            "contacts",
            lambda cell: cell.contacts_per_customer,
            lambda value: formats.number(value, 1),
            lambda cell: "",
            *by_customers,
        ),
    ]
    return tuple(_heat_map(measure, overlay, names, words) for measure in measures)


def _unidentified(overlay: Overlay, words: Words, formats: Formats) -> str:
    """What nobody is known to have bought, as a line apart; empty where every ticket names a customer."""
    amount, whole = overlay.unidentified_amount, overlay.whole_amount
    if not amount or whole is None:
        return ""
    kind = "margin" if overlay.has_margin else "net"
    return words(f"unidentified_{kind}", amount=formats.short_money(float(amount)), whole=formats.short_money(float(whole)))


def _heat_map(measure: Measure, overlay: Overlay, names: Names, words: Words) -> HeatMap:
    numbers = [
        number for cell in overlay.inner() if measure.is_publishable(cell) and (number := measure.number(cell)) is not None
    ]
    total = overlay.total

    def view(segment: int, family: str) -> HeatCell:
        is_total = segment == TOTAL or family == ALL
        cell = overlay.cells.get((segment, family))
        number = None if cell is None else measure.number(cell)
        if cell is None or number is None:
            return HeatCell(UNKNOWN, "", is_total=is_total)
        is_greyed = not measure.is_publishable(cell)
        side = "" if is_greyed or cell is total or total is None else _side(measure.interval(cell), measure.number(total))
        return HeatCell(
            text=measure.text(number),
            small=measure.small(cell),
            ground=0 if is_total or is_greyed else depth(number, numbers),
            side=side,
            side_word=words(f"{side}_total") if side else "",
            is_greyed=is_greyed,
            reason=measure.reason if is_greyed else "",
            is_total=is_total,
        )

    has_scale = len(set(numbers)) > 1
    return HeatMap(
        name=measure.name,
        title=words(f"map_{measure.name}"),
        caption=words(f"map_{measure.name}_caption"),
        rows=tuple(
            (names.short_segment(segment), tuple(view(segment, family) for family in (*overlay.families, ALL)))
            for segment in (*overlay.segments, TOTAL)
        ),
        scale=(
            words("scale_low", value=measure.text(min(numbers))),
            words("scale_high", value=measure.text(max(numbers))),
        )
        if has_scale
        else None,
        apart=measure.apart,
    )


def _side(interval: tuple[float | None, float | None], total: float | None) -> str:
    """Above or below where an interval excludes the value of the total."""
    low, high = interval
    if low is None or high is None or total is None:
        return ""
    return "above" if low > total else "below" if high < total else ""


def _span(migrations: Sequence[MigrationFigures], formats: Formats) -> dict[str, object]:
    """First and last month over all axes, and how many months they are at most."""
    months = sorted({month for figures in migrations for month in figures.months})
    if not months:
        return {}
    return {"count": len(months), "first": formats.month(months[0]), "last": formats.month(months[-1])}


def _matrix(figures: MigrationFigures, names: Names, words: Words, formats: Formats) -> Matrix:
    title = words.named("axis", figures.axis)
    moves = [count for (origin, destination), count in figures.passages.items() if origin != destination and count]

    def view(origin: str, destination: str) -> MatrixCell:
        kind = move_kind(figures.axis, origin, destination)
        count = figures.passages.get((origin, destination), 0)
        share = figures.share(origin, destination)
        if kind == "stay":
            return MatrixCell(formats.rate(share), words("stayed") if share is not None else "", kind, "", 0)
        return MatrixCell(
            text=formats.count(count) if count else UNKNOWN,
            small=formats.rate(share) if count and share is not None else "",
            kind=kind,
            kind_word=words(f"kind_{kind}") if count and kind in ("up", "down") else "",
            ground=depth(count, [0, *moves]) if count else 0,
        )

    key = f"moved_trend_{figures.axis}"
    return Matrix(
        axis=figures.axis,
        title=title,
        heads=tuple(names.member(figures.axis, member) for member in figures.members),
        rows=tuple(
            (
                names.member(figures.axis, origin),
                tuple(view(origin, destination) for destination in figures.members),
                formats.count(figures.left(origin)),
            )
            for origin in figures.members
        ),
        reached=tuple(formats.count(figures.reached(member)) for member in figures.members),
        moved=formats.count(figures.moved),
        sentences=_moves_sentences(figures, words, formats),
        chart=draw_series(
            Series(words(key) if key in words.names() else title, "rate", figures.trend, figures.months[-1], is_from_zero=True),
            words,
            formats,
        ),
    )


def _moves_sentences(figures: MigrationFigures, words: Words, formats: Formats) -> tuple[str, ...]:
    changed, crossed = formats.count(figures.changed), formats.count(figures.moved - figures.changed)
    if figures.axis == "value":
        first = words(
            "moves_value",
            moved=changed,
            up=formats.count(figures.moves("up")),
            down=formats.count(figures.moves("down")),
            other=crossed,
        )
    else:
        first = words("moves_family", moved=changed, other=crossed)
    share = figures.moved_share
    return (first,) if share is None else (first, words("moved_share", share=formats.rate(share)))


def _recuts(
    migrations: Sequence[MigrationFigures], names: Names, words: Words, formats: Formats
) -> list[tuple[str, str, str, str]]:
    """Month, axis, customers, and the largest passages in words; newest first."""
    rows = []
    for figures in migrations:
        for month, pairs in figures.recuts.items():
            largest = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
            texts = [
                words(
                    "recut_pair",
                    origin=names.member(figures.axis, origin),
                    destination=names.member(figures.axis, destination),
                    customers=formats.count(count),
                )
                for (origin, destination), count in largest[:MOST_PAIRS]
            ]
            if len(largest) > MOST_PAIRS:
                texts.append(words("and_others", count=len(largest) - MOST_PAIRS))
            line = (
                formats.month(month),
                words.named("axis", figures.axis),
                formats.count(sum(pairs.values())),
                "\u202f; ".join(texts),
            )
            rows.append((month, line))
    return [line for _, line in sorted(rows, key=lambda row: row[0], reverse=True)]


def _cards(customers: CustomerReport, names: Names, words: Words, formats: Formats) -> list[Card]:
    personas, has_margin = customers.personas, customers.has_margin
    widest = max((persona.share or 0.0 for persona in personas), default=0.0)
    return [_card(number, persona, widest, has_margin, names, words, formats) for number, persona in enumerate(personas, 1)]


def _card(number: int, persona: Persona, widest: float, has_margin: bool, names: Names, words: Words, formats: Formats) -> Card:
    margin = persona.margin_12m_mean if is_margin_known(persona.margin_coverage) else None
    amount = margin if has_margin else persona.net_amount_12m_mean
    place = [names.segment(persona.segment)] if persona.segment is not None else []
    place += [names.family(persona.family)] if persona.family else []
    answers = words("answers_count", count=formats.count(persona.csat_answers)) if persona.csat is not None else ""
    if answers and not persona.is_csat_publishable:
        answers = f"{answers}, {words('too_few_respondents')}"
    return Card(
        identifier=f"persona-{number}",
        label=words.spaced(persona.label),
        customers=formats.count(persona.customers),
        share=words("persona_share", share=formats.rate(persona.share)) if persona.share is not None else "",
        bar=round(100 * (persona.share or 0.0) / widest, 1) if widest > 0 else 0.0,
        portrait=words.spaced(persona.portrait),
        place=" · ".join(place),
        facts=(
            (words("persona_margin" if has_margin else "persona_net"), _amount(amount, formats), words("per_customer")),
            (words("persona_purchases"), formats.number(persona.purchases_12m_mean, 1), words("per_customer")),
            (words("persona_contacts"), formats.number(persona.contacts_12m_mean, 1), words("per_customer")),
            (words("persona_csat"), formats.rate(persona.csat), answers),
        ),
        lists=tuple(
            (words(name), tuple(words.spaced(line) for line in lines))
            for name, lines in (("habits", persona.habits), ("likes", persona.likes), ("irritants", persona.irritants))
            if lines
        ),
        journey=tuple(words.spaced(line) for line in persona.journey),
        is_greyed=not persona.is_publishable,
    )


def _amount(amount: Decimal | None, formats: Formats) -> str:
    return UNKNOWN if amount is None else formats.money(amount, 0 if abs(amount) >= WHOLE_EUROS_FROM else 2)


def model_rows(figures: ModelFigures, names: Names, words: Words, formats: Formats) -> list[tuple[str, list[ModelRow]]]:
    """The models by value segment, in reading order."""
    groups: dict[int, list[ModelRow]] = {}
    for model in figures.models:
        groups.setdefault(model.segment, []).append(_model_row(model, names, words, formats))
    return [(names.segment(segment), rows) for segment, rows in groups.items()]


def _model_row(model: RelationshipModel, names: Names, words: Words, formats: Formats) -> ModelRow:
    wanted, practised = model.wanted, model.practised

    def coded(kind: str, code: str) -> str:
        return words.named(kind, code) if code else UNKNOWN

    texts = {
        "distance": (coded("distance", wanted.distance), coded("distance", practised.distance)),
        "tempo": (coded("tempo", wanted.tempo), coded("tempo", practised.tempo)),
        "frequency": (formats.number(wanted.frequency, 1), formats.number(practised.frequency, 1)),
        "proactivity": (coded("proactivity", wanted.proactivity), coded("proactivity", practised.proactivity)),
        "reply": (formats.hours(wanted.reply_within_hours), formats.hours(practised.reply_within_hours)),
    }
    low, high = model.satisfaction_low, model.satisfaction_high
    to = " à " if formats.language == "fr" else " to "
    return ModelRow(
        family=names.family(model.family),
        customers=formats.count(model.customers),
        aspects=tuple(Aspect(name, *texts[name], differs=name in model.gap) for name in ASPECTS),
        satisfaction=formats.rate(model.satisfaction),
        interval=f"{formats.rate(low)}{to}{formats.rate(high)}" if low is not None and high is not None else "",
        answers=words("answers_count", count=formats.count(model.answers)),
        because=words.spaced(model.because),
        is_greyed=not model.is_publishable,
        lacking=words("too_few_respondents"),
    )


def gap_rows(figures: ModelFigures, names: Names, words: Words) -> tuple[list[str], list[tuple[str, list[GapCell]]]]:
    """The grid of the gaps: the families, and by value segment what differs in each cell."""
    segments = list(dict.fromkeys(model.segment for model in figures.models))
    families = in_family_order(model.family for model in figures.models)
    found = {(model.segment, model.family): model for model in figures.models}

    def view(segment: int, family: str) -> GapCell:
        model = found.get((segment, family))
        if model is None:
            return GapCell((), is_known=False, is_greyed=False)
        return GapCell(tuple(words.named("gap", code) for code in model.gap), True, not model.is_publishable)

    rows = [(names.short_segment(segment), [view(segment, family) for family in families]) for segment in segments]
    return [names.family(family) for family in families], rows


def _models_sum(figures: ModelFigures, words: Words, formats: Formats) -> str:
    judged, differing = len(figures.judged), len(figures.differing)
    if not judged:
        return words("models_sum_none")
    if not differing:
        return words("models_sum_same", judged=formats.count(judged))
    return words(
        "models_sum" if differing > 1 else "models_sum_one",
        differing=formats.count(differing),
        judged=formats.count(judged),
        customers=formats.count(figures.customers_differing),
    )


def _parameters(figures: ParameterFigures, words: Words, formats: Formats) -> Mapping[str, object]:
    return {
        "in_use": [version_row(version, words, formats) for version in figures.in_use],
        "refused": [version_row(version, words, formats) for version in figures.refused],
        "missing": [words("none_in_use", parameter=words.named("parameter", name)) for name in figures.missing],
        "others": _others(len(figures.others), words, formats),
        "has_retrospective": any(version.is_retrospective for version in figures.in_use),
    }


def _others(count: int, words: Words, formats: Formats) -> str:
    if count < 2:
        return words("others_one") if count else ""
    return words("others_count", count=formats.count(count))


def version_row(version: ParameterVersion, words: Words, formats: Formats) -> VersionRow:
    """One fit as texts, with its main diagnostics."""
    return VersionRow(
        parameter=words.named("parameter", version.parameter),
        version=version.version,
        fitted_as_of=formats.day(version.fitted_as_of),
        sample_size=formats.count(version.sample_size),
        diagnostics=tuple(named_diagnostics(version, words, formats)[:MOST_DIAGNOSTICS]),
        reason=words.spaced(sentence(version.reason)),
        is_retrospective=version.is_retrospective,
    )


def sentence(text: str) -> str:
    """A reason with a capital at its start, however it was published."""
    return text[:1].upper() + text[1:]


def named_diagnostics(version: ParameterVersion, words: Words, formats: Formats) -> list[tuple[str, str]]:
    """The diagnostics that the pack has words for: the others are an engineer's, and in the workbook."""
    known = words.names()
    return [
        pair
        for name, pair in zip(_in_order(version, words), diagnostics(version, words, formats), strict=True)
        if f"diagnostic_{name}" in known
    ]


def _in_order(version: ParameterVersion, words: Words) -> list[str]:
    known = words.names()
    return sorted(version.diagnostics, key=lambda name: f"diagnostic_{name}" not in known)


def diagnostics(version: ParameterVersion, words: Words, formats: Formats) -> list[tuple[str, str]]:
    """Name and value of each diagnostic, those that the pack has words for first, else in the order published."""
    names = _in_order(version, words)
    return [(words.named("diagnostic", name), _diagnostic(version.diagnostics[name], words, formats)) for name in names]


def _diagnostic(value: float | str, words: Words, formats: Formats) -> str:
    """Whole numbers whole; others with three decimals below 10 and one from there on."""
    if isinstance(value, str):
        return words.spaced(value)
    if float(value).is_integer():
        return formats.count(value)
    return formats.number(value, 3 if abs(value) < 10 else 1)
