"""Customers drawn from known relational families, as the three tables that a fit reads."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from dagster_project.estimates.relationship_mixture import FAMILIES, Families

CHANNELS = ("chat", "email", "phone", "self_service", "store_desk")
KINDS = {
    "chat": ("remote", "synchronous"),
    "email": ("remote", "asynchronous"),
    "phone": ("remote", "synchronous"),
    "self_service": (None, None),
    "store_desk": ("face_to_face", "synchronous"),
}
FIRST_MONTH, MONTHS = 24264, 24
# chat comes in the last six of 24 months
CHAT_MONTH = FIRST_MONTH + 18
TRUE = Families(
    channels=CHANNELS,
    shares=np.array([0.2, 0.3, 0.3, 0.2]),
    channel_shares=np.array(
        [
            [0.10, 0.25, 0.45, 0.05, 0.15],
            [0.40, 0.10, 0.35, 0.10, 0.05],
            [0.05, 0.45, 0.05, 0.40, 0.05],
            [0.04, 0.03, 0.40, 0.03, 0.50],
        ]
    ),
    contact_rates=np.array([1.7, 1.3, 0.6, 0.8]),
    dispersion=4.0,
    contacts_per=np.array([0.2, 0.1, 0.4]),
    expectations=np.array([0.8, 0.7, 0.4, 0.5]),
    expectation_deviation=0.15,
)
World = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def draw(number: int, seed: int, families: Families = TRUE, asked_share: float = 0.2) -> World:
    """Tables of `relational_families.attempt`, and in `customers` the true `family`.

    The number of contacts follows the family's rate; days of self-service come beside them, in the family's own proportion.
    """
    generator = np.random.default_rng(seed)
    months = np.arange(FIRST_MONTH, FIRST_MONTH + MONTHS)
    rows, seen = [], []
    for place in range(number):
        name = hashlib.sha256(f"{seed}-{place}".encode()).hexdigest()
        family = int(generator.choice(4, p=families.shares))
        store, remote = generator.poisson(3, 2)
        expected = float(families.contacts_per @ np.array([24.0, store, remote])) * families.contact_rates[family]
        contacts = generator.poisson(expected * generator.gamma(families.dispersion, 1 / families.dispersion))
        own = 1 - families.channel_shares[family, CHANNELS.index("self_service")]
        helped = generator.binomial(contacts, min(1.0, (1 - own) / own)) if contacts else 0
        counted: dict[tuple[int, str], int] = {}
        for is_help in [False] * int(contacts) + [True] * int(helped):
            month = int(generator.choice(months))
            shares = families.channel_shares[family].copy()
            shares[CHANNELS.index("self_service")] = 0
            if month < CHAT_MONTH:
                shares[CHANNELS.index("chat")] = 0
            channel = "self_service" if is_help else str(generator.choice(CHANNELS, p=shares / shares.sum()))
            counted[month, channel] = counted.get((month, channel), 0) + 1
        is_asked = generator.random() < asked_share and families.expectations is not None
        said = float("nan")
        if is_asked and families.expectations is not None:
            said = float(np.clip(generator.normal(families.expectations[family], families.expectation_deviation), 0, 1))
        rows.append((name, FAMILIES[family], int(contacts + helped), int(contacts), 730, int(store), int(remote), said))
        seen += [(name, month, channel, times) for (month, channel), times in counted.items()]
    names = "customer_id family interactions_24m contacts_24m seen_days_24m store_purchases_24m remote_purchases_24m expectation"
    in_use = [
        (int(month), channel, *KINDS[channel])
        for month in months
        for channel in CHANNELS
        if channel != "chat" or month >= CHAT_MONTH
    ]
    return (
        pd.DataFrame(rows, columns=names.split()),
        pd.DataFrame(seen, columns=["customer_id", "month_number", "channel", "interactions"]),
        pd.DataFrame(in_use, columns=["month_number", "channel", "distance", "tempo"]),
    )
