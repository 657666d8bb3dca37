"""What the simulated world is made of: every share, rate and effect of the simulator, as frozen data.

Belongs here: the parameters and their defaults. Not here: how they act (`sql/*.sql`), how the tables become
files (`exports.py`), the description of the home (`home.py`).

Each field becomes the SQL variable `<group>_<field>` (see `engine.py`), so that the SQL names what it uses and a
test can switch off one thing at a time: `replace(parameters, effects=NO_EFFECTS)`. Five-member tuples are indexed
by the true value segment, 1 (low) to 5 (high).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

BySegment = tuple[float, float, float, float, float]


class ParameterError(ValueError):
    """A parameter that is not known, or a value that it cannot have: the sentence says what was expected."""


@dataclass(frozen=True)
class People:
    """Who the customers are: purchase rates are gamma distributed (mean, shape), lapses exponential."""

    purchases_per_year_mean: float = 5.4
    purchases_per_year_shape: float = 1.2
    joining_share: float = 0.24
    yearly_lapse_rate: float = 0.12
    card_share: float = 0.62
    profiling_refused_share: float = 0.02
    english_share: float = 0.04
    # Expected net amount in a year (currency) that separates the five true segments.
    segment_cuts: tuple[float, float, float, float] = (130.0, 220.0, 350.0, 640.0)
    # soliciting, time_pressed, autonomous, trusting: cumulative shares.
    family_cuts: tuple[float, float, float] = (0.22, 0.50, 0.80)


@dataclass(frozen=True)
class Identity:
    """How badly the systems know who is who.

    `duplicate_*`: of the second records of people whom the CRM has twice. `key_typo_share`: of the e-mail addresses,
    telephone numbers and dates of birth of each record of the CRM.
    """

    unknown_to_crm_share: float = 0.02
    duplicate_share: float = 0.015
    duplicate_name_typo_share: float = 1.0
    duplicate_missing_email_share: float = 0.4
    duplicate_changed_email_share: float = 0.0
    duplicate_changed_phone_share: float = 0.0
    name_typo_share: float = 0.02
    key_typo_share: float = 0.0
    missing_email_share: float = 0.08
    missing_phone_share: float = 0.12
    missing_birth_date_share: float = 0.25
    missing_postal_code_share: float = 0.0
    shared_phone_share: float = 0.012
    card_without_customer_share: float = 0.30
    company_link_share: float = 0.10
    guest_order_share: float = 0.16
    deleted_share: float = 0.004
    changed_email_share: float = 0.03


# 2 % of names and keys misspelt, 10 % of keys missing; a third of the second records with another address or number
POOR_IDENTITY = Identity(
    duplicate_share=0.15,
    duplicate_name_typo_share=0.02,
    duplicate_missing_email_share=0.1,
    duplicate_changed_email_share=0.3,
    duplicate_changed_phone_share=0.3,
    name_typo_share=0.02,
    key_typo_share=0.02,
    missing_email_share=0.1,
    missing_phone_share=0.1,
    missing_birth_date_share=0.1,
    missing_postal_code_share=0.1,
)


@dataclass(frozen=True)
class Shopping:
    """Tickets and what happens to them. `seasonality` is an exponent: 0 makes all open days equal."""

    seasonality: float = 1.0
    store_return_share: float = 0.05
    web_return_share: float = 0.11
    # of a ticket with a return the first line comes back, each other with this probability
    returned_line_share: float = 0.55
    exchange_share: float = 0.20
    unlinked_return_share: float = 0.20
    cancelled_line_share: float = 0.006
    corrected_line_share: float = 0.004
    late_ticket_share: float = 0.003
    broken_line_share: float = 0.0003


@dataclass(frozen=True)
class Service:
    """Contacts, their waits and their ends. `wait_scale` 0: everybody is answered at once and nobody abandons."""

    contact_per_store_ticket: float = 0.095
    contact_per_web_ticket: float = 0.255
    contact_per_returned_ticket: float = 0.28
    own_contacts_per_year: float = 0.75
    wait_scale: float = 1.0
    patience_seconds: float = 420.0
    base_load: float = 0.74
    resolution_share: float = 0.84
    repeat_after_unresolved_share: float = 0.55
    retry_after_abandon_share: float = 0.55
    transfer_share: float = 0.07
    automated_chat_share: float = 0.24
    unidentified_share: float = 0.07
    duplicate_message_share: float = 0.05
    spam_share: float = 0.06
    # How far the families' channels are apart: an exponent; 0 makes all choose alike, 1 is the sample's world.
    channel_contrast: float = 1.0
    # Priority routing: waits of segment 5 are multiplied by this.
    priority_factor: float = 0.75


@dataclass(frozen=True)
class Survey:
    """Who is asked, who answers. `mood_on_answer` 0: answering does not depend on how satisfied one is."""

    asked_share: float = 0.80
    answer_share: float = 0.27
    mood_on_answer: float = 0.35
    relation_share_per_quarter: float = 0.25
    servqual_share: float = 0.14
    verbatim_share: float = 0.45


@dataclass(frozen=True)
class Effects:
    """The true effects. All are recorded in `truth/effects.parquet`.

    `purchase_after_resolved`: probability that a resolved, human contact *adds* one purchase in the 60 days after it
    closed. `purchase_after_call_back`: the same, in addition, where the call-back team handled the contact.
    `purchase_after_proactive_call`: the same for the calls of the experiment (treated arm).
    `wait_on_satisfaction`: points (of 5) lost for each doubling of 1 + wait / usual wait of the channel.
    `resolution_on_satisfaction`: points between a resolved and an unresolved contact.
    """

    purchase_after_resolved: BySegment = (0.0, 0.0, 0.05, 0.08, 0.10)
    purchase_after_call_back: BySegment = (0.06, 0.08, 0.10, 0.12, 0.12)
    purchase_after_proactive_call: BySegment = (0.0, 0.04, 0.06, 0.08, 0.08)
    wait_on_satisfaction: BySegment = (0.10, 0.15, 0.25, 0.35, 0.45)
    resolution_on_satisfaction: float = 1.5


@dataclass(frozen=True)
class Confounding:
    """A mood that nobody sees, drawn for each person and block of `months` months: high or low, one in two.

    In a high mood purchases and the contacts that arise by themselves are 1 + `strength` times as frequent, in a low one
    1 - `strength` times: the mean stays. 0: no hidden confounding. `strength` lies between 0 and 1.
    """

    strength: float = 0.0
    months: int = 1


@dataclass(frozen=True)
class Changes:
    """Customers whose truth changes on the first day of a month, counted back from that of the end (3: three month
    boundaries before the as-of day of truth).

    Of the changed, one half buys `rate_factor` times as often from that day on, the other half as many times less; with
    `is_family_changed` each is of another relational family. With `is_between_ends` those of the two low true segments buy
    `rate_factor` times as often, those of the two high ones as many times less, and nobody of the middle one changes.
    """

    share: float = 0.0
    months_before_end: int = 6
    rate_factor: float = 4.0
    is_between_ends: bool = False
    is_family_changed: bool = True


@dataclass(frozen=True)
class Churn:
    """The hazard of ending a subscription, from its 31st day on: 1 / `mean_days` a day, times the ratios that hold.

    A ratio acts for a calendar month by what was the case at its start, looking back `window_days`: an unresolved or
    abandoned contact, a contact below 3 points of satisfaction, no purchase, a subscription younger than `new_days`, the
    dearer plan, the wish to leave said in a contact. Ratio 1: the criterion has no effect. `rescue`: the share of the
    hazard that a resolved, human contact within the window takes away; 0: none.
    """

    mean_days: float = 1400.0
    window_days: int = 90
    new_days: int = 180
    unresolved_ratio: float = 1.0
    dissatisfied_ratio: float = 1.0
    unused_ratio: float = 1.0
    new_ratio: float = 1.0
    dearer_plan_ratio: float = 1.0
    intent_ratio: float = 1.0
    rescue: float = 0.0


@dataclass(frozen=True)
class Quality:
    """How evaluators grade: a standing bias of each (standard deviation, in points of quality) and a slip of each grading."""

    evaluator_bias: float = 0.15
    evaluator_slip: float = 0.35


@dataclass(frozen=True)
class Story:
    """What happens to the company; months are counted back from the month of the end (0 = that month).

    A product recall fills the phone lines, the team stays too small over the summer, then a call-back team and
    chat come. A load of 1 is the ordinary ratio of calls to staff. `is_told = False`: none of it happens.
    """

    is_told: bool = True
    recall_month: int = 8
    recall_months: int = 3
    recall_load: float = 1.30
    recall_contact_share: float = 0.10
    recall_resolution: float = -0.16
    strained_load: float = 1.14
    strained_resolution: float = -0.09
    remedy_month: int = 3
    remedy_load: float = 0.92
    remedy_resolution: float = 0.06
    call_back_share: float = 0.55
    proactive_call_share: float = 0.16


@dataclass(frozen=True)
class SimulationParameters:
    """The whole world. Every part can be replaced by itself (`dataclasses.replace`)."""

    people: People = field(default_factory=People)
    identity: Identity = field(default_factory=Identity)
    shopping: Shopping = field(default_factory=Shopping)
    service: Service = field(default_factory=Service)
    survey: Survey = field(default_factory=Survey)
    effects: Effects = field(default_factory=Effects)
    confounding: Confounding = field(default_factory=Confounding)
    changes: Changes = field(default_factory=Changes)
    churn: Churn = field(default_factory=Churn)
    quality: Quality = field(default_factory=Quality)
    story: Story = field(default_factory=Story)


NONE: BySegment = (0.0, 0.0, 0.0, 0.0, 0.0)
NO_EFFECTS = Effects(NONE, NONE, NONE, NONE, 0.0)


def parameters_with(settings: Iterable[str]) -> SimulationParameters:
    """The default world with some values set: each `group.field=value`, a list as `0.1,0.2,...`. Raises ParameterError."""
    parameters = SimulationParameters()
    for setting in settings:
        name, equals, text = setting.partition("=")
        group_name, _, field_name = name.partition(".")
        group = getattr(parameters, group_name, None) if group_name in {item.name for item in fields(parameters)} else None
        if not equals or group is None or field_name not in {item.name for item in fields(group)}:
            raise ParameterError(f"{setting!r}: expected group.field=value, for example changes.share=0.05")
        value = _read(text, getattr(group, field_name), setting)
        parameters = replace(parameters, **{group_name: replace(group, **{field_name: value})})
    return parameters


def _read(text: str, like: object, setting: str) -> object:
    try:
        if isinstance(like, bool):
            return {"true": True, "false": False}[text.strip().lower()]
        if isinstance(like, int):
            return int(text)
        if isinstance(like, tuple):
            values = tuple(float(item) for item in text.split(","))
            if len(values) == len(like):
                return values
            raise ValueError(f"{len(values)} values")
        return float(text)
    except (ValueError, KeyError):
        wanted = f"{len(like)} numbers with commas between" if isinstance(like, tuple) else f"a {type(like).__name__}"
        raise ParameterError(f"{setting!r}: expected {wanted}") from None
