"""The rules of each published table, declared in one place: its grain, what fills it, its members, its own arithmetic.

Here: data. To add a table, add an entry to `TABLES`; what its column names promise (`_rate` within 0..1, `_seconds` not
negative, `is_` a truth value, intervals ordered, no personal data, ...) is asserted without a word here, by
`published_suites.py`. A published table without an entry fails the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster_project.feeds.contract import FEEDS


@dataclass(frozen=True)
class Rule:
    """No row for which `broken` (SQL over the columns) is true; `words` say what is expected instead."""

    name: str
    words: str
    broken: str
    columns: tuple[str, ...]
    is_warning: bool = False


@dataclass(frozen=True)
class Equality:
    """Figures that must be equal: two queries of one row each, with the same columns.

    Tables of `marts` are named alone, others as `schema.table`.

    `feeds`: asserted only where all of them are present; empty = always.
    """

    name: str
    words: str
    left: str
    right: str
    is_warning: bool = False
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRules:
    """One table.

    `grain`: the columns that are unique together. `filled_by`: the feeds that together make rows, so that the table
    may not be empty when all are present; `()` = never empty; None = may always be empty.
    """

    grain: tuple[str, ...]
    filled_by: tuple[str, ...] | None
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    equalities: tuple[Equality, ...] = ()


CUSTOMERS, CONTACTS, TICKETS = "crm_customers", "crm_contacts", "pos_transactions"
_CONTACT = FEEDS[CONTACTS]
_UNITS = ("rate", "score", "nps", "seconds", "count", "currency")
_FAMILIES = ("soliciting", "time_pressed", "autonomous", "trusting", "unknown")
# a rate of a KPI table whose unit is not a column is known by its code
_RATE_KPI = "(kpi like '%rate' or kpi like 'service_level_%' or kpi = 'first_contact_resolution')"
_IN_RATE = "value < 0 or value > 1 or numerator < 0 or numerator > denominator"


def _rates(condition: str) -> tuple[Rule, ...]:
    """What every rate keeps, in a table with numerator, denominator and value."""
    return (
        Rule(
            "rates are shares",
            "a rate lies within 0..1 and its numerator within 0..denominator",
            f"{condition} and ({_IN_RATE})",
            ("value", "numerator", "denominator"),
        ),
        Rule(
            "rates are numerator / denominator",
            "a rate is its numerator divided by its denominator",
            # values are rounded to 9 significant digits
            f"{condition} and abs(value - cast(numerator as double) / denominator) > 1e-6",
            ("value", "numerator", "denominator"),
        ),
    )


def _channel_is_known(column: str = "channel") -> Rule:
    return Rule(
        "channel is a member of channels",
        f"`{column}` is a member of the published table `channels`",
        f"{column} not in (select channel from channels)",
        (column,),
    )


def _customer_is_profiled() -> Rule:
    return Rule(
        "customer may be profiled",
        "`customer_id` is a row of `customers` who allows profiling",
        "customer_id not in (select customer_id from customers where allows_profiling)",
        ("customer_id",),
    )


TABLES: dict[str, TableRules] = {
    "customers": TableRules(
        grain=("customer_id",),
        filled_by=(CUSTOMERS,),  # tickets and contacts may all be anonymous
        members={
            "relational_family": _FAMILIES,
            "preferred_distance": ("remote", "face_to_face"),
            "preferred_tempo": ("synchronous", "asynchronous"),
        },
        required=("value_segment", "allows_profiling"),
        rules=(
            Rule(
                "not profiled, no score",
                "who is not profiled has no segment and no score",
                "not allows_profiling and (value_segment <> -2 or value_tier is not null or micro_segment is not null "
                "or churn_probability is not null "
                "or relational_family <> 'unknown' or preferred_distance is not null or preferred_tempo is not null "
                "or tier is not null or last_contact_at is not null or last_purchase_at is not null)",
                (
                    "allows_profiling",
                    "value_segment",
                    "value_tier",
                    "micro_segment",
                    "churn_probability",
                    "relational_family",
                    "preferred_distance",
                    "preferred_tempo",
                    "tier",
                    "last_contact_at",
                    "last_purchase_at",
                ),
            ),
        ),
        equalities=(
            Equality(
                "customers are the clusters",
                "there are as many customers as distinct customers of the keys",
                "select count(*) as customers from customers",
                "select count(distinct customer_id) as customers from customer_keys",
            ),
        ),
    ),
    "customer_keys": TableRules(
        grain=("key_space", "source_key_hash"),
        filled_by=(CUSTOMERS,),  # tickets and contacts may all be anonymous
        required=("match_rule",),
        rules=(
            Rule(
                "customer exists",
                "`customer_id` is a row of `customers`",
                "customer_id not in (select customer_id from customers)",
                ("customer_id",),
            ),
        ),
    ),
    "customer_months": TableRules(
        grain=("customer_id", "period_start"),
        filled_by=(CUSTOMERS,),  # tickets and contacts may all be anonymous
        members={"relational_family": _FAMILIES},
        ranges={
            "recency_days": (0, None),
            "purchases_12m": (0, None),
            "contacts_12m": (0, None),
            "sales_months_12m": (0, 12),
            "expected_margin_12m": (0, None),
            "interactions_24m": (0, None),
            "churn_probability": (0, 1),
        },
        required=("value_segment",),
        rules=(
            Rule(
                "tier where segment",
                "segments 1 to 5 have a value tier, and no other has one",
                "(value_segment between 1 and 5) <> (value_tier is not null)",
                ("value_segment", "value_tier"),
            ),
            Rule(
                "potential is at least the expectation",
                "the potential is the expected margin, or more",
                "potential_12m < expected_margin_12m or (potential_12m is null) <> (expected_margin_12m is null)",
                ("expected_margin_12m", "potential_12m"),
            ),
            Rule(
                "potential tier with a value tier",
                "a potential tier stands beside a value tier",
                "potential_tier is not null and value_tier is null",
                ("potential_tier", "value_tier"),
            ),
            Rule(
                "family where interactions",
                "who has a relational family has its axes and at least 3 interactions, and no other has axes",
                "(relational_family <> 'unknown') <> (lead_axis is not null and expectation_axis is not null) "
                "or relational_family <> 'unknown' and coalesce(interactions_24m, 0) < 3",
                ("relational_family", "lead_axis", "expectation_axis", "interactions_24m"),
            ),
        ),
        equalities=(
            Equality(
                "who refuses profiling is in no figure",
                "customers who refuse profiling have segment -2 and no score in any month",
                "select count(*) from customer_months where (value_segment <> -2 or recency_days is not null "
                "or purchases_12m is not null or expected_margin_12m is not null or relational_family <> 'unknown') "
                "and customer_id in (select customer_id from customers where not allows_profiling)",
                "select 0",
            ),
            Equality(
                "months are of customers",
                "the customers of the months are rows of `customers`",
                "select count(distinct customer_id) from customer_months "
                "where customer_id not in (select customer_id from customers)",
                "select 0",
            ),
        ),
    ),
    "personas": TableRules(
        grain=("micro_segment",),
        filled_by=None,  # without a stable division there is no micro-segment
        members={"relational_family": _FAMILIES},
        ranges={
            "customers": (20, None),
            "csat": (0, 1),
            "margin_coverage": (0, 1),
            "purchases_12m_mean": (0, None),
            "contacts_12m_mean": (0, None),
        },
        required=(
            "customers",
            "share",
            "is_publishable",
            "is_csat_publishable",
            "card",
            *(
                f"{part}_{language}"
                for part in ("label", "portrait", "habits", "likes", "irritants", "journey")
                for language in ("fr", "en")
            ),
        ),
        rules=(
            Rule(
                "labels differ",
                "no two personas have the same label, in either language",
                "label_fr in (select label_fr from personas group by label_fr having count(*) > 1) "
                "or label_en in (select label_en from personas group by label_en having count(*) > 1)",
                ("micro_segment", "label_fr", "label_en"),
            ),
            Rule(
                "a card is JSON with the same texts",
                "`card` is JSON and says what the columns say",
                "case when json_valid(card) then json_extract_string(card, '$.fr.portrait') <> portrait_fr "
                "or json_extract_string(card, '$.en.irritants') <> irritants_en else true end",
                ("micro_segment", "card"),
            ),
            Rule(
                "texts are filled in",
                "no text has a gap, and none holds markup",
                "card like '%{value}%' or card like '%{all}%' or card like '%{member}%' or card like '%<%'",
                ("micro_segment", "card"),
            ),
        ),
        equalities=(
            Equality(
                "cards are of all their customers",
                "the customers of each card are the customers with its micro-segment",
                "select coalesce(sum(customers), 0) from personas",
                "select count(*) from customers where micro_segment in (select micro_segment from personas)",
            ),
        ),
    ),
    "segment_sizes": TableRules(
        grain=("period_start", "value_segment", "relational_family"),
        filled_by=(CUSTOMERS,),
        members={"relational_family": (*_FAMILIES, "all")},
        ranges={
            "csat": (0, 1),
            "nps": (-100, 100),
            "customers": (0, None),
            "sales_months_12m": (0, 12),
            "margin_coverage": (0, 1),
            "contacts_per_customer": (0, None),
        },
        required=("customers", "share", "is_publishable"),
        equalities=(
            Equality(
                "totals are all customers of the month",
                "the total of each month is the number of its rows in `customer_months`",
                "select coalesce(sum(customers), 0) from segment_sizes where value_segment = -1 and relational_family = 'all'",
                "select count(*) from customer_months",
            ),
            Equality(
                "who does not allow profiling is counted",
                "those of the newest month are the rows of `customer_months` that do not allow it",
                "select coalesce(sum(customers_not_profiled), 0) from segment_sizes where value_segment = -1 "
                "and relational_family = 'all' and period_start = (select max(period_start) from segment_sizes)",
                "select count(*) from customers where not allows_profiling",
            ),
            Equality(
                "totals are all sales",
                "the net amount of the newest month is that of the tickets of the twelve months before, those without a customer included",
                "select coalesce(sum(net_amount_12m), 0) from segment_sizes where value_segment = -1 and relational_family = 'all' "
                "and period_start = (select max(period_start) from segment_sizes)",
                "select coalesce(sum(net_amount), 0) from purchases, (select max(period_start) as month from segment_sizes) as newest "
                "where sold_on < newest.month and sold_on >= newest.month - interval 12 month",
            ),
            Equality(
                "identified amounts are those of tickets with a customer",
                "the identified net amount of the newest month is that of the tickets of the twelve months before that name a customer",
                "select coalesce(sum(identified_net_amount_12m), 0) from segment_sizes where value_segment = -1 "
                "and relational_family = 'all' and period_start = (select max(period_start) from segment_sizes)",
                "select coalesce(sum(net_amount), 0) from purchases, (select max(period_start) as month from segment_sizes) as newest "
                "where customer_id is not null and sold_on < newest.month and sold_on >= newest.month - interval 12 month",
            ),
            Equality(
                "cells add up",
                "segments and families add up to the total",
                "select coalesce(sum(customers), 0), coalesce(sum(net_amount_12m), 0), coalesce(sum(identified_net_amount_12m), 0) "
                "from segment_sizes where value_segment <> -1 and relational_family <> 'all'",
                "select coalesce(sum(customers), 0), coalesce(sum(net_amount_12m), 0), coalesce(sum(identified_net_amount_12m), 0) "
                "from segment_sizes where value_segment = -1 and relational_family = 'all'",
            ),
        ),
    ),
    "segment_migrations": TableRules(
        grain=("period_start", "axis", "from_segment", "to_segment", "is_recut"),
        filled_by=None,  # a history of one month has none
        members={"axis": ("value", "family")},
        ranges={"customers": (1, None)},
        required=("customers",),
        equalities=(
            Equality(
                "both axes count the same customers",
                "own moves and stays on the axis of value are as many as moves and stays on that of families",
                "select coalesce(sum(customers), 0) from segment_migrations where axis = 'value' and not is_recut",
                "select coalesce(sum(customers), 0) from segment_migrations where axis = 'family'",
            ),
        ),
    ),
    "parameter_versions": TableRules(
        grain=("parameter", "parameter_version"),
        filled_by=None,
        required=("fitted_as_of", "is_accepted", "is_in_use", "reason_fr", "reason_en"),
        rules=(
            Rule(
                "refused is not used",
                "a refused fit is not in use",
                "is_in_use and not is_accepted",
                ("is_in_use", "is_accepted"),
            ),
        ),
    ),
    "contacts": TableRules(
        grain=("contact_id",),
        filled_by=(CONTACTS,),
        members={
            "direction": _CONTACT.column("direction").allowed,
            "outcome": _CONTACT.column("outcome").allowed,
            "relational_family": _FAMILIES,
        },
        ranges={"csat": (0, None), "nps_answer": (0, 10)},
        required=("channel", "direction", "opened_at", "value_segment", "is_set_aside", "is_handled"),
        rules=(
            _channel_is_known(),
            Rule(
                "instants are in order",
                "a contact is opened, answered and closed in this order",
                "answered_at < opened_at or closed_at < opened_at or closed_at < answered_at",
                ("opened_at", "answered_at", "closed_at"),
            ),
            Rule(
                "set aside is not handled",
                "a merged contact and spam are not handled",
                "is_set_aside and is_handled",
                ("is_set_aside", "is_handled"),
            ),
            Rule(
                "unidentified is segment -2",
                "a contact without a customer has segment -2",
                "customer_id is null and value_segment <> -2",
                ("customer_id", "value_segment"),
            ),
        ),
        equalities=(
            Equality(
                "contacts are those of the feed",
                "there are as many contacts as the feed has as of the date",
                "select count(*) from contacts",
                "select count(*) from staging.stg_crm__contacts",
            ),
        ),
    ),
    "purchases": TableRules(
        grain=("transaction_id",),
        filled_by=(TICKETS,),
        members={"sales_channel": FEEDS[TICKETS].column("sales_channel").allowed},
        ranges={"returned_amount": (0, None)},
        required=("sold_at", "sales_channel", "net_amount", "returned_amount", "is_net_positive"),
        rules=(
            Rule(
                "net positive after returns",
                "`is_net_positive` says that more was bought than returned",
                "is_net_positive <> (net_amount - returned_amount > 0)",
                ("is_net_positive", "net_amount", "returned_amount"),
            ),
        ),
        equalities=(
            Equality(
                "tickets and net amount are those of the lines",
                "tickets and their net amounts add up to those of the lines that are not cancelled",
                "select count(*) as tickets, coalesce(sum(net_amount), 0) as net_amount from purchases",
                # one scan of the view for both figures: it finds the newest version of each line
                "select count(distinct transaction_id) as tickets, coalesce(sum(net_amount), 0) as net_amount "
                "from staging.stg_pos__transactions where not coalesce(is_cancelled, false)",
            ),
        ),
    ),
    "satisfaction": TableRules(
        grain=("period_start", "value_segment", "relational_family", "channel", "construct"),
        filled_by=None,  # a survey may hold verbatims only
        members={
            "relational_family": (*_FAMILIES, "all"),
            "construct": ("csat", "csat_mean", "nps", "nps_relation", "ces_mean", "ces_easy"),
        },
        required=("denominator",),
        rules=(
            *_rates("construct in ('csat', 'ces_easy')"),
            Rule(
                "values lie on their scale",
                "csat within 0..1, NPS within -100..100, effort within 1..7",
                "(construct like 'csat%' and (value < 0 or value > 1)) "
                "or (construct like 'nps%' and (value < -100 or value > 100)) "
                "or (construct = 'ces_mean' and (value < 1 or value > 7))",
                ("construct", "value"),
            ),
            Rule(
                "NPS is 100 x numerator / denominator",
                "NPS is promoters minus detractors in percent of the answers",
                "construct like 'nps%' and (abs(numerator) > denominator or abs(value - 100.0 * numerator / denominator) > 1e-4)",
                ("construct", "value", "numerator", "denominator"),
            ),
            Rule(
                "answered within sent",
                "no more invitations are answered than were sent",
                "answered > sent",
                ("answered", "sent"),
            ),
        ),
    ),
    "service_operations": TableRules(
        grain=("period_grain", "period_start", "channel", "queue", "value_segment", "kpi"),
        filled_by=None,  # contacts may all be outbound, or before the history
        members={"period_grain": ("day", "week", "month")},
        required=("value", "sample_size"),
        rules=(
            *_rates(_RATE_KPI),
            _channel_is_known(),
            Rule(
                "days have no segment",
                "a day has the total of the segments only",
                "period_grain = 'day' and value_segment <> -1",
                ("period_grain", "value_segment"),
            ),
            Rule("nothing is negative", "counts and times are not negative", "value < 0", ("value",)),
        ),
        equalities=(
            Equality(
                "channels add up",
                "the inbound contacts of the channels add up to the total",
                "select coalesce(sum(value), 0) from service_operations "
                "where kpi = 'inbound_contacts' and period_grain = 'month' "
                "and queue = 'all' and value_segment = -1 and channel <> 'all'",
                "select coalesce(sum(value), 0) from service_operations "
                "where kpi = 'inbound_contacts' and period_grain = 'month' "
                "and queue = 'all' and value_segment = -1 and channel = 'all'",
            ),
        ),
    ),
    "repurchase_credits": TableRules(
        grain=("transaction_id", "window_days"),
        filled_by=None,  # nobody need buy after a contact
        required=("contact_id", "customer_id", "net_amount", "is_pending"),
        equalities=(
            Equality(
                "a credit is a ticket",
                "each credited amount is that of a ticket of the same customer",
                "select count(*) from repurchase_credits",
                "select count(*) from repurchase_credits inner join purchases using (transaction_id, customer_id, net_amount)",
            ),
            Equality(
                "a credit is after a contact",
                "each credited contact is a contact of the same customer, closed before the sale",
                "select count(*) as credits from repurchase_credits",
                "select count(*) as credits from repurchase_credits "
                "inner join contacts using (contact_id, customer_id) "
                "inner join purchases using (transaction_id, customer_id) "
                "where contacts.closed_at < purchases.sold_at",
            ),
        ),
    ),
    "repurchase_after_contact": TableRules(
        grain=("period_start", "value_segment", "channel", "window_days"),
        filled_by=None,  # contacts need a customer who bought before
        rules=(
            _channel_is_known(),
            Rule(
                "repurchasing within contacted",
                "customers who buy again are among those contacted",
                "customers_repurchasing < 0 or customers_repurchasing > customers_contacted",
                ("customers_repurchasing", "customers_contacted"),
            ),
        ),
        equalities=(
            Equality(
                "credited and pending add up",
                "observed and pending amounts of the months add up to the credits",
                "select coalesce(sum(coalesce(observed_amount, 0) + pending_amount), 0) from repurchase_after_contact "
                "where value_segment = -1 and channel = 'all'",
                "select coalesce(sum(net_amount), 0) from repurchase_credits",
            ),
            Equality(
                "segments add up",
                "the amounts of the segments add up to the total",
                "select coalesce(sum(coalesce(observed_amount, 0) + pending_amount), 0) from repurchase_after_contact "
                "where value_segment <> -1 and channel = 'all'",
                "select coalesce(sum(coalesce(observed_amount, 0) + pending_amount), 0) from repurchase_after_contact "
                "where value_segment = -1 and channel = 'all'",
            ),
        ),
    ),
    "repurchase_after_contact_detail": TableRules(
        grain=("period_start", "window_days", "dimension", "member"),
        filled_by=None,
        members={"dimension": ("relational_family", "reason", "team", "queue")},
        required=("member", "customers_contacted", "pending_amount"),
        rules=(
            Rule(
                "repurchasing within contacted",
                "customers who buy again are among those contacted",
                "customers_repurchasing < 0 or customers_repurchasing > customers_contacted",
                ("customers_repurchasing", "customers_contacted"),
            ),
        ),
        equalities=(
            Equality(
                "members add up",
                "the euros of the members of each dimension add up to those of the credits",
                "select coalesce(sum(coalesce(observed_amount, 0) + pending_amount), 0) from repurchase_after_contact_detail",
                "select coalesce(4 * sum(net_amount), 0) from repurchase_credits",
            ),
        ),
    ),
    "repurchase_increment": TableRules(
        grain=("period_start", "value_segment", "window_days", "method"),
        filled_by=None,  # contacts need a customer who bought before, and 90 days before them
        members={"method": ("estimate", "hold_out"), "verdict": ("estimated", "not_estimable")},
        # an effect may be negative, a rate is a difference of rates
        ranges={
            "incremental_rate": (-1, 1),
            "incremental_rate_low": (-2, 1),
            "incremental_rate_high": (-1, 2),
            **dict.fromkeys(
                (
                    f"{measure}{end}"
                    for measure in (
                        "incremental_amount_per_customer",
                        "incremental_amount",
                        "incremental_margin",
                        "incremental_net_margin",
                    )
                    for end in ("", "_low", "_high")
                ),
                (None, None),
            ),
            "sensitivity": (1, None),
            "sensitivity_of_interval": (1, None),
        },
        required=("verdict", "treated", "treated_kept", "reason_fr", "reason_en", "is_publishable"),
        rules=(
            Rule(
                "estimated has figures, the rest has none",
                "only what is estimated has a figure, and all of it has an interval",
                "(verdict = 'estimated') <> (incremental_rate is not null) "
                "or (incremental_rate is null) <> (incremental_rate_low is null or incremental_rate_high is null)",
                ("verdict", "incremental_rate", "incremental_rate_low", "incremental_rate_high"),
            ),
            Rule(
                "kept within contacted",
                "the customers of whom the estimate speaks are among those contacted",
                "treated_kept < 0 or treated_kept > treated",
                ("treated_kept", "treated"),
            ),
            Rule(
                "estimated is balanced",
                "no estimate without balance: the worst standardised difference is at most 0.1",
                "verdict = 'estimated' and method = 'estimate' and worst_balance > 0.1",
                ("verdict", "worst_balance"),
            ),
            Rule(
                "net is margin less cost",
                "the net margin is the margin less the cost of the contacts",
                "incremental_net_margin <> incremental_margin - contact_cost",
                ("incremental_net_margin", "incremental_margin", "contact_cost"),
            ),
        ),
        equalities=(
            Equality(
                "segments add up",
                "the amounts of the estimated segments add up to the estimated totals, where any segment is estimated",
                "select coalesce(sum(incremental_amount), 0) from repurchase_increment where value_segment <> -1 "
                "and verdict = 'estimated' and (period_start, window_days, method) in (select (period_start, window_days, method) "
                "from repurchase_increment where value_segment = -1 and verdict = 'estimated')",
                "select coalesce(sum(incremental_amount), 0) from repurchase_increment "
                "where value_segment = -1 and verdict = 'estimated' and (period_start, window_days, method) in (select "
                "(period_start, window_days, method) from repurchase_increment where value_segment <> -1 and verdict = 'estimated')",
            ),
        ),
    ),
    "customer_events": TableRules(
        grain=("kind", "reference", "detail"),
        filled_by=None,  # answers, cards, sessions and subscriptions may all be of nobody known
        members={"kind": ("answer", "points", "visit", "subscription")},
        required=("customer_id", "happened_at"),
        rules=(
            _customer_is_profiled(),
            Rule(
                "points are of movements",
                "movements of points have points, and nothing else has",
                "(kind = 'points') <> (points is not null)",
                ("kind", "points"),
            ),
        ),
    ),
    "customer_timeline": TableRules(
        grain=("kind", "reference", "detail"),
        filled_by=None,
        members={
            "kind": ("contact", "purchase", "return", "answer", "points", "visit", "subscription"),
            "direction": _CONTACT.column("direction").allowed,
        },
        required=("customer_id", "happened_at"),
        rules=(
            _customer_is_profiled(),
            Rule(
                "amounts have the sign of their kind",
                "a purchase has an amount above 0, a return one below 0, and nothing else has one",
                "case kind when 'purchase' then coalesce(amount <= 0, true) when 'return' then coalesce(amount >= 0, true) "
                "else amount is not null end",
                ("kind", "amount"),
            ),
            Rule(
                "points are of movements",
                "movements of points have points, and nothing else has",
                "(kind = 'points') <> (points is not null)",
                ("kind", "points"),
            ),
        ),
        equalities=(
            Equality(
                "amounts are those of the tickets",
                "the amounts add up to the tickets of the customers who may be profiled",
                "select coalesce(sum(amount), 0) as amount from customer_timeline",
                "select coalesce(sum(net_amount), 0) as amount from purchases "
                "where customer_id in (select customer_id from customers where allows_profiling)",
            ),
            Equality(
                "other events are all there",
                "there are as many answers, movements, visits and steps as in `customer_events`",
                "select count(*) as events from customer_timeline where kind not in ('contact', 'purchase', 'return')",
                "select count(*) as events from customer_events",
            ),
        ),
    ),
    "relationship_models": TableRules(
        grain=("value_segment", "relational_family"),
        filled_by=None,  # everybody may refuse profiling
        members={
            "relational_family": (*_FAMILIES, "all"),
            "recommended_distance": ("remote", "face_to_face"),
            "practised_distance": ("remote", "face_to_face"),
            "recommended_tempo": ("synchronous", "asynchronous"),
            "practised_tempo": ("synchronous", "asynchronous"),
            "proactivity": ("proactive", "reactive"),
            "practised_proactivity": ("proactive", "reactive"),
        },
        ranges={
            "recommended_frequency": (0, None),
            "practised_frequency": (0, None),
            "reply_within_hours": (1, 72),
            "customers": (1, None),
            "answers": (0, None),
            "answering_customers": (0, None),
            "satisfaction": (0, 1),
        },
        required=("gap", "customers", "answers", "answering_customers", "is_publishable", "because", "because_fr", "because_en"),
        rules=(
            Rule(
                "gap names what differs",
                "`gap` names the measures whose wanted and practised policy differ",
                "not regexp_full_match(gap, '(distance|tempo|frequency|proactivity|reply)?(,(tempo|frequency|proactivity|reply))*') "
                "or (gap like '%distance%') <> coalesce(recommended_distance <> practised_distance, false) "
                "or (gap like '%tempo%') <> coalesce(recommended_tempo <> practised_tempo, false) "
                "or (gap like '%proactivity%') <> coalesce(proactivity <> practised_proactivity, false) "
                "or (gap like '%reply%') <> coalesce(practised_reply_within_hours > reply_within_hours, false)",
                ("gap",),
            ),
        ),
        equalities=(
            Equality(
                "every profiled customer is in one cell",
                "the cells hold every customer who may be profiled, once",
                "select coalesce(sum(customers), 0) as customers from relationship_models "
                "where value_segment <> -1 and relational_family <> 'all'",
                "select count(*) as customers from customers where allows_profiling",
            ),
            Equality(
                "cells add up",
                "the total is the sum of the cells",
                "select coalesce(sum(customers), 0) as customers from relationship_models "
                "where value_segment <> -1 and relational_family <> 'all'",
                "select coalesce(sum(customers), 0) as customers from relationship_models "
                "where value_segment = -1 and relational_family = 'all'",
            ),
        ),
    ),
    "churn_risks": TableRules(
        grain=("customer_id",),
        filled_by=None,  # no version may have been fitted, or nobody is at risk
        members={"churn_kind": ("subscription", "silence"), "band": ("requested", "very_high", "high")},
        ranges={"churn_probability": (0, 1)},
        required=("band", "reason_1", "reason_1_fr", "reason_1_en", "suggested_action", "is_held_out"),
        rules=(
            _customer_is_profiled(),
            Rule(
                "scored unless requested",
                "who has asked to cancel has no probability, and everybody else has one",
                "(churn_probability is null) <> (band = 'requested')",
                ("band", "churn_probability"),
            ),
        ),
        equalities=(
            Equality(
                "probabilities are those of the customers",
                "a probability at risk is that of the customer",
                "select count(*) as customers from churn_risks where churn_probability is not null",
                "select count(*) as customers from churn_risks inner join customers using (customer_id) "
                "where churn_risks.churn_probability = customers.churn_probability",
            ),
        ),
    ),
    "churn_rescues": TableRules(
        grain=("period_start", "value_segment"),
        filled_by=None,  # needs a fit, customers at risk, contacts, and days after them
        members={"verdict": ("estimated", "not_estimable")},
        ranges={"at_risk_contacted": (1, None), "retained": (0, None), "immature_count": (0, None)},
        required=("retained_rate", "verdict", "reason_fr", "reason_en"),
        rules=(
            Rule(
                "the rate is its numbers",
                "the retained rate is retained / at_risk_contacted",
                "abs(retained_rate - cast(retained as double) / at_risk_contacted) > 1e-6",
                ("retained_rate", "retained", "at_risk_contacted"),
            ),
            Rule(
                "not estimable, no number",
                "what is not estimable has no estimate and no revenue",
                "verdict = 'not_estimable' and (incremental_retained is not null or secured_revenue is not null)",
                ("verdict", "incremental_retained", "secured_revenue"),
            ),
        ),
        equalities=(
            Equality(
                "segments add up",
                "contacted and retained of the segments add up to the total",
                "select coalesce(sum(at_risk_contacted), 0) as contacted, coalesce(sum(retained), 0) as retained from churn_rescues "
                "where value_segment <> -1",
                "select coalesce(sum(at_risk_contacted), 0) as contacted, coalesce(sum(retained), 0) as retained from churn_rescues "
                "where value_segment = -1",
            ),
        ),
    ),
    "customer_value": TableRules(
        grain=("period_start", "value_segment"),
        filled_by=None,  # tickets may all be of nobody known
        ranges={"active_customers": (0, None), "lifetime_value_mean": (0, None), "leads": (0, None), "immature_count": (0, None)},
        required=(
            "active_customers",
            "is_retention_publishable",
            "is_lifetime_value_publishable",
            "is_lead_conversion_publishable",
            "is_publishable",
        ),
        rules=(
            Rule(
                "rates are their numbers",
                "retention and conversion are their counts divided",
                "abs(retention_rate - cast(retained as double) / active_a_year_ago) > 1e-6 "
                "or abs(lead_conversion_rate - cast(converted_leads as double) / mature_leads) > 1e-6 "
                "or retained > active_a_year_ago or converted_leads > mature_leads",
                ("retention_rate", "retained", "active_a_year_ago", "lead_conversion_rate", "converted_leads", "mature_leads"),
            ),
            Rule(
                "a mean or its reason",
                "there is a mean lifetime value, or the reason why not",
                "(lifetime_value_mean is null) <> (lifetime_value_reason_fr is not null and lifetime_value_reason_en is not null)",
                ("lifetime_value_mean", "lifetime_value_reason_en"),
            ),
        ),
        equalities=(
            Equality(
                "segments add up",
                "active customers and leads of the segments of a month add up to the total",
                "select coalesce(sum(active_customers), 0) as active, coalesce(sum(leads), 0) as leads from customer_value "
                "where value_segment <> -1",
                "select coalesce(sum(active_customers), 0) as active, coalesce(sum(leads), 0) as leads from customer_value "
                "where value_segment = -1",
            ),
        ),
    ),
    "loyalty_effect": TableRules(
        grain=("period_start", "tier", "reward_kind"),
        filled_by=None,  # cards may all be of nobody known
        members={"verdict": ("estimated", "not_estimable")},
        # a lift may be negative
        ranges={
            "members": (1, None),
            "redeemers": (0, None),
            "joined": (0, None),
            "untied_share": (None, 1),
            **dict.fromkeys(("spend_lift", "spend_lift_low", "spend_lift_high", "spend_before", "spend_after"), (None, None)),
        },
        required=("members", "joined", "verdict", "reason_fr", "reason_en", "is_publishable", "is_lift_publishable"),
        rules=(
            Rule(
                "the rate is its numbers",
                "the redemption rate is redeemers / members",
                "redeemers > members or abs(redemption_rate - cast(redeemers as double) / members) > 1e-6",
                ("redemption_rate", "redeemers", "members"),
            ),
            Rule(
                "estimated has a lift, the rest has none",
                "only what is estimated has a lift, in the total alone, and not where the placebo rings",
                "(verdict = 'estimated') <> (spend_lift is not null) or (spend_lift is null) <> (spend_lift_low is null) "
                "or (verdict = 'estimated' and (tier <> 'all' or reward_kind <> 'all' or coalesce(placebo_alarm, false)))",
                ("verdict", "spend_lift", "tier", "reward_kind", "placebo_alarm"),
            ),
        ),
        equalities=(
            Equality(
                "tiers add up",
                "the members of the tiers add up to the total",
                "select coalesce(sum(members), 0) as members from loyalty_effect where tier <> 'all' and reward_kind = 'all'",
                "select coalesce(sum(members), 0) as members from loyalty_effect where tier = 'all' and reward_kind = 'all'",
            ),
        ),
    ),
    "recommendation_tests": TableRules(
        grain=("method",),
        filled_by=(),
        members={"method": ("co_purchase", "popularity"), "verdict": ("better", "not_better", "not_tested")},
        ranges={
            "value": (0, 1),
            "numerator": (0, None),
            **dict.fromkeys(("advantage", "advantage_low", "advantage_high"), (-1, 1)),
        },
        # where no customer has enough purchases nothing is tried, and nothing counted
        required=("verdict", "is_used", "reason_fr", "reason_en"),
        rules=(
            *_rates("true"),
            Rule(
                "what is used has won",
                "recommendations rest on co-purchase only where its advantage is beyond chance",
                "method = 'co_purchase' and is_used and (advantage_low is null or advantage_low <= 0)",
                ("method", "is_used", "advantage_low"),
            ),
        ),
        equalities=(
            Equality(
                "one method is used",
                "one of the two methods is used",
                "select count(*) as methods from recommendation_tests where is_used",
                "select 1 as methods",
            ),
        ),
    ),
    "product_recommendations": TableRules(
        grain=("customer_id", "rank"),
        filled_by=None,  # no product may be bought often enough
        members={"basis": ("co_purchase", "popularity")},
        ranges={"rank": (1, 5), "score": (0, None), "lift": (0, None)},
        required=("product_id", "score", "basis", "because", "because_fr", "because_en"),
        rules=(
            _customer_is_profiled(),
            Rule(
                "product is known",
                "`product_id` is a row of `products`",
                "product_id not in (select product_id from products)",
                ("product_id",),
            ),
            Rule(
                "a reason is another product",
                "what goes with a product is another one, and popularity names none",
                "(basis = 'co_purchase') <> (because_product_id is not null) or because_product_id = product_id",
                ("basis", "because_product_id", "product_id"),
            ),
            Rule(
                "co-purchase has won",
                "nothing is recommended by co-purchase unless it beats popularity in `recommendation_tests`",
                "basis = 'co_purchase' and not exists (select 1 from recommendation_tests where method = 'co_purchase' and is_used)",
                ("basis",),
            ),
        ),
    ),
    "channels": TableRules(
        grain=("channel",),
        filled_by=(),
        members={"distance": ("remote", "face_to_face"), "tempo": ("synchronous", "asynchronous")},
    ),
    "stores": TableRules(grain=("store_id",), filled_by=None),
    "products": TableRules(grain=("product_id",), filled_by=None),
    "calendar": TableRules(grain=("day",), filled_by=(), ranges={"weekday": (1, 7), "month_of_year": (1, 12)}),
    "segment_labels": TableRules(grain=("axis", "member"), filled_by=(), required=("label_fr", "label_en")),
    "kpi_definitions": TableRules(
        grain=("kpi",),
        filled_by=(),
        members={"unit": _UNITS},
        required=(
            "label_fr",
            "label_en",
            "purpose_fr",
            "purpose_en",
            "formula_fr",
            "formula_en",
            "unit",
            "direction",
            "version",
        ),
    ),
    "kpi_readiness": TableRules(
        grain=("kpi", "feed"),
        filled_by=(),
        members={"verdict": ("ready", "degraded", "unavailable"), "feed": tuple(FEEDS)},
        ranges={"coverage": (0, 1), "history_days": (0, None)},
        required=("is_present", "verdict", "reason_fr", "reason_en"),
        rules=(
            Rule(
                "KPI is defined",
                "`kpi` is a row of `kpi_definitions`",
                "kpi not in (select kpi from kpi_definitions)",
                ("kpi",),
            ),
        ),
    ),
    "kpi_values": TableRules(
        grain=("kpi", "period_grain", "period_start", "value_segment"),
        filled_by=(),
        members={
            "period_grain": ("month", "week", "quarter"),
            "unit": _UNITS,
            "status": ("on_target", "watch", "alert", "not_publishable", "unavailable"),
        },
        required=("unit", "is_publishable", "is_restated"),
        rules=(
            # what a contact adds to a rate is a difference, and may be negative
            *_rates("unit = 'rate' and kpi not like 'repurchase_increment_%'"),
            Rule(
                "NPS lies on its scale",
                "NPS lies within -100..100",
                "unit = 'nps' and (value < -100 or value > 100)",
                ("unit", "value"),
            ),
            Rule(
                "counts and times are not negative",
                "counts and times are not negative",
                # customers kept are an estimate, which may lie below 0
                "unit in ('count', 'seconds') and kpi <> 'rescued_customers' and value < 0",
                ("unit", "value"),
            ),
            Rule(
                "unavailable is no number",
                "an unavailable KPI has no value, and only an unavailable one has none",
                "(status is not distinct from 'unavailable') <> (value is null)",
                ("status", "value"),
            ),
            Rule(
                "KPI is defined",
                "`kpi` is a row of `kpi_definitions`",
                "kpi not in (select kpi from kpi_definitions)",
                ("kpi",),
            ),
            Rule(
                "not ready, no number",
                "a KPI that its readiness says is unavailable has no value",
                "value is not null and kpi in (select kpi from kpi_readiness where verdict = 'unavailable')",
                ("kpi", "value"),
            ),
        ),
        equalities=(
            Equality(
                "segments add up",
                "the inbound contacts of the segments add up to the total",
                "select coalesce(sum(value), 0) from kpi_values "
                "where kpi = 'inbound_contacts' and period_grain = 'month' and value_segment <> -1",
                "select coalesce(sum(value), 0) from kpi_values "
                "where kpi = 'inbound_contacts' and period_grain = 'month' and value_segment = -1",
            ),
            Equality(
                "ready KPIs have values",
                "every KPI that is ready or degraded has a value",
                "select count(distinct kpi) from kpi_readiness "
                "where kpi not in (select kpi from kpi_readiness where verdict = 'unavailable') "
                "and kpi not in (select kpi from kpi_values where value is not null)",
                "select 0",
                is_warning=True,
            ),
        ),
    ),
}
